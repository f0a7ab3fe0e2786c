"""`validate` looks at the paths and columns of the run's data, and of the data that stages have of their own."""

import pytest

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app

TABLE = "size,city,kind\n" + "1.5,Rom,house\n2.5,Bonn,flat\n" * 20
CONFIG = """
version: 1
data: {source: homes.csv, target: kind, drop: [city]}
network: {layers: [Dense: 8, Output]}
stages:
  - {name: first, epochs: 1, pretrain: {PRETRAIN}}
  - {name: all, epochs: 1}
"""


@pytest.mark.parametrize(
    ("pretrain", "said"),
    [
        ("supervised: {data: {target: city, drop: [kind]}}", None),
        ("supervised: {data: {target: citty, drop: [kind]}}", "There is no column 'citty'"),
        ("masked: {data: {source: more.csv}}", "more.csv does not exist"),
        ("masked: {data: {source: unlabelled.csv}}", None),
    ],
)
def test_the_data_of_a_pretraining_stage_is_looked_at(pretrain, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homes.csv").write_text(TABLE)
    (tmp_path / "unlabelled.csv").write_text("size\n1.5\n2.5\n")
    (tmp_path / "net.yaml").write_text(CONFIG.replace("PRETRAIN", pretrain))
    assert exit_codes.run_app(app, ["validate", "net.yaml"]) == (2 if said else 0)
    written = capsys.readouterr()
    assert (said or "valid") in written.out + written.err
    assert not said or "net.yaml:6:" in written.out + written.err
