"""Whole runs: what is left in the directory, and what a kill, a signal, a bad loss or a second process does."""

import json
import shutil
import signal

import keras
import numpy as np
import pytest
from helpers.runs import assert_same_run, final_state

from kerasdeep import training
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import checkpoint
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.runs import RunDir, latest_run

NET = """
version: 1
name: small
seed: 3
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 16, Output]}
activation: swish
regularization: {batch_norm: before, dropout: 0.3, l2: 1e-3}
optimizer: {SGD: {learning_rate: 0.02, momentum: 0.9}}
training: {epochs: 4, batch_size: 16, watch: null}
report: {tensorboard: false}
"""
EXACT = ["training.checkpoint.every=5 steps", "runtime.chunk=3"]


@pytest.fixture
def config(tmp_path):
    return write(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run of the file as it stands, trained once."""
    return train(write(tmp_path_factory.mktemp("whole")), "report.tensorboard=true")


def write(folder):
    random = np.random.default_rng(0)
    x = random.normal(size=(504, 6)).astype("float32")
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1)
    np.savez(folder / "table.npz", x=x, y=y)
    path = folder / "small.yaml"
    path.write_text(NET)
    return path


def train(config, *sets, out=None, **more):
    return training.train(load_config(config, Overrides(sets)), out or config.parent / "runs", progress="quiet", **more)


def test_a_run_leaves_everything_that_is_promised(whole):
    run = whole
    result = run.read_result()
    assert result["status"] == "completed" and result["name"] == "small" and result["epochs"] == 4
    assert result["metrics"]["test_accuracy"] > result["baseline"]["test_accuracy"]
    assert result["metrics"]["val_data_loss"] < result["metrics"]["val_loss"]  # l2 is in the loss
    rows = run.history.rows()
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert list(rows[0]) == [
        *("stage", "epoch", "loss", "data_loss", "accuracy", "val_loss", "val_data_loss", "val_accuracy"),
        *("learning_rate", "momentum", "seconds", "examples_per_second"),
    ]
    assert rows[-1]["val_accuracy"] == pytest.approx(result["metrics"]["val_accuracy"])
    assert rows[0]["learning_rate"] == 0.02 and rows[0]["momentum"] == 0.9
    facts = {path.stem for path in run.facts.iterdir()}
    assert {"network", "data", "engine", "evaluation", "samples", "stages"} <= facts
    assert run.read_fact("engine")["compile"] == "none" and "repay" in run.read_fact("engine")["reason"]
    assert run.read_fact("stages")[0]["stopped"] == "planned"
    assert run.config.read_text() == NET and "threads: auto" not in run.resolved.read_text()
    assert len(json.loads(run.environment.read_text())["data_hash"]) == 64
    assert {path.parent.name for path in run.logs.rglob("events*")} == {"train", "validation"}
    model = keras.saving.load_model(run.model)
    assert not model.compiled


@pytest.mark.slow
def test_training_what_was_resolved_gives_the_same_run(config, whole):
    assert_same_run(whole, train(whole.resolved, out=config.parent / "runs"))
    assert_same_run(whole, train(config, *EXACT))  # neither chunks nor checkpoints change a bit


@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint_starts_again(config, whole):
    run = train(config, out=config.parent / "other")
    shutil.rmtree(run.checkpoints)
    run.write_result({"status": "running"})
    train(config, resume=run)
    assert_same_run(whole, run)


def test_ctrl_c_saves_says_how_to_go_on_and_ends_with_130(config, whole, monkeypatch, capsys):
    save = checkpoint.save

    def save_and_press(*given):
        save(*given)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(checkpoint, "save", save_and_press)
    sets = [word for change in EXACT for word in ("--set", change)]
    line = ["train", str(config), "--out", str(config.parent / "killed"), *sets]
    assert exit_codes.run_app(app, line) == 130
    monkeypatch.undo()
    run = RunDir(config.parent / "killed" / "small-1")
    assert f"kerasdeep train {run.path} --resume" in capsys.readouterr().err
    assert run.read_result()["status"] == "interrupted"
    assert run.read_fact("stages")[0]["stopped"] == "interrupted"
    train(config, resume=run)
    assert_same_run(whole, run)


def test_more_epochs_continue_a_finished_run_in_silence(config, whole, capfd):
    run = train(config, "training.epochs=2")
    train(config, resume=run)
    assert capfd.readouterr().out == ""
    assert_same_run(whole, run)


CYCLE = [
    "optimizer=Nadam",
    "schedule.one_cycle.max_rate=0.1",
    "schedule.one_cycle.momentum=[0.95, 0.85]",
    "training.epochs=3",
]


def rates(run):
    return [row["learning_rate"] for row in run.history.rows()]


@pytest.mark.slow
def test_an_extended_run_holds_its_schedule_and_the_file_says_so(config, capsys):
    run = train(config, *CYCLE)
    planned = rates(run)
    given = load_config(config, Overrides([*CYCLE, "training.epochs=5"]))
    training.train(given, config.parent / "runs", run)
    assert "OneCycle keeps the course that was planned over 3" in capsys.readouterr().out
    assert rates(run) == [*planned, pytest.approx(1e-5, rel=1e-3), rates(run)[-1]]  # 1cycle's last rate
    training.train(
        load_config(run.resolved, Overrides(["training.epochs=6"])), "", run, progress="quiet"
    )  # RUN --resume
    assert rates(run)[3:] == rates(run)[-1:] * 3
    assert_same_run(run, train(run.resolved))
    with pytest.raises(InputError, match=r"planned over 3 epochs, now `schedule_epochs` is 4"):
        train(config, *CYCLE, "training.schedule_epochs=4", resume=run)


@pytest.mark.slow
def test_an_extended_run_stretches_its_schedule_where_that_is_chosen(config, capsys):
    more = [*CYCLE, "training.epochs=5", "training.when_extended=stretch"]
    run, whole = train(config, *CYCLE), train(config, *more)
    planned = rates(run)
    training.train(load_config(config, Overrides(more)), config.parent / "runs", run)
    assert "OneCycle is spread over them all from here on" in capsys.readouterr().out
    assert rates(run) == [*planned, *rates(whole)[3:]] and rates(whole)[:3] != planned
    train(config, *more, resume=run)  # nothing left to do, and nothing that changes the plan
    assert rates(run)[3:] == rates(whole)[3:]


def test_a_changed_configuration_or_data_is_no_resume(whole):
    with pytest.raises(InputError, match=r"training\.batch_size: 16 → 32"):
        train(whole.resolved, "training.batch_size=32", resume=whole)
    table = whole.path.parents[1] / "table.npz"
    rows = table.read_bytes()
    with np.load(table) as arrays:
        np.savez(table, x=arrays["x"] + 1, y=arrays["y"])
    try:
        with pytest.raises(InputError, match="The data changed"):
            train(whole.resolved, resume=whole)
    finally:
        table.write_bytes(rows)
    assert whole.read_result()["status"] == "completed"


def test_two_processes_cannot_train_one_run(whole):
    with whole.lock(), pytest.raises(InputError, match="in use"):
        train(whole.resolved, resume=whole)


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_good_state(config):
    sets = ["optimizer.SGD.learning_rate=1e18", "loss=mean_squared_error", "task=regression"]
    sets += ["data.scaling=none", "regularization={}", "data.target_scaling=none", "metrics=[]"]
    with pytest.raises(RunFailed, match=r"epoch 1.*learning rate ten times smaller"):
        train(config, *sets)
    run = latest_run(config.parent / "runs", "small")
    result = run.read_result()
    assert result["status"] == "failed" and "epoch 1" in result["error"]
    assert not np.isfinite(run.history.rows()[-1]["loss"])


def test_nothing_is_left_behind_when_the_data_do_not_fit(config):
    with pytest.raises(InputError, match="fewer than a batch"):
        train(config, "training.batch_size=4096")
    with pytest.raises(InputError, match="monitor"):
        train(config, "training.early_stopping.monitor=val_auc")
    assert not (config.parent / "runs").exists()


def test_early_stopping_puts_the_best_epoch_into_the_model(config):
    run = train(
        config, "training.early_stopping.patience=1", "training.epochs=30", "optimizer={SGD: {learning_rate: 2.0}}"
    )
    result, rows = run.read_result(), run.history.rows()
    best = min(rows, key=lambda row: row["val_loss"])
    assert len(rows) < 30 and run.read_fact("stages")[0]["stopped"] == "early"
    assert result["best_epoch"] == best["epoch"] < len(rows)
    assert result["metrics"]["val_loss"] == pytest.approx(best["val_loss"], rel=1e-5)


def test_class_weights_change_what_is_learnt(config, whole):
    weighted = train(config, "training.epochs=1", "data.class_weight=balanced")
    assert whole.history.rows()[0]["loss"] != weighted.history.rows()[0]["loss"]


def test_the_saved_model_gives_the_answers_that_were_measured_tied_layers_too(config):
    layers = "[{Dense: {units: 16, name: wide}}, {Dense: {units: 4, name: code}}, {TransposedDense: code}, Output]"
    run = train(config, f"network={layers}", "training.epochs=1", "regularization=null")
    saved = keras.saving.load_model(run.model)
    assert not saved.compiled
    arrays, _ = final_state(run)
    trained = [value for name, value in arrays.items() if name.startswith("model/")]
    for weight, expected in zip(saved.variables, trained, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected)
    part = np.load(config.parent / "table.npz")["x"][:5]
    assert saved.predict(part, verbose=0).shape == (5, 3)
