"""From a written schedule to a Keras schedule of optimizer updates.

The base rate is the optimizer's `learning_rate` where the schedule does not state its own; durations become
updates of the stage here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from keras.optimizers import schedules

from kerasdeep import custom_objects
from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.catalog.types import Duration
from kerasdeep.modeling.factory import create, keras_errors_at

Schedule: TypeAlias = float | schedules.LearningRateSchedule
"""A learning rate over time; a number where it is constant."""


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


def build_learning_rate(choice: Choice, base_rate: float, length: StageLength) -> Schedule:
    """The learning rate that `choice` describes, as a function of the update's number.

    Raises `InputError` at the choice's location for arguments that make no schedule.
    """
    written = _WrittenSchedule(choice, base_rate, length)
    with keras_errors_at(choice):
        return SCHEDULE_BUILDERS.get(choice.name, _keras_schedule)(written)


def build_momentum_schedule(choice: Choice, length: StageLength) -> schedules.LearningRateSchedule | None:
    """The momentum half of a 1cycle that asks for one, else None."""
    pair = choice.value("momentum") if choice.name == "OneCycle" else None
    if pair is None:
        return None
    with keras_errors_at(choice):
        steps = _WrittenSchedule(choice, 0.0, length).updates("steps", length.total_updates)
        return custom_objects.OneCycleMomentum(steps, *pair)


@dataclass(frozen=True)
class _WrittenSchedule:
    """A schedule as written, with what the optimizer and the stage add to it."""

    choice: Choice
    base_rate: float
    length: StageLength

    def values(self, *names: str) -> list[Any]:
        return [self.choice.value(name) for name in names]

    def updates(self, name: str, default: int = 0) -> int:
        """A duration in updates; `default` where it is not written."""
        duration = self.choice.value(name)
        return default if duration is None else self.length.to_updates(duration)

    @property
    def initial_rate(self) -> float:
        stated = self.choice.value("initial_learning_rate")
        return self.base_rate if stated is None else stated


def _one_cycle(written: _WrittenSchedule) -> Schedule:
    max_rate, *ends = written.values("max_rate", "start_rate", "final_rate")
    return custom_objects.OneCycle(max_rate, written.updates("steps", written.length.total_updates), *ends)


def _power(written: _WrittenSchedule) -> Schedule:
    steps = written.updates("decay_steps")
    return custom_objects.Power(written.initial_rate, steps, *written.values("exponent", "staircase"))


def _exponential(written: _WrittenSchedule) -> Schedule:
    steps = written.updates("decay_steps")
    return schedules.ExponentialDecay(written.initial_rate, steps, *written.values("decay_rate", "staircase"))


def _piecewise(written: _WrittenSchedule) -> Schedule:
    written_boundaries, values = written.values("boundaries", "values")
    boundaries = [written.length.to_updates(boundary) for boundary in written_boundaries]
    if sorted(set(boundaries)) != boundaries:
        raise ValueError(f"the boundaries must rise; in steps they are {boundaries}")
    return schedules.PiecewiseConstantDecay(boundaries, values)


def _performance(written: _WrittenSchedule) -> Schedule:
    return written.base_rate


def _cosine(written: _WrittenSchedule) -> Schedule:
    warmup = written.updates("warmup")
    steps = written.updates("decay_steps", written.length.shortened_by(warmup).total_updates)
    alpha, target = written.values("alpha", "warmup_target")
    if warmup and target is not None:
        return schedules.CosineDecay(written.initial_rate, steps, alpha, warmup_target=target, warmup_steps=warmup)
    cosine = schedules.CosineDecay(written.initial_rate, steps, alpha)
    return custom_objects.LinearWarmup(cosine, warmup) if warmup else cosine


def _cosine_log(written: _WrittenSchedule) -> Schedule:
    steps = written.updates("steps", written.length.total_updates)
    return custom_objects.CosineLog(written.initial_rate, steps, written.choice.value("cycles"))


def _linear_warmup(written: _WrittenSchedule) -> Schedule:
    warmup, following = written.updates("warmup"), written.choice.value("schedule")
    inner = written.base_rate
    if following is not None:
        inner = build_learning_rate(following, inner, written.length.shortened_by(warmup))
    return custom_objects.LinearWarmup(inner, warmup)


def _noam(written: _WrittenSchedule) -> Schedule:
    return custom_objects.Noam(written.choice.value("model_dimension"), written.updates("warmup"))


def _keras_schedule(written: _WrittenSchedule) -> Schedule:
    choice, to_updates = written.choice, written.length.to_updates
    if "warmup_steps" in choice.arguments and choice.arguments.get("warmup_target") is None:
        raise ValueError("Keras warms up only towards a `warmup_target`; write one, or use `cosine: {warmup: …}`.")
    steps: dict[str, Any] = {
        name: [to_updates(item) for item in value] if isinstance(value, list) else to_updates(value)
        for name, value in choice.arguments.items()
        if isinstance(value, list | Duration) and name != "values"
    }
    if "initial_learning_rate" in choice.entry.arguments:
        steps["initial_learning_rate"] = written.initial_rate
    return create(choice.replace(**steps))


SCHEDULE_BUILDERS: dict[str, Callable[[_WrittenSchedule], Schedule]] = {
    "OneCycle": _one_cycle,
    "Power": _power,
    "Exponential": _exponential,
    "Piecewise": _piecewise,
    PLATEAU_SCHEDULE: _performance,
    "Cosine": _cosine,
    "CosineLog": _cosine_log,
    "LinearWarmup": _linear_warmup,
    "Noam": _noam,
}
"""The schedules whose arguments in YAML are not those of a class; every other one is created as written."""
