"""The baseline: a constant prediction fitted to the training targets, ignoring the inputs."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasdeep.data import Preprocessing
from kerasdeep.data.scaling import quantiles
from kerasdeep.evaluation.types import Constant, module_of
from kerasdeep.heads import Arrays, target_slices
from kerasdeep.runs.facts import DataFact, TargetProfile
from kerasdeep.tasks import TASKS

BASELINES: dict[str, Callable[[np.ndarray, np.ndarray | None, Mapping[str, Any]], Constant]] = {
    "most_frequent": lambda labels, weights, options: int(np.bincount(labels, weights).argmax()),  # the lowest of a tie
    "median": lambda labels, weights, options: _median_class(np.bincount(labels, weights)),
    "mean": lambda labels, weights, options: float(np.average(labels, weights=weights)),
    "quantiles": lambda labels, weights, options: quantiles(labels, options["levels"], weights),
    "label_frequencies": lambda labels, weights, options: np.average(labels, axis=0, weights=weights),
}
"""From training labels, how much each counts, and the task's options."""


def _mean_from_profile(target: TargetProfile) -> float:
    mean = target.weighted_mean if target.weighted_mean is not None or not target.summary else target.summary.mean
    return math.nan if mean is None else mean


BASELINES_FROM_PROFILE: dict[str, Callable[[TargetProfile], Constant]] = {
    "most_frequent": lambda target: int(np.argmax(_class_counts(target))),
    "median": lambda target: _median_class(np.asarray(_class_counts(target))),
    "mean": _mean_from_profile,
    "quantiles": lambda target: np.asarray(target.quantiles),
    "label_frequencies": lambda target: np.asarray(target.frequencies),
}


def constant_predictions(
    preprocessing: Preprocessing, y: Arrays, weights: np.ndarray | None = None
) -> dict[str, Constant]:
    """By target, from the training labels `y`: a class number, a number in its own unit, or a share of each label."""
    predictions: dict[str, Constant] = {}
    for target_slice in target_slices(preprocessing):
        encoder = target_slice.encoder
        labels = module_of(encoder.task).decode_labels(encoder, target_slice.labels(y))
        predictions[encoder.name] = BASELINES[encoder.task.baseline](labels, weights, encoder.options)
    return predictions


def constant_predictions_from_profile(profile: DataFact) -> dict[str, Constant]:
    """The same from a run's data profile, where the training rows themselves are not at hand."""
    return {target.name: BASELINES_FROM_PROFILE[TASKS[target.kind].baseline](target) for target in profile.targets}


def _class_counts(target: TargetProfile) -> Sequence[float]:
    return target.weighted_counts or target.counts["train"]


def _median_class(counts: np.ndarray) -> int:
    """The first class that, with those before it, has half of the rows."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
