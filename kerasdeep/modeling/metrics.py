"""The metrics of each head: from the task, or as written; numbers in their original unit."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasdeep import custom_objects
from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import Head
from kerasdeep.errors import InputError
from kerasdeep.heads import TargetScale
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.factory import create
from kerasdeep.tasks import TASKS

SPARSE_METRICS = (
    *("accuracy", "Accuracy", "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),
    *("SparseCategoricalCrossentropy", "BinaryAccuracy", "BinaryCrossentropy", "MeanIoU", "IoU", "BinaryIoU"),
)
"""Metrics that take class numbers as they are; every other one gets one column per class."""
AVERAGING_ARGUMENTS = {"F1Score": ("average", "macro"), "FBetaScore": ("average", "macro")}
"""Metrics that give a number per class unless this argument is written; a history has a column for one."""
SCALE_INVARIANT_METRICS = ("R2Score", "CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation")
"""Metrics of numbers that no unit changes; computed on scaled targets, where sums of squares lose no digits."""


def build_metrics(
    configured: str | Sequence[Choice] | Mapping[str, Sequence[Choice]],
    heads: Sequence[Head],
    scales: Mapping[str, TargetScale] | None = None,
) -> list[Any] | dict[str, list[Any]]:
    """Metric objects (and Keras's word `accuracy`), a list, or lists by head where there are several.

    `configured` is auto, a list for every head, or lists by head (the others stay auto). `scales` gives, by head, how
    scaled targets become the original ones. Raises `InputError` for a metric that gives a number per class.
    """
    metrics_by_head = {
        head.name: [
            _build_metric(choice, head, (scales or {}).get(head.name)) for choice in _choices_for_head(configured, head)
        ]
        for head in heads
    }
    return metrics_by_head if len(metrics_by_head) > 1 else next(iter(metrics_by_head.values()))


def metric_arguments(metrics: Any, data_loss: list[Any], weighted: bool) -> dict[str, Any]:
    """Arguments of `compile`: metrics count rows by their weight where the data have weights of their own.

    `data_loss`, which is weighted as the loss is, has one metric or none; with several heads it has none.
    """
    if not weighted:
        return {"metrics": metrics, "weighted_metrics": data_loss or None}
    return {"weighted_metrics": [*metrics, *data_loss] if data_loss else metrics}


def _choices_for_head(
    configured: str | Sequence[Choice] | Mapping[str, Sequence[Choice]], head: Head
) -> Sequence[Choice]:
    if isinstance(configured, Mapping):
        configured = configured.get(written_name(head.name), "auto")
    return [Choice("metric", name) for name in TASKS[head.kind].metrics] if isinstance(configured, str) else configured


def _build_metric(choice: Choice, head: Head, scale: TargetScale | None) -> Any:
    argument, default = AVERAGING_ARGUMENTS.get(choice.name, (None, None))
    if argument and choice.arguments.get(argument) is None:
        if head.units > 1:
            message = f"{choice.name} gives a number for each class. Write `{choice.name}: {{{argument}: {default}}}`."
            raise InputError(message, "not-one-number", choice.location)
        choice = choice.replace(**{argument: default})
    task = TASKS[head.kind]
    if task.labels == "set" and choice.name == "accuracy":  # Keras would take labels for the classes of one
        choice = Choice("metric", "BinaryAccuracy", {"name": "accuracy"}, choice.location)
    metric = create(choice)
    if task.predicts_numbers:
        if scale is None or choice.name in SCALE_INVARIANT_METRICS:
            return metric
        return custom_objects.InOriginalUnit(metric, *scale)
    return metric if task.labels == "set" or choice.name in SPARSE_METRICS else custom_objects.OneHotMetric(metric)
