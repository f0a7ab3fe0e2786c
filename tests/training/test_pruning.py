"""Magnitude pruning: the share follows its formula, and zeros stay zeros through training, on both backends."""

import importlib.util
import subprocess
import sys

import keras
import numpy as np
import pytest
from helpers.runs import assert_same_run

from kerasdeep import custom_objects, training
from kerasdeep.config import load_config
from kerasdeep.config.sections.regularization import PruningConfig as Settings
from kerasdeep.engine import checkpoint
from kerasdeep.errors import Interrupted
from kerasdeep.runs import RunDir
from kerasdeep.training.callbacks.pruning import Pruning, cubic_ramp, zero_smallest

TABLE = """
data: {source: iris, validation: 30}
network: [Dense: 16, Dense: 8, Output]
optimizer: {SGD: {learning_rate: 0.05, momentum: 0.9}}
training: {epochs: 5, batch_size: 30, watch: null}
report: {tensorboard: false}
"""


def written(folder, more, name="pruned"):
    (folder / f"{name}.yaml").write_text(TABLE + more)
    return load_config(folder / f"{name}.yaml")


def zeros(run):
    model = keras.models.load_model(run.model)
    return [float(np.mean(layer.kernel.numpy() == 0)) for layer in model.layers if hasattr(layer, "kernel")]


def test_the_share_rises_by_the_cube_of_what_is_left():
    """Zhu & Gupta 2017: s(t) = s_f + (s_i - s_f) (1 - (t - t0) / (n dt))^3, with s_i = 0."""
    assert cubic_ramp(10, 10, 30) == 0.0
    assert cubic_ramp(20, 10, 30) == pytest.approx(1 - 0.5**3)
    assert cubic_ramp(30, 10, 30) == cubic_ramp(99, 10, 30) == 1.0
    assert cubic_ramp(10, 10, 10) == 1.0


def test_the_smallest_weights_go_whatever_their_sign():
    values = np.array([[0.3, -0.1], [-0.4, 0.2]])
    zero_smallest(values, 0.5)
    assert values.tolist() == [[0.3, 0.0], [-0.4, 0.0]]


def test_every_kernel_of_the_saved_model_has_its_share_of_zeros(tmp_path):
    run = training.train(
        written(tmp_path, "regularization: {pruning: {share: 0.75, until: 60%}}"), tmp_path, progress="quiet"
    )
    assert zeros(run) == [0.75, 0.75, 0.75]
    layers = run.read_fact("weights")["layers"]
    assert [layer["zero"] for layer in layers] == [0.75, 0.75, 0.75]


def test_weights_below_a_size_go(tmp_path):
    more = "regularization: {pruning: {below: 0.1}}"
    run = training.train(written(tmp_path, more), tmp_path, progress="quiet")
    assert all(0.0 < share < 0.9 for share in zeros(run))


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_an_interrupted_run_ends_in_the_same_bits(epoch, tmp_path, monkeypatch):
    loaded = written(tmp_path, "regularization: {pruning: {share: 0.5, from: 1 epoch, until: 3 epochs}}")
    whole = training.train(loaded, tmp_path, progress="quiet")
    save = checkpoint.save

    def save_and_die(folder, model, snapshot, others):
        save(folder, model, snapshot, others)
        if snapshot.position.epoch == epoch:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_die)
    with pytest.raises(Interrupted):
        training.train(loaded, tmp_path / "cut", progress="quiet")
    monkeypatch.undo()
    cut = RunDir(tmp_path / "cut" / "pruned-1")
    assert_same_run(whole, training.train(loaded, tmp_path / "cut", cut, progress="quiet"))


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.1, momentum=0.9),
        lambda: keras.optimizers.AdamW(0.1),
        lambda: keras.optimizers.Nadam(0.1, gradient_accumulation_steps=2),
        lambda: keras.optimizers.Ftrl(0.1),
    ],
)
def test_zeros_stay_under_any_optimizer_and_others_move(optimizer):
    variable = keras.Variable(np.array([[0.0, 2.0], [3.0, 0.0]], np.float32))
    other = keras.Variable(np.zeros(2, np.float32))
    made = optimizer()
    custom_objects.keep_zeros(made, [variable])
    before = variable.numpy().copy()
    for _ in range(4):
        made.apply([np.ones((2, 2), np.float32), np.ones(2, np.float32)], [variable, other])
    assert (variable.numpy()[before == 0] == 0).all()
    assert (variable.numpy()[before != 0] != before[before != 0]).all()
    assert (other.numpy() != 0).all()
    assert type(made).__name__ == type(optimizer()).__name__


def test_a_share_counts_what_is_zero_already():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    pruning = Pruning(Settings(share=0.5), model, steps_per_epoch=10, epochs=10)
    kernel, found = model.layers[0].kernel, []
    for epoch in range(10):
        pruning.on_epoch_end(epoch, {})
        found.append(float(np.mean(kernel.numpy() == 0)))
    assert found[:2] == [0.0, 0.0] and found[7:] == [0.5, 0.5, 0.5]
    assert found == sorted(found) and 0.0 < found[4] < 0.5


ON_JAX = """
import sys
from kerasdeep import training
from kerasdeep.config import Overrides, load_config
run = training.train(load_config(sys.argv[1], Overrides(["runtime.backend=jax"])), sys.argv[2], progress="quiet")
print([layer["zero"] for layer in run.read_fact("weights")["layers"]])
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.slow
def test_zeros_stay_on_jax(tmp_path):
    loaded = written(tmp_path, "regularization: {pruning: {share: 0.75, until: 60%}}")
    command = [sys.executable, "-c", ON_JAX, str(loaded.path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["[0.75, 0.75, 0.75]"], done.stderr
