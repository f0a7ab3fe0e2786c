"""Checks that need the number of steps, which only the data tell: for `plan` and `train`, not for `validate`."""

from __future__ import annotations

from collections.abc import Iterator

from kerasdeep.catalog import Choice
from kerasdeep.catalog.types import Duration
from kerasdeep.errors import Report
from kerasdeep.spec import rates
from kerasdeep.spec.experiment import Spec

_JUMPS = ("Exponential", "Power", "ExponentialDecay", "InverseTimeDecay")
"""Schedules that with `staircase` change at every `decay_steps` and not before."""


def check_steps(
    spec: Spec, optimizer: Choice, schedule: Choice | None, steps_per_epoch: int, epochs: int
) -> Report:
    """What never comes to act in a training of `epochs` times `steps_per_epoch` batches.

    `optimizer` and `schedule` are those of the stage. Raises nothing: errors and warnings are in the report.
    """
    report = Report()
    inner = rates.innermost(optimizer)
    batches = inner.arguments.get("gradient_accumulation_steps") or 1
    total = steps_per_epoch * epochs
    if batches > total:
        message = f"{inner.name} updates after every {batches:,} batches, but the training has {total:,}. "
        message += "Nothing would be learnt. Lower `gradient_accumulation_steps`."
        report.error("conflict", message, optimizer.mark)
        return report
    per_epoch, updates = steps_per_epoch / batches, total // batches
    rate = inner.arguments.get("learning_rate")
    for choice in (schedule, rate):
        if isinstance(choice, Choice):
            _late(choice, per_epoch, updates, epochs, report)
    overwrite = inner.arguments.get("ema_overwrite_frequency")
    if isinstance(overwrite, int) and overwrite > updates and inner.arguments.get("use_ema"):
        message = f"`ema_overwrite_frequency: {overwrite}` is past the end: the training has {updates:,} updates."
        report.warn("past-the-end", message, optimizer.mark)
    every = spec.training.checkpoint.every
    if every.unit == "steps" and every.amount > total:
        message = f"`checkpoint.every: {every}` is past the end: the training has {total:,} steps, "
        message += "so only its end is saved."
        mark = spec.training.checkpoint.mark("every") or spec.training.mark("checkpoint")
        report.warn("past-the-end", message, mark)
    return report


def _late(schedule: Choice, per_epoch: float, updates: int, epochs: int, report: Report) -> None:
    """Durations in steps past the end; those in epochs and per cent were judged when the file was read."""
    late = [
        str(duration) for duration in rates.past_the_end(schedule, epochs, per_epoch) if duration.unit == "steps"
    ]
    late += [str(duration) for duration in _jumps_past_the_end(schedule, per_epoch, updates)]
    if late:
        message = f"training ends after {updates:,} updates, before {schedule.name} gets to {', '.join(late)}."
        report.warn("past-the-end", message, schedule.mark)


def _jumps_past_the_end(schedule: Choice, per_epoch: float, updates: int) -> Iterator[Duration]:
    for choice in (schedule, *rates.nested(schedule)):
        if choice.name in _JUMPS and choice.value("staircase"):
            steps = choice.value("decay_steps")
            if isinstance(steps, Duration) and steps.steps(per_epoch, updates) >= updates:
                yield steps
