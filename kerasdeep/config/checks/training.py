"""Checks of optimizer, schedule, loss and training: who states what, and what never comes to act."""

import math
from collections.abc import Iterator
from itertools import product

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import BINARY_LOSSES, CATEGORICAL_LOSSES, MOMENTUM_ARGUMENTS, PLATEAU_SCHEDULE
from kerasdeep.catalog.types import Duration
from kerasdeep.config import optimizer_rules
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.errors import Problems
from kerasdeep.tasks import TASKS, parse_setting, predicts_numbers

_MIN_EFFECTIVE_DECAY = 1e-4
_CLASS_LOSSES = (*CATEGORICAL_LOSSES, *BINARY_LOSSES)
_NON_PROBABILITY_ACTIVATIONS = ("linear", "relu")
"""Activations of an output that give no probabilities."""


def _weight_decay(context: CheckContext, problems: Problems) -> None:
    section = context.config.regularization
    for optimizer in _optimizers(context):
        optimizer_decay = optimizer.arguments.get("weight_decay")
        if optimizer_decay is not None and section.weight_decay is not None:
            message = "weight decay is given twice: in `regularization` and in `optimizer`. Keep one."
            problems.error("conflict", message, section.location("weight_decay"))
        decay = optimizer_decay if optimizer_decay is not None else section.weight_decay
        if decay is not None and 0 < decay < _MIN_EFFECTIVE_DECAY:
            location = section.location("weight_decay") if optimizer_decay is None else optimizer.location
            message = f"a weight decay of {decay:g} shrinks weights by less than a thousandth in a typical run. "
            message += "Keras's AdamW has 0.004."
            problems.warn("tiny-weight-decay", message, location)


def _optimizers(context: CheckContext) -> Iterator[Choice]:
    """Every optimizer that updates variables in some stage."""
    return (optimizer for stage in context.stages for optimizer in optimizer_rules.leaf_optimizers(stage.optimizer))


def _momentum(context: CheckContext, problems: Problems) -> None:
    for stage in context.stages:
        for optimizer in optimizer_rules.leaf_optimizers(stage.optimizer):
            _momentum_of(optimizer, stage.schedule, problems)


def _momentum_of(optimizer: Choice, schedule: Choice | None, problems: Problems) -> None:
    schedule_moves_momentum = optimizer_rules.moves_momentum(schedule)
    if optimizer_rules.moves_momentum(schedule) and optimizer.name not in MOMENTUM_ARGUMENTS:
        message = f"`schedule.one_cycle.momentum` schedules a momentum, which {optimizer.name} does not have. "
        message += f"Use one of {', '.join(MOMENTUM_ARGUMENTS)}, or leave it out."
        problems.error("conflict", message, schedule.location)
    elif schedule_moves_momentum and MOMENTUM_ARGUMENTS[optimizer.name] in optimizer.arguments:
        name = MOMENTUM_ARGUMENTS[optimizer.name]
        message = f"`{name}` is given to {optimizer.name} and moved by the schedule. Keep one."
        problems.error("conflict", message, optimizer.location)
    if optimizer.arguments.get("nesterov") and not optimizer.value("momentum") and not schedule_moves_momentum:
        problems.warn("no-momentum", "`nesterov: true` does nothing while momentum is 0.", optimizer.location)


def _weight_averaging(context: CheckContext, problems: Problems) -> None:
    for optimizer, key in product(_optimizers(context), ("ema_momentum", "ema_overwrite_frequency")):
        argument = optimizer.entry.arguments.get(key)
        written = optimizer.arguments.get(key)
        if argument and written not in (None, argument.default) and not optimizer.arguments.get("use_ema"):
            message = f"`{optimizer.name}.{key}` has no effect without `use_ema: true`."
            problems.warn("no-effect", message, optimizer.location)
    for stage in context.stages:
        stopping = stage.early_stopping
        for optimizer in optimizer_rules.leaf_optimizers(stage.optimizer or context.config.optimizer):
            is_averaged = optimizer.arguments.get("use_ema") and not optimizer.arguments.get("ema_overwrite_frequency")
            if is_averaged and stopping and stopping.restore_best_weights:
                message = "`use_ema` puts averaged weights into the network at the end, and early stopping then puts "
                message += "back those of the best epoch as they were trained, so it has no effect. Write "
                message += "`restore_best_weights: false`, or have them averaged on the way: `ema_overwrite_frequency`."
                problems.warn("no-effect", message, optimizer.location)


def _learning_rates(context: CheckContext, problems: Problems) -> None:
    for stage in context.stages:
        schedule = stage.schedule
        for inner in optimizer_rules.nested_schedules(schedule) if schedule else ():
            if inner.name == PLATEAU_SCHEDULE:
                message = "performance scheduling reacts to results and cannot be a part of something. "
                message += "Write it under `schedule:` itself."
                problems.error("conflict", message, inner.location)
        for optimizer in optimizer_rules.leaf_optimizers(stage.optimizer):
            rate = optimizer.arguments.get("learning_rate")
            # The default optimizer's own rate was not asked for, and has no location.
            if optimizer_rules.states_learning_rate(schedule) and rate is not None and optimizer.location is not None:
                message = f"`{schedule.name}` states its own rates; the optimizer's learning_rate {rate:g} is not "
                problems.warn("unused-learning-rate", message + "used.", optimizer.location)


