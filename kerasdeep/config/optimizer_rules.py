"""What other sections decide about the optimizer: which setting decides learning rate and momentum.

`resolved.yaml` leaves out the optimizer's arguments that are decided elsewhere, so that it reads back without a
conflict; the conflict checks and the builders rest on the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import DURATION_ARGUMENTS, MOMENTUM_ARGUMENTS, RATE_STATING_SCHEDULES
from kerasdeep.catalog.types import Duration

if TYPE_CHECKING:
    from kerasdeep.config.sections.regularization import RegularizationConfig


def unwrap_optimizer(optimizer: Choice) -> Choice:
    """The optimizer itself, out of a LossScaleOptimizer."""
    inner = optimizer.arguments.get("inner_optimizer")
    return unwrap_optimizer(inner) if isinstance(inner, Choice) else optimizer


def with_learning_rate(optimizer: Choice, rate: float) -> Choice:
    """The optimizer with another learning rate."""
    inner = optimizer.arguments.get("inner_optimizer")
    if isinstance(inner, Choice):
        return optimizer.replace(inner_optimizer=with_learning_rate(inner, rate))
    return optimizer.replace(learning_rate=rate)


def leaf_optimizers(optimizer: Choice) -> list[Choice]:
    """The optimizers that update variables: the innermost one, or each of a MultiOptimizer's."""
    inner = unwrap_optimizer(optimizer)
    if inner.name != "MultiOptimizer":
        return [inner]
    members = [inner.value("default_optimizer"), *inner.value("optimizer_map").values()]
    return [leaf for member in members for leaf in leaf_optimizers(member)]


def states_learning_rate(schedule: Choice | None) -> TypeGuard[Choice]:
    """Whether the optimizer's learning rate is of no use beside this schedule."""
    if schedule is None:
        return False
    if schedule.name in RATE_STATING_SCHEDULES or schedule.arguments.get("initial_learning_rate") is not None:
        return True
    return any(states_learning_rate(inner) for inner in nested_schedules(schedule))


def nested_schedules(schedule: Choice) -> Iterator[Choice]:
    """Schedules among the arguments of a schedule."""
    return (value for value in schedule.arguments.values() if isinstance(value, Choice))


def moves_momentum(schedule: Choice | None) -> TypeGuard[Choice]:
    """Whether the schedule sets the momentum as well as the rate."""
    return schedule is not None and schedule.name == "OneCycle" and schedule.value("momentum") is not None


def overridden_arguments(optimizer: Choice, schedule: Choice | None, regularization: RegularizationConfig) -> set[str]:
    """The optimizer's arguments that the schedule or `regularization` decide."""
    arguments = set()
    if states_learning_rate(schedule):
        arguments.add("learning_rate")
    if moves_momentum(schedule) and optimizer.name in MOMENTUM_ARGUMENTS:
        arguments.add(MOMENTUM_ARGUMENTS[optimizer.name])
    if regularization.weight_decay is not None:
        arguments.add("weight_decay")
    return arguments


def unreached_durations(schedule: Choice, epochs: int, steps_per_epoch: float | None = None) -> list[Duration]:
    """The schedule's boundaries and warm-ups that a training of `epochs` never reaches.

    Where `steps_per_epoch` is not known yet, only those in epochs and per cent are judged.
    """
    unreached = []
    for choice in (schedule, *nested_schedules(schedule)):
        value = choice.arguments.get(DURATION_ARGUMENTS.get(choice.name, ""))
        for duration in value if isinstance(value, list) else [value]:
            if not isinstance(duration, Duration):
                continue
            limits = {"epochs": epochs, "%": 100, "steps": epochs * (steps_per_epoch or 0)}
            limit = limits.get(duration.unit, 0)
            # A cycle may end with the training; what happens at a boundary happens after it.
            if limit and (duration.amount > limit or (duration.amount == limit and isinstance(value, list))):
                unreached.append(duration)
    return unreached
