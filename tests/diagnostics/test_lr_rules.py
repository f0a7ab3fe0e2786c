"""Suggestions from curves whose answer is known."""

import numpy as np
import pytest

from kerasdeep.diagnostics.lr_rules import analyze_curve

RATES = np.geomspace(1e-5, 10, 430)


def bowl(rates, bottom=0.1, noise=0.0):
    """Falls from 2.3 towards 0.9 around a rate of bottom / 5, and rises steeply beyond `bottom`."""
    falling = 1.4 / (1 + (rates / (bottom / 5)) ** 1.5)
    return 0.9 + falling + (rates / (bottom * 4)) ** 3 + noise * np.random.default_rng(0).normal(size=len(rates))


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("bottom", [1e-3, 1e-2, 0.1])
def test_every_rule_finds_its_place_on_a_bowl(bottom, noise):
    found = analyze_curve(RATES, bowl(RATES, bottom, noise)).suggestions
    true = RATES[bowl(RATES, bottom).argmin()]
    assert found["minimum"] == pytest.approx(true, rel=0.6)
    assert found["minimum_tenth"] == pytest.approx(found["minimum"] / 10, rel=0.1)
    assert found["steepest"] == pytest.approx(bottom / 5, rel=0.6)
    assert found["minimum"] < found["edge"] < 4 * true
    assert found["valley"] < found["minimum"]


def test_one_explosion_does_not_bend_the_curve_before_it():
    losses = bowl(RATES)
    calm = analyze_curve(RATES[:300], losses[:300])
    exploded = analyze_curve(RATES[:301], np.append(losses[:300], 1e30))
    assert exploded.suggestions["minimum"] == pytest.approx(calm.suggestions["minimum"], rel=0.3)


@pytest.mark.parametrize(
    "losses",
    [np.full(100, 2.3), 2.3 + RATES[:100], 2.3 + 0.1 * np.random.default_rng(1).normal(size=100)],
    ids=["flat", "rising", "noise"],
)
def test_a_loss_that_never_falls_suggests_nothing(losses):
    assert analyze_curve(RATES[:100], losses).suggestions == {}


def test_a_loss_that_still_falls_at_the_end_is_told():
    reading = analyze_curve(RATES[:250], bowl(RATES[:250]))
    assert reading.lowest_at_end and reading.suggestions["edge"] == pytest.approx(RATES[249], rel=0.05)
    assert not analyze_curve(RATES, bowl(RATES)).lowest_at_end


def test_a_negative_loss_is_read_like_any_other():
    shifted, plain = (analyze_curve(RATES, bowl(RATES) - offset).suggestions for offset in (5, 0))
    assert shifted["steepest"] == pytest.approx(plain["steepest"], rel=0.05)
