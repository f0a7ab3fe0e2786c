"""Checks of optimizer, schedule, loss and training: who states what, and what never comes to act."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from kerasdeep.catalog import Choice
from kerasdeep.catalog.types import Duration
from kerasdeep.errors import Report
from kerasdeep.spec import rates
from kerasdeep.spec.conflicts.view import View, stated

_SMALLEST_DECAY = 1e-4
_CATEGORICAL = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalFocalCrossentropy")
_BINARY = ("BinaryCrossentropy", "BinaryFocalCrossentropy")
_FOR_NUMBERS = ("linear", "relu")
"""Activations of an output that give no probabilities."""


def _weight_decay(view: View, report: Report) -> None:
    section = view.spec.regularization
    for optimizer in _optimizers(view):
        own = optimizer.arguments.get("weight_decay")
        if own is not None and section.weight_decay is not None:
            message = "weight decay is given twice: in `regularization` and in `optimizer`. Keep one."
            report.error("conflict", message, section.mark("weight_decay"))
        decay = own if own is not None else section.weight_decay
        if decay is not None and 0 < decay < _SMALLEST_DECAY:
            mark = section.mark("weight_decay") if own is None else optimizer.mark
            message = f"a weight decay of {decay:g} shrinks weights by less than a thousandth in a typical run. "
            message += "Keras's AdamW has 0.004."
            report.warn("tiny-weight-decay", message, mark)


def _optimizers(view: View) -> Iterator[Choice]:
    """Every optimizer that updates variables in some stage."""
    return (optimizer for stage in view.stages for optimizer in rates.groups(stage.optimizer))


def _momentum(view: View, report: Report) -> None:
    for stage in view.stages:
        for optimizer in rates.groups(stage.optimizer):
            _momentum_of(optimizer, stage.schedule, report)


def _momentum_of(optimizer: Choice, schedule: Choice | None, report: Report) -> None:
    moved = rates.moves_momentum(schedule)
    if moved and optimizer.name not in rates.MOMENTUM:
        message = f"`schedule.one_cycle.momentum` moves a momentum that {optimizer.name} does not have. "
        message += f"Use one of {', '.join(rates.MOMENTUM)}, or leave it out."
        report.error("conflict", message, schedule.mark)
    elif moved and rates.MOMENTUM[optimizer.name] in optimizer.arguments:
        name = rates.MOMENTUM[optimizer.name]
        message = f"`{name}` is given to {optimizer.name} and moved by the schedule. Keep one."
        report.error("conflict", message, optimizer.mark)
    if optimizer.arguments.get("nesterov") and not optimizer.value("momentum") and not moved:
        report.warn("no-momentum", "`nesterov: true` does nothing while momentum is 0.", optimizer.mark)


def _averaging(view: View, report: Report) -> None:
    for optimizer, key in product(_optimizers(view), ("ema_momentum", "ema_overwrite_frequency")):
        argument = optimizer.entry.arguments.get(key)
        written = optimizer.arguments.get(key)
        if argument and written not in (None, argument.default) and not optimizer.arguments.get("use_ema"):
            message = f"`{optimizer.name}.{key}` has no effect without `use_ema: true`."
            report.warn("no-effect", message, optimizer.mark)


def _rates(view: View, report: Report) -> None:
    for stage in view.stages:
        schedule = stage.schedule
        for inner in rates.nested(schedule) if schedule else ():
            if inner.name == "Performance":
                message = "performance scheduling reacts to results and cannot be a part of something. "
                message += "Write it under `schedule:` itself."
                report.error("conflict", message, inner.mark)
        for optimizer in rates.groups(stage.optimizer):
            rate = optimizer.arguments.get("learning_rate")
            # The default optimizer's own rate is nobody's wish, and has no mark.
            if rates.states_rates(schedule) and rate is not None and optimizer.mark is not None:
                message = f"`{schedule.name}` states its own rates; the optimizer's learning_rate {rate:g} is not "
                report.warn("unused-learning-rate", message + "used.", optimizer.mark)


def _boundaries(view: View, report: Report) -> None:
    for stage in view.stages:
        if stage.schedule is not None:
            _boundaries_of(stage.schedule, stage.epochs, report)


def _boundaries_of(schedule: Choice, epochs: int, report: Report) -> None:
    if schedule.name in ("Piecewise", "PiecewiseConstantDecay"):
        boundaries, values = schedule.value("boundaries"), schedule.value("values")
        if len(values) != len(boundaries) + 1:
            message = f"{len(boundaries)} boundaries need {len(boundaries) + 1} values, found {len(values)}."
            report.error("conflict", message, schedule.mark)
        amounts = [boundary.amount for boundary in boundaries]
        units = {boundary.unit for boundary in boundaries}
        if len(units) == 1 and sorted(set(amounts)) != amounts:
            report.error("conflict", "the boundaries must rise.", schedule.mark)
    late = rates.past_the_end(schedule, epochs)
    if late:
        message = f"training ends after {epochs} epochs, before {schedule.name} gets to "
        message += f"{', '.join(map(str, late))}."
        report.warn("past-the-end", message, schedule.mark)


def _schedule_epochs(view: View, report: Report) -> None:
    section = view.spec.training
    if section.schedule_epochs is None:
        return
    why = "each stage's schedule fills its stage" if view.spec.stages else None
    if view.spec.schedule is None:
        why = "there is no schedule"
    if why:
        message = f"`training.schedule_epochs` has no effect: {why}. Remove it."
        report.warn("no-effect", message, section.mark("schedule_epochs"))


def _monitors(view: View, report: Report) -> None:
    if view.spec.data.validation is not None:
        return
    watched = []
    early = view.spec.training.early_stopping
    if early:
        mark = early.mark("monitor") or view.spec.training.mark("early_stopping")
        watched.append(("training.early_stopping.monitor", early.monitor, mark))
    for stage in view.stages:
        if stage.schedule and stage.schedule.name == "Performance":
            monitor = stage.schedule.value("monitor")
            watched.append(("schedule.performance.monitor", monitor, stage.schedule.mark))
    for where, monitor, mark in watched:
        if monitor.startswith("val_"):
            message = (
                f"`{where}` watches {monitor}, but `data.validation` is null. Give it a part, or watch `loss`."
            )
            report.error("conflict", message, mark)


def _early_stopping(view: View, report: Report) -> None:
    for stage in view.stages:
        early, epochs = stage.early_stopping, stage.epochs
        mark = stage.mark("early_stopping")
        if len(view.stages) == 1:
            mark = mark or view.spec.training.mark("early_stopping")
        if early is None or mark is None:
            continue  # what several stages inherit may suit the long ones only
        if early.start_from_epoch >= epochs:
            message = f"early stopping watches from epoch {early.start_from_epoch} on, "
            message += f"but training ends at {epochs}."
            report.warn("no-effect", message, early.mark("start_from_epoch") or mark)
        elif early.patience >= epochs and not early.restore_best_weights:
            message = f"a patience of {early.patience} epochs never runs out within {epochs}."
            report.warn("no-effect", message, early.mark("patience") or mark)


def _pruning(view: View, report: Report) -> None:
    """What would leave another share of zeros than the file says."""
    section = view.spec.regularization.pruning
    if section is None:
        return
    mark = view.spec.regularization.mark("pruning")
    if section.below is not None and stated(section, "share"):
        message = f"pruning to a share of {section.share:g} and below {section.below:g}. Keep one of the two."
        report.error("conflict", message, mark)
    last = view.stages[-1]
    start, end = (_in_epochs(duration, last.epochs) for duration in (section.from_, section.until))
    if "minutes" in (section.from_.unit, section.until.unit):
        message = "pruning counts training, not time. Expected epochs, steps or per cent."
        report.error("conflict", message, mark)
    elif start is not None and end is not None and start > end:
        message = f"pruning from {section.from_} until {section.until}: it would end before it begins."
        report.error("conflict", message, mark)
    elif end is not None and end > last.epochs:
        message = f"training ends after {last.epochs} epochs, before pruning ends at {section.until}."
        report.warn("past-the-end", message, mark)
    stopping = last.early_stopping
    if stopping and (end is None or stopping.start_from_epoch < end):
        first = "" if end is None else f": `start_from_epoch: {math.ceil(end)}`"
        message = "early stopping could keep weights from before pruning was done. Let it watch later"
        report.error("conflict", f"{message}{first}, or remove it.", mark)
    for optimizer in rates.groups(last.optimizer):
        if optimizer.arguments.get("use_ema"):
            message = "`use_ema` averages pruned weights with what they were, so that they are no zeros. Keep one."
            report.error("conflict", message, mark)


def _in_epochs(duration: Duration, epochs: int) -> float | None:
    """The duration in epochs of a training of so many; None where that takes the number of steps."""
    per = {"epochs": 1.0, "%": epochs / 100}
    return duration.amount * per[duration.unit] if duration.unit in per else None


def _label_smoothing(view: View, report: Report) -> None:
    spec, section = view.spec, view.spec.regularization
    if not section.label_smoothing:
        return
    mark = section.mark("label_smoothing")
    if spec.task == "regression":
        message = "`regularization.label_smoothing` has no effect on numbers. Remove it."
        report.warn("no-effect", message, mark)
    for loss in _losses(spec.loss):
        if loss.arguments.get("label_smoothing") is not None:
            message = f"label smoothing is given twice: in `regularization` and in {loss.name}. Keep one."
            report.error("conflict", message, mark)


def _losses(loss: object) -> list[Choice]:
    values = loss.values() if isinstance(loss, dict) else [loss]
    return [value for value in values if isinstance(value, Choice)]


def _outputs(view: View, report: Report) -> None:
    """Losses that do not fit what the output gives."""
    spec = view.spec
    for layer in view.outputs:
        name = layer.arguments.get("name") or "output"
        loss = spec.loss.get(name) if isinstance(spec.loss, dict) else spec.loss
        activation = layer.arguments.get("activation")
        if isinstance(activation, Choice):
            _activation(loss, layer, activation, report)
        elif isinstance(loss, Choice) and loss.arguments.get("from_logits"):
            message = f"{loss.name} expects logits, but `Output` ends in a {_usual(spec.task)}. "
            message += "Write `Output: {activation: linear}`, or remove `from_logits`."
            report.error("conflict", message, loss.mark)
        if isinstance(loss, Choice) and spec.task == "regression" and loss.name in (*_CATEGORICAL, *_BINARY):
            message = f"{loss.name} compares classes, but the task is regression. Use mean_squared_error or huber."
            report.error("conflict", message, loss.mark)


def _usual(task: str) -> str:
    return {"binary": "sigmoid", "multiclass": "softmax"}.get(task, "sigmoid or softmax")


def _activation(loss: object, layer: Choice, activation: Choice, report: Report) -> None:
    mark = activation.mark or layer.mark
    if activation.name == "softmax" and layer.arguments.get("units") == 1:
        message = "a softmax over one unit is always 1. Use sigmoid, or leave units and activation to the task."
        report.error("conflict", message, mark)
    if not isinstance(loss, Choice):
        return
    logits = loss.arguments.get("from_logits")
    if loss.name in _CATEGORICAL and activation.name == "sigmoid":
        message = f"{loss.name} expects probabilities that sum to 1, a sigmoid's do not. "
        message += "Use softmax, or BinaryCrossentropy."
        report.error("conflict", message, mark)
    elif loss.name in (*_CATEGORICAL, *_BINARY) and not logits and activation.name in _FOR_NUMBERS:
        message = f"{loss.name} expects probabilities, {activation.name} gives none. "
        message += "Leave the activation to the task, or write `from_logits: true`."
        report.error("conflict", message, mark)
    elif logits and activation.name in ("sigmoid", "softmax"):
        message = f"{loss.name} expects logits, {activation.name} gives probabilities. Remove `from_logits`."
        report.error("conflict", message, mark)


def _runtime(view: View, report: Report) -> None:
    runtime = view.spec.runtime
    if runtime.backend == "jax" and stated(runtime, "compile") and runtime.compile == "none":
        message = "`runtime.compile: none` has no effect with JAX, which always compiles."
        report.warn("no-effect", message, runtime.mark("compile"))
    if runtime.precision == "bfloat16":
        message = (
            "`runtime.precision: bfloat16` keeps weights in eight bits of precision: an update below a 256th of "
        )
        message += "a weight is lost. `mixed_bfloat16` computes as fast and keeps them in float32."
        report.warn("coarse-weights", message, runtime.mark("precision"))
    if runtime.distribution == "data_parallel" and runtime.backend != "jax":
        message = "`runtime.distribution: data_parallel` is JAX's: Keras 3 does not distribute on TensorFlow. Use "
        message += "`backend: jax` (`--backend jax`), or one device."
        report.error("conflict", message, runtime.mark("distribution"))


CHECKS = (
    _weight_decay,
    _momentum,
    _averaging,
    _rates,
    _boundaries,
    _schedule_epochs,
    _monitors,
    _early_stopping,
    _pruning,
    _label_smoothing,
    _outputs,
    _runtime,
)
