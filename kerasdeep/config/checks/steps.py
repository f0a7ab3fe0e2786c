"""Checks that need the number of steps, which only the data tell: for `plan` and `train`, not for `validate`."""

from collections.abc import Iterator

from kerasdeep.catalog import Choice
from kerasdeep.catalog.types import Duration
from kerasdeep.config import optimizer_rules
from kerasdeep.config.root import Config
from kerasdeep.errors import Problems

_STAIRCASE_SCHEDULES = ("Exponential", "Power", "ExponentialDecay", "InverseTimeDecay")
"""Schedules that with `staircase` change at every `decay_steps` and not before."""


def check_steps(
    config: Config, optimizer: Choice, schedule: Choice | None, steps_per_epoch: int, epochs: int
) -> Problems:
    """What never comes to act in a training of `epochs` times `steps_per_epoch` batches.

    `optimizer` and `schedule` are those of the stage. Raises nothing: errors and warnings are in the report.
    """
    problems = Problems()
    inner = optimizer_rules.unwrap_optimizer(optimizer)
    batches = inner.arguments.get("gradient_accumulation_steps") or 1
    total = steps_per_epoch * epochs
    if batches > total:
        message = f"{inner.name} updates after every {batches:,} batches, but the training has {total:,}. "
        message += "Nothing would be learnt. Lower `gradient_accumulation_steps`."
        problems.error("conflict", message, optimizer.location)
        return problems
    per_epoch, updates = steps_per_epoch / batches, total // batches
    rate = inner.arguments.get("learning_rate")
    for choice in (schedule, rate):
        if isinstance(choice, Choice):
            _unreached_steps(choice, per_epoch, updates, epochs, problems)
    overwrite = inner.arguments.get("ema_overwrite_frequency")
    if isinstance(overwrite, int) and overwrite > updates and inner.arguments.get("use_ema"):
        message = f"`ema_overwrite_frequency: {overwrite}` is past the end: the training has {updates:,} updates."
        problems.warn("past-the-end", message, optimizer.location)
    every = config.training.checkpoint.every
    if every.unit == "steps" and every.amount > total:
        message = f"`checkpoint.every: {every}` is past the end: the training has {total:,} steps, "
        message += "so only its end is saved."
        location = config.training.checkpoint.location("every") or config.training.location("checkpoint")
        problems.warn("past-the-end", message, location)
    return problems


def _unreached_steps(schedule: Choice, per_epoch: float, updates: int, epochs: int, problems: Problems) -> None:
    """Durations in steps past the end; those in epochs and per cent were judged when the file was read."""
    unreached = [
        str(duration)
        for duration in optimizer_rules.unreached_durations(schedule, epochs, per_epoch)
        if duration.unit == "steps"
    ]
    unreached += [str(duration) for duration in _unreached_staircases(schedule, per_epoch, updates)]
    if unreached:
        message = f"training ends after {updates:,} updates, before {schedule.name} gets to {', '.join(unreached)}."
        problems.warn("past-the-end", message, schedule.location)


def _unreached_staircases(schedule: Choice, per_epoch: float, updates: int) -> Iterator[Duration]:
    for choice in (schedule, *optimizer_rules.nested_schedules(schedule)):
        if choice.name in _STAIRCASE_SCHEDULES and choice.value("staircase"):
            steps = choice.value("decay_steps")
            if isinstance(steps, Duration) and steps.steps(per_epoch, updates) >= updates:
                yield steps
