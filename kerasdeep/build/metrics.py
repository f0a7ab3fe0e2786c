"""The metrics of each head: from the task, or as written; numbers in their original unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerasdeep import extras
from kerasdeep.build.create import create
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError
from kerasdeep.spec.planned import Head

AUTO = {
    "binary": ("accuracy",),
    "multiclass": ("accuracy",),
    "regression": ("MeanAbsoluteError", "RootMeanSquaredError", "R2Score"),
}
TAKES_CLASS_NUMBERS = (
    *("accuracy", "Accuracy", "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
    *("SparseCategoricalCrossentropy", "BinaryAccuracy", "BinaryCrossentropy", "MeanIoU", "IoU", "BinaryIoU"),
)
"""Metrics that take class numbers as they are; every other one gets one column per class."""
ONE_NUMBER_WITH = {"F1Score": ("average", "macro"), "FBetaScore": ("average", "macro")}
"""Metrics that give a number per class unless this argument is written; a history has a column for one."""
WITHOUT_UNIT = ("R2Score", "CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation")
"""Metrics of numbers that no unit changes; computed on scaled targets, where sums of squares lose no digits."""

Unit = tuple[Any, Any]
"""Scale and offset, numbers or one per column: original = scaled * scale + offset."""


def metrics(
    wanted: str | Sequence[Choice] | Mapping[str, Sequence[Choice]],
    heads: Sequence[Head],
    units: Mapping[str, Unit] | None = None,
) -> list[Any] | dict[str, list[Any]]:
    """Metric objects (and Keras's word `accuracy`), a list, or lists by head where there are several.

    `wanted` is auto, a list for every head, or lists by head (the others stay auto). `units` gives, by head, how
    scaled targets become the original ones. Raises `InputError` for a metric that gives a number per class.
    """
    made = {
        head.name: [_metric(choice, head, (units or {}).get(head.name)) for choice in _wanted(wanted, head)]
        for head in heads
    }
    return made if len(made) > 1 else next(iter(made.values()))


def _wanted(wanted: str | Sequence[Choice] | Mapping[str, Sequence[Choice]], head: Head) -> Sequence[Choice]:
    if isinstance(wanted, Mapping):
        wanted = wanted.get(head.name, "auto")
    return [Choice("metric", name) for name in AUTO[head.kind]] if isinstance(wanted, str) else wanted


def _metric(choice: Choice, head: Head, unit: Unit | None) -> Any:
    argument, example = ONE_NUMBER_WITH.get(choice.name, (None, None))
    if argument and choice.arguments.get(argument) is None:
        if head.units > 1:
            message = (
                f"{choice.name} gives a number for each class. Write `{choice.name}: {{{argument}: {example}}}`."
            )
            raise InputError(message, "not-one-number", choice.mark)
        choice = choice.replace(**{argument: example})
    metric = create(choice)
    if head.kind == "regression":
        if unit is None or choice.name in WITHOUT_UNIT:
            return metric
        return extras.InOriginalUnit(metric, *unit)
    return metric if choice.name in TAKES_CLASS_NUMBERS else extras.OneHotMetric(metric)
