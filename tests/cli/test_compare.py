"""`kerasdeep compare` as a shell sees it: trains what is missing, judges, and goes on where it stopped."""

import json

import numpy as np
import pytest

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.runs import create_run_dir, list_runs

STUDY = """version: 1
name: study
seed: 5
data: {source: table.npz, validation: 60, test: 60}
network: {layers: [Dense: 8, Output]}
regularization: {dropout: 0.2}
optimizer: {SGD: {learning_rate: 0.1}}
training: {epochs: 2, watch: null}
report: {tensorboard: false}
runtime: {threads: auto}  # so that the tests' own process can train
variants:
  plain: {}
  wide: {network: {layers: [Dense: 16, Output]}}
  wild: {optimizer: {SGD: {learning_rate: 1e30}}}
profiles:
  fast: {training: {epochs: 1}}
expect:
  - "wide.parameters - plain.parameters >= 1"
  - "wild.failed >= 1"
  - "plain.diagnose.activation_std within 0.01 .. 100"
  - "plain.mc_5.test_accuracy within 0 .. 1"
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    x = random.normal(size=(312, 6)).astype("float32")
    np.savez(tmp_path / "table.npz", x=x, y=(x[:, 0] > 0).astype("int32"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return path


def call(*words):
    return exit_codes.run_app(app, ["compare", "--jobs", "1", *map(str, words)])


def test_it_trains_judges_and_goes_on(config, capsys):
    config.write_text("".join(line for line in STUDY.splitlines(True) if '- "plain.' not in line))
    assert call(config, "--seeds", "1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["variants"]] == ["plain", "wide", "wild"]
    plain, _, wild = found["variants"]
    assert plain["seeds"] == [5] and plain["metrics"]["test_accuracy"]["mean"] > 0.5
    assert wild["statuses"] == ["failed"]
    assert [row["met"] for row in found["expect"]] == [True] * 2
    assert (config.parent / found["page"]).stat().st_size > 10_000
    stamps = {run.path: run.result.stat().st_mtime_ns for run in list_runs("runs")}
    assert len(stamps) == 3

    # Again: nothing is missing, the failed run included in what is there.
    assert call(config, "--seeds", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["variants"] == found["variants"]
    assert {run.path: run.result.stat().st_mtime_ns for run in list_runs("runs")} == stamps


@pytest.mark.slow
def test_one_more_seed_trains_what_is_missing(config, capsys):
    stamps = {}
    for count in (1, 2):
        assert call(config, "--seeds", count, "--json") == 0
        plain, _, wild = json.loads(capsys.readouterr().out)["variants"]
        assert plain["seeds"] == [5, 6][:count] and plain["metrics"]["test_accuracy"]["n"] == count
        assert wild["statuses"] == ["failed"] * count
        now = {run.path: run.result.stat().st_mtime_ns for run in list_runs("runs")}
        assert len(now) == 3 * count and stamps.items() <= now.items()
        stamps = now


@pytest.mark.slow
def test_another_setting_is_another_run_and_a_missed_claim_ends_with_1(config, capsys):
    config.write_text(STUDY.replace('"wild.failed >= 1"', '"plain.test_accuracy >= 1.1"'))
    narrow = ["--seeds", "1", "--set", "training.epochs=1"]
    assert call(config, *narrow) == 1
    said = capsys.readouterr()
    assert "1 of 4 claims missed: plain.test_accuracy >= 1.1" in said.err and "MISSED" in said.out
    assert call(config, *narrow, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "failed" and [row["met"] for row in found["expect"]] == [True, False, True, True]
    before = len(list_runs("runs"))
    config.write_text(config.read_text().replace("learning_rate: 0.1", "learning_rate: 0.2"))
    call(config, *narrow, "--quiet")
    assert len(list_runs("runs")) == before + 2  # plain and wide; wild states its own rate


@pytest.mark.slow
def test_changed_data_are_another_run(config):
    assert call(config, "--seeds", "1", "--profile", "fast", "--quiet") == 0  # claims are not those of a profile
    with np.load("table.npz") as old:
        np.savez("table.npz", x=old["x"] + 1, y=old["y"])
    assert call(config, "--seeds", "1", "--profile", "fast", "--quiet") == 0
    assert len(list_runs("runs")) == 6


@pytest.mark.slow
def test_finished_runs_are_grouped_by_their_seed(config, capsys):
    call(config, "--seeds", "2", "--profile", "fast", "--quiet")
    runs = [run.path for run in list_runs("runs") if "wild" not in run.path.name]
    assert exit_codes.run_app(app, ["compare", *map(str, runs), "--name", "both", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["seeds"] for one in found["variants"]] == [[5, 6], [5, 6]]
    assert {row["setting"] for row in found["differences"]} == {"network.layers"}
    assert (config.parent / "runs/both-compare/comparison.html").is_file()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"wild.failed >= 1"', '"wild.mean.loss >= 1"'), "unknown metric family"),
        (('"wild.failed >= 1"', '"wild >= 1"'), "names no variant"),
    ],
)
def test_what_cannot_be_compared_is_said_before_training(config, capsys, change, words):
    config.write_text(STUDY.replace(*change))
    assert call(config) == 2
    assert words in capsys.readouterr().err
    assert not (config.parent / "runs").exists()


def test_runs_take_no_options_of_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = create_run_dir("runs", "mine")
    for option, words in {
        "--set": "compared as they are",
        "--seeds": "--seeds is about",
        "--folds": "--folds is",
    }.items():
        value = "seed=1" if option == "--set" else "2"
        assert exit_codes.run_app(app, ["compare", str(run.path), option, value]) == 2
        assert words in capsys.readouterr().err
    assert call(run.path) == 2  # --jobs 1
    assert "--jobs is about runs that are to be trained" in capsys.readouterr().err
