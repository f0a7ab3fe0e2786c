"""From a schedule in words to a schedule of optimizer updates.

The base rate is the optimizer's `learning_rate` where the schedule does not state its own; durations become
updates of the stage here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras.optimizers import schedules

from kerasdeep import extras
from kerasdeep.build.create import blaming, create
from kerasdeep.catalog import Choice
from kerasdeep.catalog.types import Duration

OF_TRAINING = "Performance"
"""The schedule that reacts to a metric: training changes the rate between epochs; the optimizer keeps a number."""


@dataclass(frozen=True)
class Length:
    """How long the stage is, in optimizer updates; an epoch need not be a whole number of them."""

    per_epoch: float
    total: int

    def of(self, duration: Duration | int) -> int:
        if not isinstance(duration, Duration):
            return duration
        return duration.steps(self.per_epoch, self.total)

    def without(self, updates: int) -> Length:
        return Length(self.per_epoch, max(1, self.total - updates))


def rate(choice: Choice, base: float, length: Length) -> float | schedules.LearningRateSchedule:
    """The learning rate that `choice` describes, as a function of the update's number.

    Raises `InputError` at the choice's mark for arguments that make no schedule.
    """
    with blaming(choice):
        return OWN.get(choice.name, _keras_own)(choice, base, length)


def momentum(choice: Choice, length: Length) -> schedules.LearningRateSchedule | None:
    """The momentum half of a 1cycle that asks for one, else None."""
    pair = choice.value("momentum") if choice.name == "OneCycle" else None
    if pair is None:
        return None
    with blaming(choice):
        return extras.OneCycleMomentum(_cycle(choice, length), *pair)


def _start(choice: Choice, base: float) -> float:
    stated = choice.value("initial_learning_rate")
    return base if stated is None else stated


def _cycle(choice: Choice, length: Length) -> int:
    steps = choice.value("steps")
    return length.total if steps is None else length.of(steps)


def _one_cycle(choice: Choice, base: float, length: Length) -> Any:
    start, final = choice.value("start_rate"), choice.value("final_rate")
    return extras.OneCycle(choice.value("max_rate"), _cycle(choice, length), start, final)


def _power(choice: Choice, base: float, length: Length) -> Any:
    steps = length.of(choice.value("decay_steps"))
    return extras.Power(_start(choice, base), steps, choice.value("exponent"), choice.value("staircase"))


def _exponential(choice: Choice, base: float, length: Length) -> Any:
    steps = length.of(choice.value("decay_steps"))
    return schedules.ExponentialDecay(
        _start(choice, base), steps, choice.value("decay_rate"), choice.value("staircase")
    )


def _piecewise(choice: Choice, base: float, length: Length) -> Any:
    boundaries = [length.of(boundary) for boundary in choice.value("boundaries")]
    if sorted(set(boundaries)) != boundaries:
        raise ValueError(f"the boundaries must rise; in steps they are {boundaries}")
    return schedules.PiecewiseConstantDecay(boundaries, choice.value("values"))


def _performance(choice: Choice, base: float, length: Length) -> float:
    return base


def _cosine(choice: Choice, base: float, length: Length) -> Any:
    warmup = 0 if choice.value("warmup") is None else length.of(choice.value("warmup"))
    decay = choice.value("decay_steps")
    steps = length.without(warmup).total if decay is None else length.of(decay)
    start, target = _start(choice, base), choice.value("warmup_target")
    if warmup and target is not None:
        return schedules.CosineDecay(
            start, steps, choice.value("alpha"), warmup_target=target, warmup_steps=warmup
        )
    cosine = schedules.CosineDecay(start, steps, choice.value("alpha"))
    return extras.LinearWarmup(cosine, warmup) if warmup else cosine


def _linear_warmup(choice: Choice, base: float, length: Length) -> Any:
    warmup, after = length.of(choice.value("warmup")), choice.value("schedule")
    inner = base if after is None else rate(after, base, length.without(warmup))
    return extras.LinearWarmup(inner, warmup)


def _noam(choice: Choice, base: float, length: Length) -> Any:
    return extras.Noam(choice.value("model_dimension"), length.of(choice.value("warmup")))


def _keras_own(choice: Choice, base: float, length: Length) -> Any:
    if "warmup_steps" in choice.arguments and choice.arguments.get("warmup_target") is None:
        raise ValueError("Keras warms up only towards a `warmup_target`; write one, or use `cosine: {warmup: …}`.")
    steps = {
        name: [length.of(item) for item in value] if isinstance(value, list) else length.of(value)
        for name, value in choice.arguments.items()
        if isinstance(value, list | Duration) and name != "values"
    }
    if "initial_learning_rate" in choice.entry.arguments:
        steps["initial_learning_rate"] = _start(choice, base)
    return create(choice.replace(**steps))


OWN: dict[str, Callable[[Choice, float, Length], Any]] = {
    "OneCycle": _one_cycle,
    "Power": _power,
    "Exponential": _exponential,
    "Piecewise": _piecewise,
    OF_TRAINING: _performance,
    "Cosine": _cosine,
    "LinearWarmup": _linear_warmup,
    "Noam": _noam,
}
