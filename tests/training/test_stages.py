"""Runs in stages: what stays frozen, how fast the rest learns, what is shown for it, and resuming."""

import keras
import numpy as np
import pytest
from helpers.marks import sampled
from helpers.runs import assert_same_run

from kerasdeep import modeling, training
from kerasdeep.backends import runtime
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import checkpoint
from kerasdeep.errors import InputError, Interrupted, RunFailed
from kerasdeep.experiment import prepare
from kerasdeep.modeling import param_groups
from kerasdeep.modeling.optimizer import default_optimizer
from kerasdeep.runs import RunDir
from kerasdeep.training.callbacks.freeze_check import FreezeCheck
from kerasdeep.training.phase_plan import plan_phases

NET = """
version: 1
name: staged
seed: 3
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 12, Dense: 8, Output]}
regularization: {batch_norm: before, dropout: 0.2}
optimizer: {SGD: {learning_rate: 0.001, momentum: 0.9}}
training: {epochs: 2, batch_size: 32, watch: null}
report: {tensorboard: false}
"""
STAGES = """
stages:
  - {name: head, train: head, early_stopping: 1}
  - {name: top, train: "last:2", rates: {"dense_2*": 0.1}, optimizer_state: keep}
  - {name: rest, epochs: 3, unfreeze: gradually}
"""


@pytest.fixture
def config(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(504, 6)).astype("float32")
    np.savez(tmp_path / "table.npz", x=x, y=(x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1))
    path = tmp_path / "staged.yaml"
    path.write_text(NET + STAGES)
    return path


def train(config, *sets, out=None, **more):
    return training.train(load_config(config, Overrides(sets)), out or config.parent / "runs", progress="quiet", **more)


def test_stages_train_what_they_say_and_prove_it(config):
    run = train(config)
    rows, facts = run.history.rows(), run.read_fact("stages")
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["stage"] for row in rows] == ["head"] * 2 + ["top"] * 2 + ["rest_1", "rest_2", "rest_3"]
    assert [stage["first_epoch"] for stage in facts] == [1, 3, 5, 6, 7]
    assert all(stage["proof"]["holds"] and not stage["proof"]["moved"] for stage in facts)
    # two dense layers without a bias, two batch norms of four tensors each
    assert [stage["proof"]["frozen"] for stage in facts] == [10, 5, 10, 5, 0]
    assert [stage["proof"]["trained"] for stage in facts] == [2, 5, 2, 5, 8]
    assert rows[2]["learning_rate:dense_2*"] == 0.0001 and rows[0]["learning_rate:dense_2*"] is None
    assert rows[6]["learning_rate:block_3"] == pytest.approx(0.001 / 2.6**2, rel=1e-6)
    assert facts[1]["proof"]["groups"][0]["applied"] == pytest.approx(0.1, rel=1e-6)
    model = keras.saving.load_model(run.model)
    assert all(layer.trainable for layer in model.layers)


@pytest.mark.slow
def test_a_run_killed_in_any_stage_resumes_to_the_same_bits(config, monkeypatch):
    whole = train(config)
    save = checkpoint.save
    for number, last in enumerate((2, 5), 1):
        made = []

        def save_and_stop(*given, last=last, made=made):
            save(*given)
            made.append(1)
            if len(made) == last:
                raise KeyboardInterrupt

        monkeypatch.setattr(checkpoint, "save", save_and_stop)
        with pytest.raises(Interrupted):
            train(config, out=config.parent / "killed")
        monkeypatch.setattr(checkpoint, "save", save)
        run = RunDir(config.parent / "killed" / f"staged-{number}")
        train(config, resume=run)
        assert_same_run(whole, run)
        facts = [dict(stage) for stage in run.read_fact("stages")]
        assert facts == whole.read_fact("stages")


def test_frozen_weights_that_move_fail_the_run(config, monkeypatch):
    check = FreezeCheck.on_phase_end

    def meddle(self):
        kernel = self._phase.model.get_layer("dense_1").kernel
        kernel.assign_add(keras.ops.ones_like(kernel))
        check(self)

    monkeypatch.setattr(FreezeCheck, "on_phase_end", meddle)
    with pytest.raises(RunFailed, match=r"after head failed: frozen tensors moved: dense_1/0/kernel"):
        train(config)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("stages.0.train=dense_9", r"`stages\.0\.train`: `dense_9` matches no layer.*dense_1, dense_1_bn"),
        ("stages.1.rates={dense_1: 0.1}", r"this stage trains nothing of `dense_1`"),
        ("stages.1.rates={dense_2: 0.1, last:1: 0.2}", r"both select dense_2"),
        ("stages.0.train=flatten*", "matches no layer"),
        ("stages.2.early_stopping.monitor=val_auc", "is not recorded"),
        ("stages.1.rates={output: 0.1, head: 0.5}", "both select output"),
    ],
)
def test_what_does_not_fit_is_refused_before_there_is_a_run(config, sets, said):
    with pytest.raises(InputError, match=said):
        train(config, sets)
    assert not (config.parent / "runs").exists()


