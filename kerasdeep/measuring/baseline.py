"""What a model must beat: the answers of somebody who saw the training targets and no input at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasdeep.data.preprocessing import Preprocessing


def guesses(preprocessing: Preprocessing, y: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, float]:
    """For each target of the training labels `y` the one answer for every row, in the target's own unit.

    The most frequent class (the lowest number wins a tie), or the mean.
    """
    found: dict[str, float] = {}
    for column, rule in enumerate(preprocessing.targets):
        labels = np.asarray(y[rule.name] if isinstance(y, Mapping) else y)
        if rule.kind == "regression":
            place = 0 if isinstance(y, Mapping) else column
            numbers = rule.decode(labels.reshape(len(labels), -1)[:, place])
            found[rule.name] = float(np.mean(numbers, dtype=np.float64))
        else:
            found[rule.name] = int(np.bincount(labels.reshape(-1).astype(np.int64)).argmax())
    return found


def recorded(profile: Mapping[str, Any]) -> dict[str, float]:
    """The same from a run's data profile, where the training rows themselves are not at hand."""
    return {
        target["name"]: target["summary"]["mean"]
        if target["kind"] == "regression"
        else int(np.argmax(target["counts"]["train"]))
        for target in profile["targets"]
    }
