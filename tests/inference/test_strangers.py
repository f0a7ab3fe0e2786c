"""Run directories that someone else made or damaged: predict, evaluate and --resume use or refuse them in words."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers.damage import damages, no_longer_than

import kerasdeep
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.errors import InputError
from kerasdeep.runs import open_run_dir

READ = ["result.json", "resolved.yaml", "preprocessing.json", "preprocessing.npz", "model.keras", "facts/data.json"]
RESUMED = ["environment.json", "facts/stages.json", "history.csv", "facts/engine.json"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small run on a table with every kind of column; `more.yaml` trains on."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=120), "b": rng.choice(["x", "y", None], 120)})
    frame["d"] = pd.date_range("2024-01-01", periods=120).astype(str)
    frame["y"] = np.where(frame["a"] > 0, "yes", "no")
    frame.to_csv(folder / "rows.csv", index=False)
    config = {
        "name": "small",
        "data": {"source": str(folder / "rows.csv"), "target": "y", "validation": 20, "test": 20},
        "network": {"layers": [{"Dense": 4}, "Output"]},
        "training": {"epochs": 2, "batch_size": 32, "watch": None, "early_stopping": {"patience": 50}},
        "report": {"tensorboard": False, "opponents": False},
    }
    run = kerasdeep.train(config, out=folder / "runs", progress="quiet")
    return run.path, folder / "rows.csv"


def copy(whole, place):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(whole, place)


def attempts(whole, place, files, seed, count, *arguments):
    for what, damage in damages(place, files, seed, count):
        copy(whole, place)
        damage()
        with no_longer_than(60):
            code = exit_codes.run_app(app, list(arguments))
        assert code in (0, 2), what


def checkpoint_files(run):
    newest = max(path.name for path in (run / "checkpoints").iterdir())
    return [f"checkpoints/{newest}/{name}" for name in ("manifest.json", "state.json", "arrays.npz")]


def predict(whole, tmp_path, seed, count):
    run, rows = whole
    place = tmp_path / run.name
    attempts(run, place, READ, seed, count, "predict", str(place), str(rows), "--json")


@pytest.mark.parametrize("count", [6, pytest.param(18, marks=pytest.mark.slow)])
def test_predict_from_damaged_runs(whole, tmp_path, count):
    predict(whole, tmp_path, seed=3, count=count)


@pytest.mark.fuzz
def test_predict_and_evaluate_from_many_damaged_runs(whole, tmp_path):
    predict(whole, tmp_path, seed=33, count=1500)
    run, _ = whole
    place = tmp_path / run.name
    attempts(run, place, READ, 34, 200, "evaluate", str(place), "--json")


@pytest.mark.fuzz
def test_resume_of_many_damaged_runs(whole, tmp_path):
    run, _ = whole
    place = tmp_path / run.name
    files = [*RESUMED, *checkpoint_files(run)]
    attempts(run, place, files, 35, 300, "train", str(place), "--resume", "--epochs", "3", "--quiet")


def changed_state(place, change):
    """The newest checkpoint with another state, and the hash that belongs to it."""
    import hashlib

    folder = max(path for path in (place / "checkpoints").iterdir() if path.name.isascii())
    state = json.loads((folder / "state.json").read_text())
    change(state)
    (folder / "state.json").write_text(json.dumps(state))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["state.json"] = hashlib.sha256((folder / "state.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for other in (place / "checkpoints").iterdir():
        if other != folder and other.name.isascii():
            shutil.rmtree(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["position"].update(stage=99),
        lambda state: state["position"].update(step=-7),
        lambda state: state["position"].update(epoch="x"),
        lambda state: state["watchers"].clear(),
        lambda state: state["watchers"]["early_stopping"].update(wait="text"),
        lambda state: state.update(history=[{"stage": "main"}]),
        lambda state: state["dtypes"].clear(),
        lambda state: state.update(watchers={"early_stopping": {"array": "none"}}),
    ],
)
def test_a_checkpoint_of_a_stranger_is_refused(whole, tmp_path, change):
    run, _ = whole
    place = tmp_path / run.name
    copy(run, place)
    (place / "checkpoints" / "²").mkdir()
    changed_state(place, change)
    with pytest.raises(InputError, match="checkpoint"):
        kerasdeep.train(place, overrides={"training.epochs": 3}, resume=True, progress="quiet")


def test_a_model_of_another_run_is_named(whole, tmp_path):
    import keras

    run, rows = whole
    place = tmp_path / run.name
    copy(run, place)
    inputs = keras.Input((3,), name="input")
    keras.Model(inputs, keras.layers.Dense(1, name="output")(inputs)).save(open_run_dir(place).model)
    with pytest.raises(InputError, match=r"model\.keras does not fit preprocessing\.json"):
        kerasdeep.predict(place, rows)


def test_a_model_with_code_in_a_run_is_refused(whole, tmp_path):
    import keras

    run, rows = whole
    place = tmp_path / run.name
    copy(run, place)
    inputs = keras.Input((9,), name="input")
    output = keras.layers.Lambda(lambda x: x[:, :1], name="output")(inputs)
    keras.Model(inputs, output).save(open_run_dir(place).model)
    with pytest.raises(InputError, match="Lambda"):
        kerasdeep.predict(place, rows)


def test_predictions_never_replace_what_is_there(whole, tmp_path, monkeypatch, capsys):
    run, rows = whole
    monkeypatch.chdir(tmp_path)
    shutil.copy(rows, "in.csv")
    before = (tmp_path / "in.csv").read_bytes()

    def call(*more):
        return exit_codes.run_app(app, ["predict", str(run), "in.csv", "-o", *more])

    assert call("in.csv") == 2 and call("in.csv", "--force") == 2 and (tmp_path / "in.csv").read_bytes() == before
    assert "is what is predicted" in capsys.readouterr().err
    (tmp_path / "out.csv").write_text("kept")
    assert call("out.csv") == 2 and (tmp_path / "out.csv").read_text() == "kept"
    assert call("out.csv", "--force") == 0 and "prediction" in (tmp_path / "out.csv").read_text()


@pytest.mark.parametrize("rows", ["in.csv", "-"])
def test_predictions_leave_the_other_columns_as_they_stand_in_the_file(whole, tmp_path, monkeypatch, capsys, rows):
    lines = ["self,a,b,d", "007,1.50,?,2024-01-09", "008,NA,x,"]
    (tmp_path / "in.csv").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    with Path("in.csv").open("rb") as file, monkeypatch.context() as context:
        context.setattr("sys.stdin", SimpleNamespace(buffer=file))
        assert exit_codes.run_app(app, ["predict", str(whole[0]), rows]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.startswith(f"{start},") for line, start in zip(printed, lines, strict=True)] == [True] * 3


def test_exports_never_replace_what_is_there(whole, tmp_path):
    run, _ = whole
    place = tmp_path / run.name
    copy(run, place)
    for taken in ("x.keras", "y.keras.json"):
        (tmp_path / taken).write_text("kept")
        with pytest.raises(InputError, match="--force"):
            kerasdeep.export(place, "keras", tmp_path / taken.removesuffix(".json"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.png").write_text("kept")
    with pytest.raises(InputError, match="holds something else"):
        kerasdeep.export(place, "saved_model", tmp_path / "photos", force=True)
    assert all((tmp_path / name).exists() for name in ("x.keras", "y.keras.json", "photos/one.png"))
