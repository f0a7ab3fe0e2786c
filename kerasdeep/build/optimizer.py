"""The optimizer of a stage: its class, its rate and momentum over time, and what its weight decay spares."""

from __future__ import annotations

import keras

from kerasdeep import extras
from kerasdeep.build import schedule as schedules
from kerasdeep.build.create import blaming, create
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError

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
    if choice.name == "LossScaleOptimizer":
        inner = optimizer(choice.value("inner_optimizer"), schedule, weight_decay, steps_per_epoch, total_steps)
        rest = {name: value for name, value in choice.arguments.items() if name != "inner_optimizer"}
        with blaming(choice):
            return keras.optimizers.LossScaleOptimizer(inner, **rest)
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


def spare_biases_and_norms(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> list[str]:
    """Keeps weight decay off biases, norms' scales and shifts, and learned slopes; returns the spared paths.

    Decided for each of the model's variables by its own name and rank, not by a pattern that could meet others.
    Must come before the optimizer is built. Does nothing for an optimizer without weight decay.
    """
    inner = innermost(optimizer)
    if not inner.weight_decay:
        return []
    spared = [v for v in model.trainable_variables if v.name in SPARED_NAMES or len(v.shape) < 2]
    inner.exclude_from_weight_decay(var_list=spared)
    return [variable.path for variable in spared]


def innermost(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, out of the wrapper that scales the loss in mixed precision."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
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
