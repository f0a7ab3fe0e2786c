"""Two rates, tried on the same batches: the better one is told, and the model is left as it was."""

import keras
import numpy as np
import pytest

from kerasdeep.data.types import DataSplit
from kerasdeep.diagnostics.rate_comparison import compare_rates


@pytest.fixture(scope="module")
def problem():
    """A model, its batches, and held-out rows of a noisy line."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(320, 3)).astype(np.float32)
    y = x @ np.float32([1, -2, 3]) + np.random.default_rng(1).normal(size=320).astype(np.float32) / 4
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse")

    def batches():
        while True:
            for start in range(0, 160, 16):
                yield x[start : start + 16], y[start : start + 16], None

    return model, batches, DataSplit(x[160:], y[160:], np.arange(160)), np.arange(160)


def verdict(problem, current, suggested, steps=40):
    return compare_rates(*problem, [current] * steps, [suggested] * steps)


def test_the_rate_that_learns_is_better_both_ways_round(problem):
    before = [weights.copy() for weights in problem[0].get_weights()]
    found = verdict(problem, 1e-5, 0.05)
    assert (found.verdict, found.steps) == ("better", 40)
    assert found.suggested_loss < 0.1 < 5 < found.current_loss and found.high < 0
    assert verdict(problem, 0.05, 1e-5).verdict == "worse"
    for mine, then in zip(problem[0].get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, then)


def test_noise_is_no_difference(problem):
    found = verdict(problem, 0.05, 0.06)
    assert found.verdict == "no_clear_difference"


def test_a_rate_that_diverges_loses(problem):
    found = verdict(problem, 0.05, 1e20)
    assert found.verdict == "worse" and found.suggested_loss is None
    assert verdict(problem, 1e20, 0.05).verdict == "better"
    assert verdict(problem, 1e20, 1e21).verdict != "better"
    late = compare_rates(*problem, [1e-5] * 40, [0.05] * 20 + [1e20] * 20)
    assert (late.verdict, late.suggested_loss) == ("worse", None)
