"""Which setting holds the learning rate of an experiment. Knows no Keras."""

from dataclasses import dataclass
from typing import Any, cast

from kerasdeep.catalog import Choice
from kerasdeep.config.optimizer_rules import nested_schedules
from kerasdeep.config.root import Config
from kerasdeep.config.sections.stages import StageConfig

NO_SINGLE_RATE = ("Piecewise", "PiecewiseConstantDecay", "Noam", "MultiOptimizer")
"""Choices that state several rates, or none: no single number can be put into them."""


@dataclass(frozen=True)
class RateSetting:
    """`path` in canonical names, such as ("optimizer", "SGD", "learning_rate"), and what it holds now.

    `is_peak` says that the rate is the top of a cycle, held for a moment only.
    """

    path: tuple[str, ...]
    value: float | None
    is_peak: bool = False

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


def find_rate_setting(config: Config | StageConfig) -> RateSetting | None:
    """Where one number sets how fast the network, or a stage of it, learns; None where there is none."""
    if config.schedule is not None:
        if any(schedule.name in NO_SINGLE_RATE for schedule in (config.schedule, *nested_schedules(config.schedule))):
            return None
        schedule_setting = _schedule_rate_setting(config.schedule, ("schedule",))
        if schedule_setting:
            return schedule_setting
    choice, path = config.optimizer, cast("tuple[str, ...]", ("optimizer",))
    while choice.name == "LossScaleOptimizer":
        path, choice = (*path, choice.name, "inner_optimizer"), choice.value("inner_optimizer")
    if choice.name in NO_SINGLE_RATE:
        return None
    return RateSetting((*path, choice.name, "learning_rate"), _number_or_none(choice.value("learning_rate")))


def _schedule_rate_setting(choice: Choice, path: tuple[str, ...]) -> RateSetting | None:
    """The schedule's own rate; None where it starts from the optimizer's."""
    path = (*path, choice.name)
    if choice.name == "OneCycle":
        return RateSetting((*path, "max_rate"), choice.value("max_rate"), is_peak=True)
    inner_schedule = choice.arguments.get("schedule")
    if isinstance(inner_schedule, Choice):
        return _schedule_rate_setting(inner_schedule, (*path, "schedule"))
    initial_rate = choice.arguments.get("initial_learning_rate")
    return None if initial_rate is None else RateSetting((*path, "initial_learning_rate"), initial_rate)


def _number_or_none(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None