def _boundaries(context: CheckContext, problems: Problems) -> None:
    for stage in context.stages:
        if stage.schedule is not None:
            _boundaries_of(stage.schedule, stage.epochs, problems)


def _boundaries_of(schedule: Choice, epochs: int, problems: Problems) -> None:
    if schedule.name in ("Piecewise", "PiecewiseConstantDecay"):
        boundaries, values = schedule.value("boundaries"), schedule.value("values")
        if len(values) != len(boundaries) + 1:
            message = f"{len(boundaries)} boundaries need {len(boundaries) + 1} values, found {len(values)}."
            problems.error("conflict", message, schedule.location)
        amounts = [boundary.amount for boundary in boundaries]
        units = {boundary.unit for boundary in boundaries}
        if len(units) == 1 and sorted(set(amounts)) != amounts:
            problems.error("conflict", "the boundaries must rise.", schedule.location)
    unreached = optimizer_rules.unreached_durations(schedule, epochs)
    if unreached:
        message = f"training ends after {epochs} epochs, before {schedule.name} gets to "
        message += f"{', '.join(map(str, unreached))}."
        problems.warn("past-the-end", message, schedule.location)


def _schedule_epochs(context: CheckContext, problems: Problems) -> None:
    section = context.config.training
    if section.schedule_epochs is None:
        return
    reason = "each stage's schedule fills its stage" if context.config.stages else None
    if context.config.schedule is None:
        reason = "there is no schedule"
    if reason:
        message = f"`training.schedule_epochs` has no effect: {reason}. Remove it."
        problems.warn("no-effect", message, section.location("schedule_epochs"))


def _monitors(context: CheckContext, problems: Problems) -> None:
    if context.config.data.validation is not None:
        return
    watched = []
    early_stopping = context.config.training.early_stopping
    if early_stopping:
        location = early_stopping.location("monitor") or context.config.training.location("early_stopping")
        watched.append(("training.early_stopping.monitor", early_stopping.monitor, location))
    for stage in context.stages:
        if stage.schedule and stage.schedule.name == PLATEAU_SCHEDULE:
            monitor = stage.schedule.value("monitor")
            watched.append(("schedule.performance.monitor", monitor, stage.schedule.location))
    for key_path, monitor, location in watched:
        if monitor.startswith("val_"):
            message = f"`{key_path}` watches {monitor}, but `data.validation` is null. Give it a part, or watch `loss`."
            problems.error("conflict", message, location)


def _early_stopping(context: CheckContext, problems: Problems) -> None:
    for stage in context.stages:
        stopping, epochs = stage.early_stopping, stage.epochs
        location = stage.location("early_stopping")
        if len(context.stages) == 1:
            location = location or context.config.training.location("early_stopping")
        if stopping is None or location is None:
            continue  # what several stages inherit may suit the long ones only
        if stopping.include_start and not stopping.monitor.startswith("val_"):
            message = (
                f"`include_start` measures the validation rows, and `monitor: {stopping.monitor}` the training ones."
            )
            problems.error("conflict", f"{message} Watch `val_loss`.", stopping.location("include_start") or location)
        if stopping.start_from_epoch >= epochs:
            message = (
                f"early stopping watches from epoch {stopping.start_from_epoch} on, but training ends at {epochs}."
            )
            problems.warn("no-effect", message, stopping.location("start_from_epoch") or location)
        elif stopping.patience >= epochs and not stopping.restore_best_weights:
            message = f"a patience of {stopping.patience} epochs never runs out within {epochs}."
            problems.warn("no-effect", message, stopping.location("patience") or location)


def _pruning(context: CheckContext, problems: Problems) -> None:
    """What would leave another share of zeros than the file says."""
    section = context.config.regularization.pruning
    if section is None:
        return
    location = context.config.regularization.location("pruning")
    if section.below is not None and section.differs_from_default("share"):
        message = f"pruning to a share of {section.share:g} and below {section.below:g}. Keep one of the two."
        problems.error("conflict", message, location)
    last = context.stages[-1]
    start, end = (_in_epochs(duration, last.epochs) for duration in (section.from_, section.until))
    if "minutes" in (section.from_.unit, section.until.unit):
        message = "pruning counts training, not time. Expected epochs, steps or per cent."
        problems.error("conflict", message, location)
    elif start is not None and end is not None and start > end:
        message = f"pruning from {section.from_} until {section.until}: it would end before it begins."
        problems.error("conflict", message, location)
    elif end is not None and end > last.epochs:
        message = f"training ends after {last.epochs} epochs, before pruning ends at {section.until}."
        problems.warn("past-the-end", message, location)
    early_stopping = last.early_stopping
    if early_stopping and (end is None or early_stopping.start_from_epoch < end):
        suggestion = "" if end is None else f": `start_from_epoch: {math.ceil(end)}`"
        message = "early stopping could restore weights from before pruning ended. Start it later"
        problems.error("conflict", f"{message}{suggestion}, or remove it.", location)
    for optimizer in optimizer_rules.leaf_optimizers(last.optimizer):
        if optimizer.arguments.get("use_ema"):
            message = "`use_ema` averages pruned weights with what they were, so that they are not zero. Keep one."
            problems.error("conflict", message, location)


