"""Ordered outputs and their losses, against their formulas."""

import keras
import numpy as np
import pytest
from scipy.special import expit

from kerasdeep.custom_objects import OrdinalCrossentropy, PinballLoss, ascending, cumulative_link

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def test_ascending_outputs_cannot_cross():
    found = np.asarray(ascending(X))
    assert found[:, 0] == pytest.approx(X[:, 0])
    assert np.diff(found) == pytest.approx(np.log1p(np.exp(X[:, 1:])), abs=1e-6)
    assert np.asarray(ascending(X[:, :1])) == pytest.approx(X[:, :1])


def test_a_cumulative_link_gives_the_probability_of_each_class():
    found = np.asarray(cumulative_link(X))
    assert found.min() >= 0 and found.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-6)
    above = expit(X[:, :1] - np.asarray(ascending(X[:, 1:])))
    assert 1 - found.cumsum(axis=1)[:, :-1] == pytest.approx(above, abs=1e-6)


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_the_pinball_loss_is_its_formula(shape):
    levels, y = [0.1, 0.3, 0.5, 0.9], np.arange(6, dtype=np.float32) / 3
    error = y[:, None] - X
    expected = np.where(error > 0, np.multiply(levels, error), (np.array(levels) - 1) * error).mean()
    assert float(PinballLoss(levels)(y.reshape(shape), X)) == pytest.approx(expected, rel=1e-5)


def test_the_ordinal_cross_entropy_is_its_formula():
    p, y = np.asarray(cumulative_link(X)), np.array([0, 1, 2, 3, 3, 0])
    above, is_above = 1 - p.cumsum(axis=1)[:, :-1], y[:, None] > np.arange(3)
    expected = -np.where(is_above, np.log(above), np.log(1 - above)).mean()
    assert float(OrdinalCrossentropy()(y, p)) == pytest.approx(expected, rel=1e-5)


def test_they_are_saved_with_a_model(tmp_path):
    layers = [
        keras.Input((4,)),
        keras.layers.Dense(3, activation=ascending),
        keras.layers.Dense(3, activation=cumulative_link),
    ]
    model = keras.Sequential(layers)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(X), model(X))
    restored = PinballLoss.from_config(PinballLoss([0.2, 0.8]).get_config())
    assert restored.levels == [0.2, 0.8]
