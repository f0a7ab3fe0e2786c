"""`plan`: Keras's own counts for every shipped file, true curves, step-dependent problems, and no memory taken."""

import json

import keras
import numpy as np
import pytest
from helpers.marks import sampled

from kerasdeep import collection, formatting, training
from kerasdeep.cli.plan import show, sparkline
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import memory
from kerasdeep.errors import InputError

FILES = collection.collection_files()
SMALL = """
data: {source: iris, validation: 0.2}
network: {layers: [Dense: 8, Output]}
training: {epochs: 5, batch_size: 20}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def plan(path, *sets, **more):
    return training.plan(load_config(path, Overrides(sets, **more)))


def test_steps_and_memory_follow_from_rows_and_batch(config):
    found = plan(config)
    assert (found["rows"]["train"], found["rows"]["validation"]) == (120, 30)
    assert (found["steps_per_epoch"], found["steps"]) == (6, 30)
    assert found["memory"]["parts"]["parameters"] == 4 * found["parameters"]
    assert found["memory"]["parts"]["optimizer"] == 2 * 4 * found["trainable"]  # Nadam's two moments
    assert found["compile"]["choice"] == "none" and "30 steps" in found["compile"]["reason"]


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        ("SGD", 0),
        ("{SGD: {momentum: 0.9}}", 1),
        ("Adam", 2),
        ("{Adam: {amsgrad: true}}", 3),
        ("{Adam: {use_ema: true}}", 3),
        ("{SGD: {gradient_accumulation_steps: 2}}", 1),
    ],
)
def test_slots_are_the_optimizer_s_own(config, optimizer, slots):
    parts = plan(config, f"optimizer={optimizer}")["memory"]["parts"]
    assert parts["optimizer"] == slots * parts["gradients"]


def test_the_curve_is_what_the_optimizer_applies(config):
    cycle = "schedule={one_cycle: {max_rate: 0.1, momentum: [0.95, 0.85]}}"
    found = plan(config, cycle)
    rates = found["rates"]
    assert rates["steps"] == list(range(30))
    assert max(rates["learning_rate"]) == pytest.approx(0.1) and rates["learning_rate"][0] == pytest.approx(0.01)
    assert min(rates["momentum"]) == pytest.approx(0.85) and rates["momentum"][0] == pytest.approx(0.95)
    assert plan(config)["rates"]["learning_rate"] == [0.001] * 30
    slow = plan(config, cycle, "optimizer.Nadam.gradient_accumulation_steps=3")["rates"]["learning_rate"]
    assert slow[0] == slow[1] == slow[2] != slow[3]


def test_stages_are_planned_one_by_one(config, capsys):
    stages = "stages=[{train: head, epochs: 2}, {epochs: 3, optimizer: SGD, rates: {dense_1: 0.1}}]"
    found = plan(config, stages)
    head, whole = found["stages"]
    assert (head["steps"], whole["steps"], found["steps"]) == (12, 18, 30)
    assert (head["trainable"], whole["trainable"]) == (27, found["trainable"])
    assert whole["factors"] == {"dense_1": 0.1}
    assert found["rates"]["steps"] == list(range(30))
    assert found["rates"]["learning_rate"] == [0.001] * 12 + [0.01] * 18
    show(found)
    assert "0.1 × for dense_1" in capsys.readouterr().out


def test_every_value_says_where_it_comes_from(config):
    config.write_text(
        SMALL + "profiles: {fast: {training: {epochs: 1}}}\nvariants: {wide: {network: [Dense: 9, Output]}}\n"
    )
    loaded = load_config(
        config,
        Overrides(["optimizer.Nadam.beta_1=0.8"], profile="fast", variant="wide", flags={"seed": ("--seed", "7")}),
    )
    origins = training.plan(loaded)["origins"]
    assert origins["data.source"] == {"value": "iris", "from": f"{config}:2"}
    assert origins["training.batch_size"] == {"value": 20, "from": f"{config}:4"}
    assert origins["training.epochs"] == {"value": 1, "from": f"profile fast, {config}:5"}
    assert origins["network.layers.0.Dense.units"] == {"value": 9, "from": f"variant wide, {config}:6"}
    assert origins["optimizer.Nadam.beta_1"] == {"value": 0.8, "from": "--set optimizer.Nadam.beta_1"}
    assert origins["seed"] == {"value": 7, "from": "--seed"}
    assert origins["training.shuffle"] == {"value": True, "from": "default"}


LATE = {
    "a boundary": ["schedule={piecewise: {boundaries: [10 steps, 900 steps], values: [0.1, 0.01, 0.001]}}"],
    "a warm-up": ["schedule={linear_warmup: 31 steps}"],
    "a staircase": ["schedule={exponential: {decay_steps: 900 steps, staircase: true}}"],
    "a checkpoint": ["training.checkpoint.every=31 steps"],
    "averaging": ["optimizer={Adam: {use_ema: true, ema_overwrite_frequency: 31}}"],
}


@pytest.mark.parametrize("sets", LATE.values(), ids=LATE)
def test_what_lies_past_the_last_step_is_said_by_plan(config, sets):
    warned = [warning for warning in plan(config, *sets)["warnings"] if warning["name"] == "past-the-end"]
    assert len(warned) == 1 and "30" in warned[0]["message"]
    assert not plan(config, *sets, "allow=[past-the-end]")["warnings"] or "schedule" in sets[0]


@pytest.mark.parametrize("late", sampled(LATE, always=("a checkpoint",)))
def test_what_lies_past_the_last_step_is_said_by_train(config, late, tmp_path, capsys):
    short = ["training.epochs=1", "training.watch=null", "report.tensorboard=false", "report.opponents=false"]
    training.train(load_config(config, Overrides([*LATE[late], *short])), tmp_path / "runs")
    assert "past-the-end" in capsys.readouterr().out


def test_a_training_without_an_update_is_refused(config, tmp_path):
    loaded = load_config(config, Overrides(["optimizer={SGD: {gradient_accumulation_steps: 31}}"]))
    for verb in (training.plan, lambda one: training.train(one, tmp_path / "runs", progress="quiet")):
        with pytest.raises(InputError, match="Nothing would be learnt"):
            verb(loaded)
    assert not (tmp_path / "runs").exists()


def test_what_train_refuses_plan_refuses(config):
    with pytest.raises(InputError, match=r"val_auc.*val_accuracy"):
        plan(config, "training.early_stopping.monitor=val_auc")
    with pytest.raises(InputError, match="fewer than a batch"):
        plan(config, "training.batch_size=4096")
    with pytest.raises(InputError, match="does not fit its input"):
        plan(config, "network=[{Conv2D: {filters: 2, kernel_size: 3}}, Output]")


def test_a_network_that_fits_no_machine_is_planned(config):
    found = plan(config, "network=[{Dense: 1000000}, {Dense: 1000000}, Output]")
    assert found["parameters"] > 1e12 and found["memory_bytes"] > 16e12
    trained = plan(config)  # and leaves nothing behind that a later training would fill
    assert trained["parameters"] < 100
    assert float(keras.ops.sum(keras.layers.Dense(2)(np.ones((1, 2), np.float32)))) != 0


def test_the_command_says_it_in_one_object(config, capfd):
    from kerasdeep.cli import app, exit_codes

    assert (
        exit_codes.run_app(app.app, ["plan", str(config), "--json", "--epochs", "2", "--set", "training.batch_size=30"])
        == 0
    )
    found = json.loads(capfd.readouterr().out)
    assert (found["steps"], found["origins"]["training.epochs"]["from"]) == (8, "--epochs")
    assert exit_codes.run_app(app.app, ["plan", str(config), "--json", "--set", "data.source=irs"]) == 2
    assert json.loads(capfd.readouterr().out)["problems"][0]["suggestion"] == "iris"


def test_views_take_no_memory():
    inputs = keras.Input((4, 4))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
    assert list(memory._output_bytes_per_row(model)) == [3 * 4]


def test_the_screen_has_every_part(config, capsys):
    show(plan(config, "schedule={one_cycle: {max_rate: 0.1}}", "training.epochs=7"))
    text = capsys.readouterr().out
    for word in ("67, of which 67", "▁", "dense_1", "Memory:", "--set training.epochs"):
        assert word in text
    assert "line 2" in text and "Defaults:" in text


def test_numbers_for_people():
    assert [formatting.byte_size(count) for count in (12, 1500, 2.5e6, 345e6, 16.2e9)] == [
        "12 bytes",
        "1.5 kB",
        "2.5 MB",
        "345 MB",
        "16.2 GB",
    ]
    assert sparkline([0, 0.5, 1]) == "▁▅█" and sparkline([2, 2]) == "▁▁"