@pytest.mark.slow
def test_penalties_are_those_of_the_network_as_saved_whatever_was_frozen(config):
    run = train(config, "regularization.l2=0.01", "stages=[{train: head}]")
    metrics, model = run.read_result()["metrics"], keras.saving.load_model(run.model)
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    penalty = 0.01 * sum(float(keras.ops.sum(keras.ops.square(kernel))) for kernel in kernels)
    for part in ("val_", "test_"):
        assert metrics[f"{part}loss"] - metrics[f"{part}data_loss"] == pytest.approx(penalty, rel=1e-4)


@pytest.mark.slow
def test_early_stopping_in_a_stage_shifts_the_epochs_of_the_next(config):
    run = train(
        config,
        "stages.0.epochs=20",
        "stages.0.optimizer.SGD.learning_rate=3.0",
        "stages.0.early_stopping=1",
        "stages.1.optimizer_state=reset",
    )
    facts = run.read_fact("stages")
    assert facts[0]["stopped"] == "early" and facts[1]["stopped"] == "planned"
    trained = sum(row["stage"] == "head" for row in run.history.rows())
    assert trained < 20 and facts[1]["first_epoch"] == trained + 1


@pytest.mark.slow
def test_one_stage_that_trains_everything_is_a_run_without_stages(config):
    plain, staged = train(config, "stages=[]"), train(config, "stages=[{name: main}]")
    assert_same_run(plain, staged)
    assert plain.read_fact("stages") == staged.read_fact("stages")


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("rates: {decay: 0.5}", {"decay_1": (0.5, ["dense_2"]), "decay_2": (0.25, ["dense_1"])}),
        ("rates: {decay: 0.5, dense_2: 3}", {"dense_2": (3.0, ["dense_2"]), "decay_2": (0.25, ["dense_1"])}),
        ("train: [dense_2], rates: {decay: 0.5}", {"decay_1": (0.5, ["dense_2"])}),
        ("rates: {decay: 1}", {}),
    ],
)
def test_rates_decay_from_the_head_downwards(config, stage, expected):
    sets = ["regularization.batch_norm=null", f"stages=[{{{stage}}}]"]
    loaded = load_config(config, Overrides(sets)).config
    (plan,) = plan_phases(prepare(loaded, runtime.prepare(loaded.runtime, loaded.seed)))
    assert plan.rate_factors == expected


OPTIMIZERS = {"SGD": {"momentum": 0.9}, "Adam": {}, "Nadam": {}, "RMSprop": {}}


@pytest.mark.parametrize("name", sampled(OPTIMIZERS, always=("SGD",)))
def test_effective_steps_are_true_multiples_of_the_rate(name):
    """Same gradients in every column, so that steps differ by the rate alone."""

    def steps(rates):
        weights = [keras.Variable(np.zeros(4, "float32"), name=f"w{number}") for number in range(3)]
        given = {selector: (factor, [weights[number]]) for number, (selector, factor) in enumerate(rates.items())}
        make = lambda: getattr(keras.optimizers, name)(learning_rate=0.01, **OPTIMIZERS[name])  # noqa: E731
        optimizer, found = param_groups.build_multi_optimizer(make, given, weights)
        random, moved = np.random.default_rng(0), []
        for _ in range(20):
            gradient = random.normal(size=4).astype("float32")
            optimizer.apply([keras.ops.convert_to_tensor(gradient)] * 3, weights)
            moved.append(np.stack([keras.ops.convert_to_numpy(weight) for weight in weights]))
        assert param_groups.group_counts(optimizer, weights) == [1, 1, 1]
        return np.diff(np.stack(moved), axis=0, prepend=0.0), optimizer, found

    moved, optimizer, _ = steps({"a": 0.1, "b": 2.6})
    np.testing.assert_allclose(moved[:, 0] / moved[:, 2], 0.1, rtol=1e-4)
    np.testing.assert_allclose(moved[:, 1] / moved[:, 2], 2.6, rtol=1e-4)
    assert modeling.last_learning_rate(optimizer) == pytest.approx(0.01)
    moved, optimizer, found = steps({"a": 0.1, "b": 2.6, "c": 0.5})  # nothing is left at the rate itself
    np.testing.assert_allclose(moved[:, 0] / moved[:, 1], 0.1 / 2.6, rtol=1e-4)
    assert modeling.last_learning_rate(optimizer) == pytest.approx(0.01)
    assert int(default_optimizer(optimizer).iterations) == 20
    assert [group.factor for group in found] == [0.1, 2.6, 0.5]


def test_moments_are_carried_over_by_name():
    first, second = (keras.Variable(np.ones(3, "float32"), name=name) for name in ("first", "second"))
    before = keras.optimizers.Adam(0.1)
    before.apply([keras.ops.ones(3)], [first])
    now, _ = param_groups.build_multi_optimizer(
        lambda: keras.optimizers.Adam(0.01), {"x": (0.5, [second])}, [first, second]
    )
    now.build([first, second])
    param_groups.transfer_optimizer_state(before, now)
    base, twin = now.optimizers
    np.testing.assert_allclose(base._momentums[0], 0.1 * np.ones(3), rtol=1e-6)
    np.testing.assert_array_equal(twin._momentums[0], np.zeros(3))
    assert int(base.iterations) == int(twin.iterations) == 1
    assert float(base.learning_rate) == pytest.approx(0.01) and float(twin.learning_rate) == pytest.approx(0.005)
