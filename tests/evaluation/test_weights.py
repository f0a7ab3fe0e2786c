"""A row of weight 3 counts as three rows, in every metric, baseline and interval."""

import numpy as np
import pytest

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation import classes, numbers
from kerasdeep.evaluation.types import TargetEvaluation

ROWS = 200
rng = np.random.default_rng(0)
WEIGHTS = rng.integers(1, 4, ROWS)


def evaluation(module, encoder, outputs, actual, weights=None):
    return TargetEvaluation(module.decode(encoder, outputs), actual, actual[0], weights)


CASES = {
    "binary": (classes, TargetEncoder("y", "binary", ["0", "1"], ["no", "yes"]), 1),
    "multiclass": (classes, TargetEncoder("y", "multiclass", ["0", "1", "2"], ["a", "b", "c"]), 3),
    "numbers": (numbers, TargetEncoder("y", "regression", center=3.0, scale=2.0), 1),
}


@pytest.mark.parametrize("kind", CASES)
def test_weights_count_as_repeated_rows(kind):
    module, encoder, units = CASES[kind]
    outputs = rng.dirichlet(np.ones(units), ROWS) if units > 1 else rng.uniform(size=(ROWS, 1))
    actual = rng.normal(size=ROWS) if kind == "numbers" else rng.integers(0, max(2, units), ROWS)
    weighted = module.measure(evaluation(module, encoder, outputs, actual, WEIGHTS / WEIGHTS.mean()))
    repeated = module.measure(evaluation(module, encoder, *(np.repeat(a, WEIGHTS, 0) for a in (outputs, actual))))
    plain = module.measure(evaluation(module, encoder, outputs, actual))
    for key in ("metrics", "baseline"):
        assert weighted[key] == pytest.approx(repeated[key], rel=1e-9)
    assert weighted["metrics"] != pytest.approx(plain["metrics"], rel=1e-6)
    for name, (low, high) in weighted["intervals"].items():
        assert low < weighted["metrics"][name] < high
        wide, as_repeated = (facts["intervals"][name][1] - facts["intervals"][name][0] for facts in (plain, repeated))
        assert high - low > as_repeated and high - low == pytest.approx(wide, rel=0.35)


@pytest.mark.parametrize("kind", CASES)
def test_equal_weights_are_no_weights(kind):
    module, encoder, units = CASES[kind]
    outputs = rng.dirichlet(np.ones(units), ROWS) if units > 1 else rng.uniform(size=(ROWS, 1))
    actual = rng.normal(size=ROWS) if kind == "numbers" else rng.integers(0, max(2, units), ROWS)
    one, other = (module.measure(evaluation(module, encoder, outputs, actual, w)) for w in (np.ones(ROWS), None))
    for key in ("metrics", "baseline", "intervals"):
        for name, value in one[key].items():
            assert value == pytest.approx(other[key][name], rel=1e-9)
