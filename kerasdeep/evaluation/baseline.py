"""What a model must beat: the answers of somebody who saw the training targets and no input at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasdeep.data.preprocessing import Preprocessing


def constant_predictions(preprocessing: Preprocessing, y: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, float]:
    """For each target of the training labels `y` the one answer for every row, in the target's own unit.

    The most frequent class (the lowest number wins a tie), or the mean.
    """
    predictions: dict[str, float] = {}
    for column, encoder in enumerate(preprocessing.targets):
        labels = np.asarray(y[encoder.name] if isinstance(y, Mapping) else y)
        if encoder.kind == "regression":
            label_column = 0 if isinstance(y, Mapping) else column
            values = encoder.decode(labels.reshape(len(labels), -1)[:, label_column])
            predictions[encoder.name] = float(np.mean(values, dtype=np.float64))
        else:
            predictions[encoder.name] = int(np.bincount(labels.reshape(-1).astype(np.int64)).argmax())
    return predictions


def constant_predictions_from_profile(profile: Mapping[str, Any]) -> dict[str, float]:
    """The same from a run's data profile, where the training rows themselves are not at hand."""
    return {
        target["name"]: target["summary"]["mean"]
        if target["kind"] == "regression"
        else int(np.argmax(target["counts"]["train"]))
        for target in profile["targets"]
    }
