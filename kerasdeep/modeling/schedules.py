"""From a schedule in words to a schedule of optimizer updates.

The base rate is the optimizer's `learning_rate` where the schedule does not state its own; durations become
updates of the stage here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras.optimizers import schedules

from kerasdeep import custom_objects
from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.catalog.types import Duration
from kerasdeep.modeling.factory import create, keras_errors_at


@dataclass(frozen=True)
class StageLength:
    """How long the stage is, in optimizer updates; an epoch need not be a whole number of them."""

    updates_per_epoch: float
    total_updates: int

    def to_updates(self, duration: Duration | int) -> int:
        if not isinstance(duration, Duration):
            return duration
        return duration.steps(self.updates_per_epoch, self.total_updates)

    def shortened_by(self, updates: int) -> StageLength:
        return StageLength(self.updates_per_epoch, max(1, self.total_updates - updates))


def build_learning_rate(choice: Choice, base: float, length: StageLength) -> float | schedules.LearningRateSchedule:
    """The learning rate that `choice` describes, as a function of the update's number.

    Raises `InputError` at the choice's mark for arguments that make no schedule.
    """
    with keras_errors_at(choice):
        return SCHEDULE_BUILDERS.get(choice.name, _keras_schedule)(choice, base, length)


def build_momentum_schedule(choice: Choice, length: StageLength) -> schedules.LearningRateSchedule | None:
    """The momentum half of a 1cycle that asks for one, else None."""
    pair = choice.value("momentum") if choice.name == "OneCycle" else None
    if pair is None:
        return None
    with keras_errors_at(choice):
        return custom_objects.OneCycleMomentum(_cycle_updates(choice, length), *pair)


def _initial_rate(choice: Choice, base: float) -> float:
    stated = choice.value("initial_learning_rate")
    return base if stated is None else stated


def _cycle_updates(choice: Choice, length: StageLength) -> int:
    steps = choice.value("steps")
    return length.total_updates if steps is None else length.to_updates(steps)


def _one_cycle(choice: Choice, base: float, length: StageLength) -> Any:
    start, final = choice.value("start_rate"), choice.value("final_rate")
    return custom_objects.OneCycle(choice.value("max_rate"), _cycle_updates(choice, length), start, final)


def _power(choice: Choice, base: float, length: StageLength) -> Any:
    steps = length.to_updates(choice.value("decay_steps"))
    return custom_objects.Power(_initial_rate(choice, base), steps, choice.value("exponent"), choice.value("staircase"))


def _exponential(choice: Choice, base: float, length: StageLength) -> Any:
    steps = length.to_updates(choice.value("decay_steps"))
    return schedules.ExponentialDecay(
        _initial_rate(choice, base), steps, choice.value("decay_rate"), choice.value("staircase")
    )


def _piecewise(choice: Choice, base: float, length: StageLength) -> Any:
    boundaries = [length.to_updates(boundary) for boundary in choice.value("boundaries")]
    if sorted(set(boundaries)) != boundaries:
        raise ValueError(f"the boundaries must rise; in steps they are {boundaries}")
    return schedules.PiecewiseConstantDecay(boundaries, choice.value("values"))


def _performance(choice: Choice, base: float, length: StageLength) -> float:
    return base


def _cosine(choice: Choice, base: float, length: StageLength) -> Any:
    warmup = 0 if choice.value("warmup") is None else length.to_updates(choice.value("warmup"))
    decay = choice.value("decay_steps")
    steps = length.shortened_by(warmup).total_updates if decay is None else length.to_updates(decay)
    start, target = _initial_rate(choice, base), choice.value("warmup_target")
    if warmup and target is not None:
        return schedules.CosineDecay(start, steps, choice.value("alpha"), warmup_target=target, warmup_steps=warmup)
    cosine = schedules.CosineDecay(start, steps, choice.value("alpha"))
    return custom_objects.LinearWarmup(cosine, warmup) if warmup else cosine


def _linear_warmup(choice: Choice, base: float, length: StageLength) -> Any:
    warmup, following = length.to_updates(choice.value("warmup")), choice.value("schedule")
    inner = base if following is None else build_learning_rate(following, base, length.shortened_by(warmup))
    return custom_objects.LinearWarmup(inner, warmup)


def _noam(choice: Choice, base: float, length: StageLength) -> Any:
    return custom_objects.Noam(choice.value("model_dimension"), length.to_updates(choice.value("warmup")))


def _keras_schedule(choice: Choice, base: float, length: StageLength) -> Any:
    if "warmup_steps" in choice.arguments and choice.arguments.get("warmup_target") is None:
        raise ValueError("Keras warms up only towards a `warmup_target`; write one, or use `cosine: {warmup: …}`.")
    steps = {
        name: [length.to_updates(item) for item in value] if isinstance(value, list) else length.to_updates(value)
        for name, value in choice.arguments.items()
        if isinstance(value, list | Duration) and name != "values"
    }
    if "initial_learning_rate" in choice.entry.arguments:
        steps["initial_learning_rate"] = _initial_rate(choice, base)
    return create(choice.replace(**steps))


SCHEDULE_BUILDERS: dict[str, Callable[[Choice, float, StageLength], Any]] = {
    "OneCycle": _one_cycle,
    "Power": _power,
    "Exponential": _exponential,
    "Piecewise": _piecewise,
    PLATEAU_SCHEDULE: _performance,
    "Cosine": _cosine,
    "LinearWarmup": _linear_warmup,
    "Noam": _noam,
}
