"""Which setting holds the learning rate of an experiment. Knows no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.rates import nested

WITHOUT_ONE_RATE = ("Piecewise", "PiecewiseConstantDecay", "Noam", "MultiOptimizer")
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


def rate_setting(spec: Spec) -> RateSetting | None:
    """Where one number sets how fast the network learns; None where there is no single such number."""
    if spec.schedule is not None:
        if any(one.name in WITHOUT_ONE_RATE for one in (spec.schedule, *nested(spec.schedule))):
            return None
        found = _of_schedule(spec.schedule, ("schedule",))
        if found:
            return found
    choice, path = spec.optimizer, ("optimizer",)
    while choice.name == "LossScaleOptimizer":
        path, choice = (*path, choice.name, "inner_optimizer"), choice.value("inner_optimizer")
    if choice.name in WITHOUT_ONE_RATE:
        return None
    return RateSetting((*path, choice.name, "learning_rate"), _number(choice.value("learning_rate")))


def _of_schedule(choice: Choice, path: tuple[str, ...]) -> RateSetting | None:
    """The schedule's own rate; None where it starts from the optimizer's."""
    path = (*path, choice.name)
    if choice.name == "OneCycle":
        return RateSetting((*path, "max_rate"), choice.value("max_rate"), is_peak=True)
    inner = choice.arguments.get("schedule")
    if isinstance(inner, Choice):
        return _of_schedule(inner, (*path, "schedule"))
    own = choice.arguments.get("initial_learning_rate")
    return None if own is None else RateSetting((*path, "initial_learning_rate"), own)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None
