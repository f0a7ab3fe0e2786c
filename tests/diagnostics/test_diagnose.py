"""What `diagnose` reads is what the network does; it leaves no trace; runs and their histories are read too."""

import json

import keras
import numpy as np
import pytest

import kerasdeep
from kerasdeep import diagnostics, training
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import Overrides, load_config
from kerasdeep.evaluation.layer_stats import LayerReader, layer_taps

NET = """
version: 1
data: {source: digits, validation: 197, test: 192}
network: {layers: [Flatten, Dense: 20, Dense: 20, Output]}
regularization: {batch_norm: before, dropout: 0.2}
optimizer: {SGD: {learning_rate: 0.05}}
training: {epochs: 2, watch: null}
report: {tensorboard: false}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "digits.yaml"
    path.write_text(NET)
    return path


def test_a_site_reaches_from_the_kernel_to_its_activation_over_batch_norm():
    inputs = keras.Input((4,))
    x = keras.layers.Dense(5, name="one")(inputs)
    x = keras.layers.Activation("tanh", name="act")(keras.layers.BatchNormalization()(x))
    x = keras.layers.Dense(6, activation="relu", name="two")(keras.layers.Dropout(0.5)(x))
    x = keras.layers.LeakyReLU(name="leaky")(keras.layers.Dense(3, name="three")(x))
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(x))
    found = layer_taps(model)
    assert [(site.name, site.activation) for site in found] == [
        *(("one", "tanh"), ("two", "relu"), ("three", "leaky_relu"), ("out", "linear"))
    ]
    assert [site.is_first for site in found] == [True, False, False, False]
    assert [site.is_output for site in found] == [False, False, False, True]
    assert found[0].output is model.get_layer("act").output


def test_figures_are_those_of_the_network_and_reading_changes_nothing():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(hidden))
    kernel = np.array([[1, 0, -1, 2], [0, 1, -1, 0], [0, 0, -1, 0]], np.float32)
    model.set_weights([kernel, np.zeros(4, np.float32), np.ones((4, 1), np.float32)])
    x, y = np.random.default_rng(0).uniform(size=(10, 3)).astype("float32"), np.zeros((10, 1), np.float32)
    before = model.get_weights()
    found = LayerReader(model, "mse").read((x, y, None))
    hidden, out = found.layers.values()
    values = np.maximum(x @ kernel, 0)
    outputs = values.sum(axis=1, keepdims=True)
    assert hidden.mean == pytest.approx(values.mean(), rel=1e-5)
    assert hidden.deviation == pytest.approx(values.std(), rel=1e-5)
    assert hidden.dead == 0.25 and hidden.saturated is None and out.dead is None
    assert hidden.norm == pytest.approx(np.linalg.norm(kernel))
    gradient = values.T @ (2 * outputs / len(x))
    assert out.gradient == pytest.approx(np.sqrt(np.mean(gradient**2)), rel=1e-5)
    gradient = x.T @ (2 * outputs / len(x) * (values > 0))
    assert hidden.gradient == pytest.approx(np.sqrt(np.mean(gradient**2)), rel=1e-5)
    assert found.loss == pytest.approx(np.mean(outputs**2), rel=1e-5)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_json_has_the_promised_shape(config, capsys):
    assert exit_codes.run_app(app, ["diagnose", str(config), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdicts"] == [] and [layer["name"] for layer in found["layers"]] == ["dense_1", "dense_2", "output"]
    assert found["layers"][0]["initial"]["update_ratio"] is None and found["layers"][0]["after"]["update_ratio"] > 0
    assert (
        0.1 < found["gradient_ratio"] < 10 and found["moments"]["after"]["loss"] < found["moments"]["initial"]["loss"]
    )
    assert list(config.parent.iterdir()) == [config]


def test_a_sick_network_is_told_on_the_screen_with_yaml(config, capsys):
    sets = ["--set", "optimizer.SGD.learning_rate=1e-7", "--set", "regularization={}"]
    assert exit_codes.run_app(app, ["diagnose", str(config), *sets]) == 0
    said = capsys.readouterr().out
    assert "at initialisation" in said and "rate too low" in said and "optimizer: {SGD: {learning_rate:" in said
    assert f"kerasdeep train {config} {sets[0]} {sets[1]} --set 'regularization={{}}' --set optimizer.SGD" in said


def test_a_run_is_read_as_it_was_saved(config):
    run = training.train(load_config(config), config.parent / "runs", progress="quiet")
    found = diagnostics.diagnose(load_config(run.resolved), run)
    assert list(found.moments) == ["saved"] and found.layers[0]["saved"]["gradient"] > 0
    kernel = keras.saving.load_model(run.model).get_layer("dense_1").kernel
    assert found.layers[0]["saved"]["norm"] == pytest.approx(np.linalg.norm(kernel), rel=1e-5)


@pytest.mark.slow
def test_a_run_without_its_model_is_read_as_it_began(config):
    run = training.train(load_config(config), config.parent / "runs", progress="quiet")
    run.model.unlink()
    found = diagnostics.diagnose(load_config(run.resolved), run)
    assert "has no saved model" in found.notes[0] and "initial" in found.moments


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [["training.epochs=1"], ["optimizer.SGD.learning_rate=3.0"], ["optimizer.SGD.learning_rate=1e-4"]]
)
def test_a_run_that_follows_the_first_advice_is_better(config, settings):
    run = kerasdeep.train(config, overrides=Overrides(settings), progress="quiet")
    verdict = kerasdeep.diagnose(run).verdicts[0]
    assert f"`{verdict.command([str(run.path)])}`" in run.path.joinpath("report.md").read_text()
    better = kerasdeep.train(run, overrides=verdict.overrides, progress="quiet")
    assert better.metrics["val_accuracy"] > run.metrics["val_accuracy"] + 0.05
