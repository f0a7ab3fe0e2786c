"""The baseline: a constant prediction fitted to the training targets, ignoring the inputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasdeep.data import Preprocessing
from kerasdeep.evaluation.types import module_of
from kerasdeep.heads import Arrays, target_slices
from kerasdeep.tasks import TASKS

BASELINES = {
    "most_frequent": lambda labels, weights: int(np.bincount(labels, weights).argmax()),  # the lowest wins a tie
    "mean": lambda labels, weights: float(np.average(labels, weights=weights)),
}
BASELINES_FROM_PROFILE = {
    "most_frequent": lambda target: int(np.argmax(target.get("weighted_counts") or target["counts"]["train"])),
    "mean": lambda target: target.get("weighted_mean", target["summary"]["mean"]),
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


def constant_predictions_from_profile(profile: Mapping[str, Any]) -> dict[str, float]:
    """The same from a run's data profile, where the training rows themselves are not at hand."""
    return {
        target["name"]: BASELINES_FROM_PROFILE[TASKS[target["kind"]].baseline](target) for target in profile["targets"]
    }
