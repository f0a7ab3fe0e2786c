"""The optimizer of a stage: its class, its rate and momentum over time, and what its weight decay spares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from kerasdeep import extras
from kerasdeep.build import schedule as schedules
from kerasdeep.build.create import blaming, create
from kerasdeep.build.groups import Group, grouped, inside
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError, Problem, closest

MOVING = {
    "SGD": extras.MovingSGD,
    "RMSprop": extras.MovingRMSprop,
    "Adam": extras.MovingAdam,
    "AdamW": extras.MovingAdamW,
    "Adamax": extras.MovingAdamax,
    "Nadam": extras.MovingNadam,
}
SPARED_NAMES = ("bias", "gamma", "beta", "scale", "alpha")


def optimizer(
    choice: Choice,
    schedule: Choice | None = None,
    weight_decay: float | None = None,
    steps_per_epoch: int = 1,
    total_steps: int = 1,
) -> keras.optimizers.Optimizer:
    """The Keras optimizer that `choice` and `schedule` describe, for a stage of `total_steps` batches.

    `weight_decay` is that of `regularization:`, given where the optimizer does not state its own. Under gradient
    accumulation every duration counts updates. Raises `InputError` at the mark of what Keras refuses, and for a
    momentum cycle of an optimizer that has no momentum.
    """
    if choice.name in ("LossScaleOptimizer", "MultiOptimizer"):
        stage = (schedule, weight_decay, steps_per_epoch, total_steps)
        return _around(choice, lambda inner: optimizer(inner, *stage))
    more = {}
    if weight_decay is not None and "weight_decay" not in choice.arguments:
        more["weight_decay"] = weight_decay
    if schedule is None or schedule.name == schedules.OF_TRAINING:
        return create(choice, **more)
    batches = choice.arguments.get("gradient_accumulation_steps") or 1
    length = schedules.Length(steps_per_epoch / batches, max(1, total_steps // batches))
    rate = schedules.rate(schedule, choice.value("learning_rate"), length)
    momentum = schedules.momentum(schedule, length)
    more["learning_rate"] = extras.PerUpdate(rate, batches) if batches > 1 else rate
    written = {name: value for name, value in choice.arguments.items() if name != "learning_rate"}
    if momentum is None:
        return create(Choice(choice.family, choice.name, written, choice.mark), **more)
    if choice.name not in MOVING:
        raise InputError(
            f"one_cycle.momentum moves the momentum or beta_1 of {', '.join(MOVING)}; {choice.name} has none that "
            "can move. Remove `momentum`, or choose one of these.",
            "no-momentum",
            schedule.mark,
        )
    with blaming(choice):
        return MOVING[choice.name](**written, **more, momentum_schedule=momentum)


def optimizer_with_rates(
    make: Callable[[Choice], keras.optimizers.Optimizer],
    choice: Choice,
    rates: Mapping[str, tuple[float, Sequence[Any]]],
    variables: Sequence[Any],
) -> tuple[keras.optimizers.Optimizer, list[Group]]:
    """The optimizer of `choice`, as `make` makes it, with groups of variables at multiples of its rate.

    `rates` has (factor, variables) by selector. A loss scale goes around all groups together.
    """
    if choice.name != "LossScaleOptimizer":
        return grouped(lambda: make(choice), rates, variables)
    groups: list[Group] = []

    def inner(within: Choice) -> keras.optimizers.Optimizer:
        made, found = grouped(lambda: make(within), rates, variables)
        groups.extend(found)
        return made

    return _around(choice, inner), groups


def _around(choice: Choice, inner: Callable[[Choice], keras.optimizers.Optimizer]) -> keras.optimizers.Optimizer:
    """An optimizer made of others, each with the schedule and decay of the stage."""
    if choice.name == "LossScaleOptimizer":
        rest = {name: value for name, value in choice.arguments.items() if name != "inner_optimizer"}
        wrapped = inner(choice.value("inner_optimizer"))
        with blaming(choice):
            return keras.optimizers.LossScaleOptimizer(wrapped, **rest)
    groups = {pattern: inner(group) for pattern, group in choice.value("optimizer_map").items()}
    default = inner(choice.value("default_optimizer"))
    with blaming(choice):
        return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(default, groups))


def check_groups(choice: Choice, model: keras.Model) -> None:
    """Raises `InputError` for a pattern of `MultiOptimizer` that meets no variable, or a variable met by two."""
    paths = [variable.path for variable in model.trainable_variables]
    met: dict[str, str] = {}
    for pattern in choice.value("optimizer_map") if choice.name == "MultiOptimizer" else ():
        with blaming(choice, f": the pattern `{pattern}` is no regular expression"):
            found = [path for path in paths if path == pattern or re.fullmatch(pattern, path)]
        if not found:
            message = f"MultiOptimizer: `{pattern}` meets none of the variables {', '.join(paths[:6])}"
            message += f"{', …' if len(paths) > 6 else ''}. A pattern stands for the whole path."
            problem = Problem("error", "unknown-variables", message, choice.mark, closest(pattern, paths))
            raise InputError([problem])
        for path in found:
            if path in met:
                message = f"MultiOptimizer: `{met[path]}` and `{pattern}` both meet {path}. Expected one of them."
                raise InputError(message, "conflict", choice.mark)
            met[path] = pattern


def spare_biases_and_norms(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> list[str]:
    """Keeps weight decay off biases, norms' scales and shifts, and learned slopes; returns the spared paths.

    Decided for each of the model's variables by its own name and rank, not by a pattern that could meet others.
    Must come before the optimizer is built. Does nothing for an optimizer without weight decay.
    """
    decaying = [group for group in inside(optimizer) if group.weight_decay]
    if not decaying:
        return []
    spared = [v for v in model.trainable_variables if v.name in SPARED_NAMES or len(v.shape) < 2]
    # The variables of a plan have no value; TensorFlow knows variables by their values, and these never decay.
    known = [variable for variable in spared if variable._value is not None]
    for group in decaying:
        group.exclude_from_weight_decay(var_list=known)
    return [variable.path for variable in spared]


def innermost(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, out of the wrapper that scales the loss; of several groups, the default one."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    if isinstance(optimizer, keras.optimizers.MultiOptimizer):
        return optimizer._optimizer_map.default_optimizer
    return optimizer


def applied_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of the last update (of the first one, before it)."""
    inner = innermost(optimizer)
    if isinstance(inner._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        batches = inner.gradient_accumulation_steps or 1
        return float(inner._learning_rate(_last_update(inner) * batches + batches - 1))
    return float(inner.learning_rate)


def applied_momentum(optimizer: keras.optimizers.Optimizer) -> float | None:
    """The momentum (or beta_1) of the last update; None for an optimizer that has neither."""
    inner = innermost(optimizer)
    if isinstance(inner, extras.MovingMomentum):
        return float(inner.momentum_schedule(_last_update(inner)))
    value = getattr(inner, "momentum", getattr(inner, "beta_1", None))
    return None if value is None else float(value)


def _last_update(inner: keras.optimizers.Optimizer) -> int:
    return max(0, int(inner.iterations) - 1)
