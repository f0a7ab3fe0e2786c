"""`kerasdeep lr-find` as a shell sees it."""

import json

import pytest

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.cli.braille_plot import HEIGHT, plot_curve
from kerasdeep.runs import open_run_dir

NET = """version: 1
data: {source: digits, validation: 0.1}     # small
network: {layers: [Flatten, Dense: 20, Output]}
optimizer: SGD
training: {epochs: 5}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(NET)
    return path


def test_json_is_one_object_with_the_promised_keys(config, capsys):
    assert exit_codes.run_app(app, ["lr-find", str(config), "--json", "--steps", "60"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"suggestion", "suggestions", "curve"} <= set(found)
    assert found["suggestion"] in found["suggestions"].values()
    assert list(found["curve"]) == ["rate", "loss", "smoothed"]
    assert config.read_text() == NET and list(config.parent.iterdir()) == [config]  # no run directory either


def test_apply_writes_what_it_says_where_that_is_clearly_better(config, capsys):
    config.write_text(NET.replace("SGD", "{SGD: {learning_rate: 1e-4}}"))
    assert exit_codes.run_app(app, ["lr-find", str(config), "--apply", "--steps", "60"]) == 0
    said = capsys.readouterr().out
    rate = said.splitlines()[-1].split()[-1]
    assert (
        "steepest descent" in said and "After 120 steps the loss is" in said and "optimizer.SGD.learning_rate" in said
    )
    assert config.read_text() == NET.replace("SGD", f"{{SGD: {{learning_rate: {rate}}}}}")


@pytest.mark.slow
def test_apply_leaves_a_rate_that_is_fine(config, capsys):
    config.write_text(NET.replace("SGD", "{SGD: {learning_rate: 0.2}}"))
    before = config.read_bytes()
    assert exit_codes.run_app(app, ["lr-find", str(config), "--apply", "--steps", "60"]) == 0
    assert "Nothing was changed: the rate in" in capsys.readouterr().out
    assert config.read_bytes() == before


def test_a_shipped_file_is_not_written_over(config, capsys):
    assert exit_codes.run_app(app, ["lr-find", "quickstart", "--apply"]) == 2
    assert "kerasdeep recipes copy quickstart" in capsys.readouterr().err
    assert exit_codes.run_app(app, ["lr-find", "nowhere.yaml", "--apply"]) == 2
    assert "no such file" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_is_tested_as_configured_and_its_report_shows_the_curve(config, capsys):
    line = ["train", str(config), "--quiet", "--set", "training.epochs=1", "--set", "report.tensorboard=false"]
    assert exit_codes.run_app(app, line) == 0
    run = open_run_dir("runs/small-1")
    assert exit_codes.run_app(app, ["lr-find", "runs/small-1", "--steps", "60", "--set", "training.batch_size=64"]) == 0
    assert run.read_fact("lr_find") is None  # another batch size is another test
    capsys.readouterr()
    assert exit_codes.run_app(app, ["lr-find", "runs/small-1", "--steps", "60"]) == 0
    said = capsys.readouterr().out
    assert "Use it: --set optimizer.SGD.learning_rate=" in said and "--apply" not in said
    assert run.read_fact("lr_find")["curve"]["rate"]
    assert "A range test on this configuration suggests" in run.report_html.read_text()
    capsys.readouterr()
    assert exit_codes.run_app(app, ["lr-find", "runs/small-1", "--apply"]) == 2
    assert "is a run, which stays as it was" in capsys.readouterr().err


def test_a_curve_shows_its_bounds_its_decades_and_the_mark():
    lines = [line.plain for line in plot_curve([1e-4, 1e-3, 1e-2, 1e-1], [2.0, 1.0, 0.5, 9.0], 1e-2)]
    assert len(lines) == HEIGHT + 1 and lines[0].strip().startswith("3 ") and lines[-2].strip().startswith("0.5 ")
    assert lines[-1].split() == ["1e-4", "1e-3", "1e-2", "1e-1"] and any("┊" in line for line in lines)


@pytest.mark.parametrize(
    "options", [["--to", "inf"], ["--from", "nan"], ["--from", "1", "--to", "1"], ["--steps", "1000000000"]]
)
def test_a_range_or_steps_that_cannot_be_tested(config, capsys, options):
    assert exit_codes.run_app(app, ["lr-find", str(config), *options]) == 2
    assert options[-2] in capsys.readouterr().err
