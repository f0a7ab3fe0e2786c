"""An optimizer and a metric of one's own: one file and one entry each, and a YAML can use them."""

import importlib.util
import sys

import keras
import numpy as np
import pytest

from kerasdeep import training
from kerasdeep.catalog import find_entry, registry
from kerasdeep.catalog.generate import writer
from kerasdeep.config import load_config
from kerasdeep.custom_objects import CUSTOM_OBJECTS, INTERNAL_OBJECTS, ActivationWith
from kerasdeep.errors import InputError

MODULE = '''
from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class SignSGD(keras.optimizers.Optimizer):
    """Every weight moves by the rate, against the sign of its gradient.

    Args:
        learning_rate: How far each weight moves.
        damping: What every update is multiplied by.
    """

    def __init__(self, learning_rate: float = 0.01, damping: float = 1.0, name="sign_sgd", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.damping = damping

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, learning_rate * self.damping * ops.sign(gradient))

    def get_config(self):
        return {**super().get_config(), "damping": self.damping}


@keras.saving.register_keras_serializable("kerasdeep")
class Margin(keras.metrics.MeanMetricWrapper):
    """Mean distance of the two highest probabilities.

    Args:
        stretch: What the distance is multiplied by.
    """

    def __init__(self, stretch: float = 1.0, name: str = "margin", dtype=None):
        super().__init__(margin, name=name, dtype=dtype, stretch=stretch)
        self.stretch = stretch


def margin(y_true, y_pred, stretch):
    highest = ops.top_k(y_pred, 2)[0]
    return stretch * (highest[:, 0] - highest[:, 1])


@keras.saving.register_keras_serializable("kerasdeep")
def cubed(x, scale=1.0):
    """x ** 3 * scale."""
    return scale * x * x * x
'''
YAML = """
data: {source: iris, validation: 30}
network: [Dense: {units: 4, activation: {cubed: {scale: 0.5}}}, Output: {kernel_initializer: zeros}]
optimizer: {SignSGD: {learning_rate: 0.125, damping: 0.5}}
metrics: [accuracy, Margin: {stretch: 3.0}]
training: {epochs: 1, batch_size: 30}
report: {tensorboard: false}
"""
OWN = {"optimizer": "SignSGD", "metric": "Margin", "activation": "cubed"}


def clear_catalog():
    for function in (registry._catalog_data, registry.entries, registry._names_by_spelling, registry.suggestable_names):
        function.cache_clear()


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The module, its entries in the table, and the catalogue as `python -m kerasdeep.catalog.generate` writes it."""
    (tmp_path / "mine.py").write_text(MODULE)
    spec = importlib.util.spec_from_file_location("mine", tmp_path / "mine.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "mine", module)
    registered = dict(keras.saving.get_custom_objects())
    spec.loader.exec_module(module)
    for family, name in OWN.items():
        monkeypatch.setitem(CUSTOM_OBJECTS[family], name, getattr(module, name))
    (tmp_path / "catalog.json").write_text(writer.catalog_text(), encoding="utf-8")
    monkeypatch.setattr(registry, "CATALOG_FILE", tmp_path / "catalog.json")
    clear_catalog()
    yield module
    for name in keras.saving.get_custom_objects().keys() - registered.keys():
        del keras.saving.get_custom_objects()[name]
    monkeypatch.undo()
    clear_catalog()


def test_a_yaml_uses_them_from_end_to_end(mine, tmp_path):
    entry = find_entry("optimizer", "sign_sgd")
    assert entry.is_custom and entry.arguments["damping"].type == "float"
    assert entry.arguments["damping"].doc == "What every update is multiplied by."
    (tmp_path / "own.yaml").write_text(YAML)
    run = training.train(load_config(tmp_path / "own.yaml"), tmp_path / "runs", progress="quiet")
    assert 0.0 < run.read_result()["metrics"]["val_margin"] <= 3.0
    model = keras.saving.load_model(run.model)
    moved = model.get_layer("output").kernel.numpy() / (0.125 * 0.5)
    assert moved.any() and (moved == np.round(moved)).all()
    activation = model.layers[1].activation
    assert isinstance(activation, ActivationWith) and activation.function is mine.cubed
    assert float(activation(np.float32(2.0))) == 4.0


def test_their_arguments_are_checked_like_keras_s(mine, tmp_path):
    (tmp_path / "own.yaml").write_text(YAML.replace("damping", "dampng"))
    with pytest.raises(InputError, match=r"SignSGD has no argument `dampng`.*damping"):
        load_config(tmp_path / "own.yaml")


def test_what_kerasdeep_makes_itself_cannot_be_written():
    assert {name for family in CUSTOM_OBJECTS.values() for name in family} >= INTERNAL_OBJECTS
    for family, objects in CUSTOM_OBJECTS.items():
        for name in objects:
            assert (find_entry(family, name) is None) == (name in INTERNAL_OBJECTS), name


@pytest.mark.parametrize("name", ["get", "deserialize", "__dir__", "no_such"])
def test_what_is_no_activation_is_refused(name):
    with pytest.raises(ValueError, match=name):
        ActivationWith(name, {})
