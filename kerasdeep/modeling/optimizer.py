"""The optimizer of a stage: its class, its rate and momentum over time, and what its weight decay spares."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasdeep import custom_objects
from kerasdeep.backends import keras_private
from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import MOMENTUM_ARGUMENTS, PLATEAU_SCHEDULE
from kerasdeep.errors import InputError, suggest
from kerasdeep.modeling import schedules
from kerasdeep.modeling.factory import create, keras_errors_at
from kerasdeep.modeling.param_groups import (
    ParamGroup,
    RateGroups,
    build_multi_optimizer,
    inner_optimizers,
    unwrap_loss_scale,
)

NO_DECAY_NAMES = ("bias", "gamma", "beta", "scale", "alpha")


def build_optimizer(
    choice: Choice,
    schedule: Choice | None = None,
    weight_decay: float | None = None,
    steps_per_epoch: int = 1,
    total_steps: int = 1,
) -> keras.optimizers.Optimizer:
    """The Keras optimizer that `choice` and `schedule` describe, for a stage of `total_steps` batches.

    `weight_decay` is that of `regularization:`, given where the optimizer does not state its own. Under gradient
    accumulation every duration counts updates. Raises `InputError` at the location of what Keras refuses, and for a
    momentum cycle of an optimizer that has no momentum.
    """
    if choice.name in ("LossScaleOptimizer", "MultiOptimizer"):
        stage = (schedule, weight_decay, steps_per_epoch, total_steps)
        return _build_wrapper(choice, lambda inner: build_optimizer(inner, *stage))
    extra_arguments: dict[str, Any] = {}
    if weight_decay is not None and "weight_decay" not in choice.arguments:
        extra_arguments["weight_decay"] = weight_decay
    if schedule is None or schedule.name == PLATEAU_SCHEDULE:
        return create(choice, **extra_arguments)
    batches = choice.arguments.get("gradient_accumulation_steps") or 1
    length = schedules.StageLength(steps_per_epoch / batches, max(1, total_steps // batches))
    rate = schedules.build_learning_rate(schedule, choice.value("learning_rate"), length)
    momentum = schedules.build_momentum_schedule(schedule, length)
    extra_arguments["learning_rate"] = custom_objects.PerUpdate(rate, batches) if batches > 1 else rate
    arguments = {name: value for name, value in choice.arguments.items() if name != "learning_rate"}
    if momentum is None:
        return create(Choice(choice.family, choice.name, arguments, choice.location), **extra_arguments)
    if choice.name not in MOMENTUM_ARGUMENTS:
        message = f"one_cycle.momentum moves the momentum or beta_1 of {', '.join(MOMENTUM_ARGUMENTS)}; {choice.name} "
        message += "does not support scheduled momentum. Remove `momentum`, or choose one of these."
        raise InputError(message, "no-momentum", schedule.location)
    with keras_errors_at(choice):
        scheduled_class = custom_objects.CUSTOM_OBJECTS["optimizer"][f"Moving{choice.name}"]
        return scheduled_class(**arguments, **extra_arguments, momentum_schedule=momentum)


def build_grouped_optimizer(
    make: Callable[[Choice], keras.optimizers.Optimizer],
    choice: Choice,
    rate_groups: RateGroups,
    variables: Sequence[keras.Variable],
) -> tuple[keras.optimizers.Optimizer, list[ParamGroup]]:
    """The optimizer of `choice`, as `make` makes it, with groups of variables at multiples of its rate.

    A loss scale goes around all groups together.
    """
    if choice.name != "LossScaleOptimizer":
        return build_multi_optimizer(lambda: make(choice), rate_groups, variables)
    groups: list[ParamGroup] = []

    def inner(inner_choice: Choice) -> keras.optimizers.Optimizer:
        multi, new_groups = build_multi_optimizer(lambda: make(inner_choice), rate_groups, variables)
        groups.extend(new_groups)
        return multi

    return _build_wrapper(choice, inner), groups


def _build_wrapper(
    choice: Choice, build_inner: Callable[[Choice], keras.optimizers.Optimizer]
) -> keras.optimizers.Optimizer:
    """An optimizer made of others, each with the schedule and decay of the stage."""
    if choice.name == "LossScaleOptimizer":
        arguments = {name: value for name, value in choice.arguments.items() if name != "inner_optimizer"}
        wrapped = build_inner(choice.value("inner_optimizer"))
        with keras_errors_at(choice):
            return keras.optimizers.LossScaleOptimizer(wrapped, **arguments)
    groups = {pattern: build_inner(group) for pattern, group in choice.value("optimizer_map").items()}
    default = build_inner(choice.value("default_optimizer"))
    with keras_errors_at(choice):
        return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(default, groups))


def check_multi_optimizer(choice: Choice, model: keras.Model) -> None:
    """Raises `InputError` for a pattern of `MultiOptimizer` that matches no variable, or a variable matched by two."""
    paths = [variable.path for variable in model.trainable_variables]
    pattern_by_path: dict[str, str] = {}
    for pattern in choice.value("optimizer_map") if choice.name == "MultiOptimizer" else ():
        with keras_errors_at(choice, f": the pattern `{pattern}` is not a valid regular expression"):
            matches = [path for path in paths if path == pattern or re.fullmatch(pattern, path)]
        if not matches:
            message = f"MultiOptimizer: `{pattern}` matches none of the variables {', '.join(paths[:6])}"
            message += f"{', …' if len(paths) > 6 else ''}. A pattern stands for the whole path."
            raise InputError(message, "unknown-variables", choice.location, suggest(pattern, paths))
        for path in matches:
            if path in pattern_by_path:
                message = f"MultiOptimizer: `{pattern_by_path[path]}` and `{pattern}` both match {path}. Keep one."
                raise InputError(message, "conflict", choice.location)
            pattern_by_path[path] = pattern


def exclude_biases_and_norms_from_decay(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> list[str]:
    """Keeps weight decay off biases, norms' scales and shifts, and learned slopes; returns the spared paths.

    Decided for each of the model's variables by its own name and rank, not by a pattern that could match others.
    Call it before the optimizer is built. It does nothing for an optimizer without weight decay.
    """
    decaying = [group for group in inner_optimizers(optimizer) if group.weight_decay]
    if not decaying:
        return []
    excluded = [v for v in model.trainable_variables if v.name in NO_DECAY_NAMES or len(v.shape) < 2]
    # The variables of a plan have no value; TensorFlow knows variables by their values, and these never decay.
    with_values = [variable for variable in excluded if keras_private.has_value(variable)]
    for group in decaying:
        group.exclude_from_weight_decay(var_list=with_values)
    return [variable.path for variable in excluded]


def default_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, out of the wrapper that scales the loss; of several groups, the default one."""
    optimizer = unwrap_loss_scale(optimizer)
    if isinstance(optimizer, keras.optimizers.MultiOptimizer):
        return keras_private.default_of_groups(optimizer)
    return optimizer


def last_learning_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of the last update (of the first one, before it)."""
    inner = default_optimizer(optimizer)
    rate = keras_private.learning_rate(inner)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        batches = inner.gradient_accumulation_steps or 1
        return float(rate(_last_update(inner) * batches + batches - 1))
    return float(inner.learning_rate)


def last_momentum(optimizer: keras.optimizers.Optimizer) -> float | None:
    """The momentum (or beta_1) of the last update; None for an optimizer that has neither."""
    inner = default_optimizer(optimizer)
    if isinstance(inner, custom_objects.MomentumScheduleMixin):
        return float(inner.momentum_schedule(_last_update(inner)))
    value = getattr(inner, "momentum", getattr(inner, "beta_1", None))
    return None if value is None else float(value)


def _last_update(inner: keras.optimizers.Optimizer) -> int:
    return max(0, int(inner.iterations) - 1)
