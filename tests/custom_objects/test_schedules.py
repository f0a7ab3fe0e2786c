"""The schedules against their formulas and the chapter's reference values."""

import math

import keras
import pytest

from kerasdeep.custom_objects import CosineLog, LinearWarmup, Noam, OneCycle, OneCycleMomentum, PerUpdate, Power

EXAMPLES = [
    OneCycle(0.1, 10_750),
    OneCycleMomentum(1000, 0.95, 0.85),
    Power(0.01, 500, exponent=0.5, staircase=True),
    LinearWarmup(keras.optimizers.schedules.CosineDecay(0.1, 900), 100),
    LinearWarmup(0.01, 10),
    Noam(512, 4000),
    PerUpdate(OneCycle(0.1, 100), 4),
    CosineLog(0.2, 150, cycles=3),
]


@pytest.mark.parametrize(("step", "rate"), [(0, 0.01), (4837, 0.1), (9674, 0.01), (10_749, 1.928e-5)])
def test_one_cycle_has_the_chapters_rates(step, rate):
    assert float(OneCycle(0.1, 10_750)(step)) == pytest.approx(rate, rel=2e-3)


def test_one_cycle_is_linear_between_and_holds_after():
    cycle = OneCycle(0.05, 5280)
    assert float(cycle(2375)) == pytest.approx(0.05)
    assert float(cycle(2375 // 5)) == pytest.approx(0.005 + 0.045 * 475 / 2375, rel=1e-5)
    assert float(cycle(2375 * 2)) == pytest.approx(0.005, rel=1e-5)
    assert float(cycle(5280)) == float(cycle(99_999)) == pytest.approx(5e-6, rel=1e-2)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 12])
def test_one_cycle_survives_very_short_runs(steps):
    rates = [float(OneCycle(0.1, steps)(step)) for step in range(steps + 2)]
    assert all(0 < rate <= 0.1 * (1 + 1e-6) for rate in rates)


def test_momentum_mirrors_the_rate_and_is_then_held():
    momentum = OneCycleMomentum(10_750)
    assert [round(float(momentum(step)), 6) for step in (0, 4837, 9674, 10_000, 10_749)] == [
        0.95,
        0.85,
        0.95,
        0.95,
        0.95,
    ]


def test_cosine_log_is_zero_between_waves_that_double():
    schedule = CosineLog(0.2, 150)
    assert [float(schedule(step)) for step in (0, 10, 30, 70, 150, 999)] == pytest.approx([0] * 6, abs=1e-6)
    tops = [150 * (2 ** (wave + 0.5) - 1) / 15 for wave in range(4)]
    assert [float(schedule(step)) for step in tops] == pytest.approx([0.2] * 4, rel=1e-5)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_power_formula(exponent):
    schedule = Power(0.01, 10_000, exponent)
    assert float(schedule(17_190)) == pytest.approx(0.01 / (1 + 1.719) ** exponent, rel=1e-5)


def test_power_with_exponent_one_is_keras_inverse_time_decay():
    keras_own = keras.optimizers.schedules.InverseTimeDecay(0.01, 10_000, 1.0)
    assert float(Power(0.01, 10_000)(17_190)) == pytest.approx(float(keras_own(17_190)), rel=1e-6)
    assert float(Power(0.01, 10_000)(17_190)) == pytest.approx(0.00368, abs=5e-6)


def test_power_staircase_moves_in_whole_steps():
    stairs = Power(1.0, 10, staircase=True)
    assert [float(stairs(step)) for step in (0, 9, 10, 19, 20)] == pytest.approx([1, 1, 0.5, 0.5, 1 / 3])


def test_linear_warmup_reaches_the_rate_and_then_runs_the_schedule_from_its_start():
    cosine = keras.optimizers.schedules.CosineDecay(0.2, 100)
    schedule = LinearWarmup(cosine, 4)
    assert [float(schedule(step)) for step in range(5)] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.2])
    assert float(schedule(54)) == pytest.approx(float(cosine(50)))
    assert float(LinearWarmup(0.3, 4)(50)) == pytest.approx(0.3)


def test_noam_formula():
    schedule = Noam(512, 4000)
    for step in (0, 999, 3999, 20_000):
        number = step + 1
        expected = 512**-0.5 * min(number**-0.5, number * 4000**-1.5)
        assert float(schedule(step)) == pytest.approx(expected, rel=1e-5)
    assert float(schedule(3999)) == pytest.approx(1 / math.sqrt(512 * 4000), rel=1e-5)


def test_per_update_steps_once_every_n_batches():
    inner = Power(1.0, 1)
    assert [float(PerUpdate(inner, 3)(batch)) for batch in range(7)] == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 1 / 3])


@pytest.mark.parametrize("schedule", EXAMPLES, ids=lambda s: s.name)
def test_schedules_survive_serialization(schedule):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert type(copy) is type(schedule)
    assert [float(copy(step)) for step in (0, 7, 150)] == [float(schedule(step)) for step in (0, 7, 150)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: OneCycle(0.1, 0),
        lambda: OneCycle(-0.1, 10),
        lambda: OneCycleMomentum(10, high=0.8, low=0.9),
        lambda: Power(0.1, 0),
        lambda: LinearWarmup(0.1, 0),
        lambda: Noam(0, 10),
    ],
)
def test_impossible_schedules_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        wrong()
