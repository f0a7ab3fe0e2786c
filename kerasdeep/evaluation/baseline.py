"""The baseline: a constant prediction fitted to the training targets, ignoring the inputs."""

import math
from collections.abc import Callable

import numpy as np

from kerasdeep.data import Preprocessing
from kerasdeep.evaluation.types import module_of
from kerasdeep.heads import Arrays, target_slices
from kerasdeep.runs.facts import DataFact, TargetProfile
from kerasdeep.tasks import TASKS

BASELINES = {
    "most_frequent": lambda labels, weights: int(np.bincount(labels, weights).argmax()),  # the lowest wins a tie
    "mean": lambda labels, weights: float(np.average(labels, weights=weights)),
}


def _mean_from_profile(target: TargetProfile) -> float:
    mean = target.weighted_mean if target.weighted_mean is not None or not target.summary else target.summary.mean
    return math.nan if mean is None else mean


BASELINES_FROM_PROFILE: dict[str, Callable[[TargetProfile], float]] = {
    "most_frequent": lambda target: int(np.argmax(target.weighted_counts or target.counts["train"])),
    "mean": _mean_from_profile,
}


def constant_predictions(
    preprocessing: Preprocessing, y: Arrays, weights: np.ndarray | None = None
) -> dict[str, float]:
    """By target, from the training labels `y`: a class number, or a number in the target's own unit."""
    predictions = {}
    for target_slice in target_slices(preprocessing):
        encoder = target_slice.encoder
        labels = module_of(encoder.task).decode_labels(encoder, target_slice.labels(y))
        predictions[encoder.name] = BASELINES[encoder.task.baseline](labels, weights)
    return predictions


def constant_predictions_from_profile(profile: DataFact) -> dict[str, float]:
    """The same from a run's data profile, where the training rows themselves are not at hand."""
    return {target.name: BASELINES_FROM_PROFILE[TASKS[target.kind].baseline](target) for target in profile.targets}