def _in_epochs(duration: Duration, epochs: int) -> float | None:
    """The duration in epochs of a training of so many; None where that takes the number of steps."""
    epochs_per_unit = {"epochs": 1.0, "%": epochs / 100}
    return duration.amount * epochs_per_unit[duration.unit] if duration.unit in epochs_per_unit else None


def _label_smoothing(context: CheckContext, problems: Problems) -> None:
    config, section = context.config, context.config.regularization
    if not section.label_smoothing:
        return
    location = section.location("label_smoothing")
    if predicts_numbers(config.task):
        message = "`regularization.label_smoothing` has no effect on numbers. Remove it."
        problems.warn("no-effect", message, location)
    for loss in config.loss.values() if isinstance(config.loss, dict) else [config.loss]:
        if isinstance(loss, Choice) and loss.arguments.get("label_smoothing") is not None:
            message = f"label smoothing is given twice: in `regularization` and in {loss.name}. Keep one."
            problems.error("conflict", message, location)


def _outputs(context: CheckContext, problems: Problems) -> None:
    """Losses that do not fit what the output gives."""
    config = context.config
    task, _ = parse_setting(config.task)
    for layer in context.outputs:
        name = layer.arguments.get("name") or "output"
        loss = config.loss.get(name) if isinstance(config.loss, dict) else config.loss
        activation = layer.arguments.get("activation")
        if isinstance(activation, Choice):
            _loss_and_activation(loss, layer, activation, problems)
        elif isinstance(loss, Choice) and loss.arguments.get("from_logits"):
            message = f"{loss.name} expects logits, but `Output` ends in a {_usual_activation(task)}. "
            message += "Write `Output: {activation: linear}`, or remove `from_logits`."
            problems.error("conflict", message, loss.location)
        if isinstance(loss, Choice) and predicts_numbers(config.task) and loss.name in _CLASS_LOSSES:
            message = f"{loss.name} compares classes, but the task is {task}. Use mean_squared_error or huber."
            problems.error("conflict", message, loss.location)


def _usual_activation(task: str) -> str:
    return TASKS[task].activation if task in TASKS and not predicts_numbers(task) else "sigmoid or softmax"


def _loss_and_activation(loss: object, layer: Choice, activation: Choice, problems: Problems) -> None:
    location = activation.location or layer.location
    if activation.name == "softmax" and layer.arguments.get("units") == 1:
        message = "a softmax over one unit is always 1. Use sigmoid, or leave units and activation to the task."
        problems.error("conflict", message, location)
    if not isinstance(loss, Choice):
        return
    logits = loss.arguments.get("from_logits")
    if loss.name in CATEGORICAL_LOSSES and activation.name == "sigmoid":
        message = f"{loss.name} expects probabilities that sum to 1, a sigmoid's do not. "
        message += "Use softmax, or BinaryCrossentropy."
        problems.error("conflict", message, location)
    elif loss.name in _CLASS_LOSSES and not logits and activation.name in _NON_PROBABILITY_ACTIVATIONS:
        message = f"{loss.name} expects probabilities, {activation.name} gives none. "
        message += "Leave the activation to the task, or write `from_logits: true`."
        problems.error("conflict", message, location)
    elif logits and activation.name in ("sigmoid", "softmax"):
        message = f"{loss.name} expects logits, {activation.name} gives probabilities. Remove `from_logits`."
        problems.error("conflict", message, location)


def _runtime(context: CheckContext, problems: Problems) -> None:
    runtime = context.config.runtime
    if runtime.backend == "jax" and runtime.differs_from_default("compile") and runtime.compile == "none":
        message = "`runtime.compile: none` has no effect with JAX, which always compiles."
        problems.warn("no-effect", message, runtime.location("compile"))
    if runtime.backend != "jax" and runtime.differs_from_default("cache"):
        message = "`runtime.cache` has no effect with TensorFlow, which keeps no compiled programs. Remove it."
        problems.warn("no-effect", message, runtime.location("cache"))
    if runtime.precision == "bfloat16":
        message = "`runtime.precision: bfloat16` keeps weights in eight bits of precision: an update below a 256th of "
        message += "a weight is lost. `mixed_bfloat16` computes as fast and keeps them in float32."
        problems.warn("coarse-weights", message, runtime.location("precision"))
    if runtime.distribution == "data_parallel" and runtime.backend != "jax":
        message = "`runtime.distribution: data_parallel` is JAX's: Keras 3 does not distribute on TensorFlow. Use "
        message += "`backend: jax` (`--backend jax`), or one device."
        problems.error("conflict", message, runtime.location("distribution"))


CHECKS = (
    *(_weight_decay, _momentum, _weight_averaging, _learning_rates, _boundaries, _schedule_epochs),
    *(_monitors, _early_stopping, _pruning, _label_smoothing, _outputs, _runtime),
)
