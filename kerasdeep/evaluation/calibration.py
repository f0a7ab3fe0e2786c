"""What is fitted on validation rows once a network is trained, and then belongs to its predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from kerasdeep.config.sections.threshold import ThresholdConfig
from kerasdeep.data import Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.quantiles import level_pairs
from kerasdeep.evaluation.types import module_of
from kerasdeep.heads import Arrays, target_slices


def calibrated(
    preprocessing: Preprocessing,
    outputs: Arrays,
    labels: Arrays,
    weights: np.ndarray | None,
    settings: ThresholdConfig | None,
) -> Preprocessing:
    """The preprocessing with what is fitted on these rows, the validation part's, for every target that wants it.

    `settings` is the configuration's `threshold`.
    """
    encoders = {}
    for target_slice in target_slices(preprocessing):
        encoder = target_slice.encoder
        fit = CALIBRATIONS.get(encoder.task.calibration)
        if fit:
            actual = module_of(encoder.task).decode_labels(encoder, target_slice.labels(labels))
            encoder = fit(encoder, target_slice.outputs(outputs).astype(np.float64), actual, weights, settings)
        encoders[encoder.name] = encoder
    return replace(preprocessing, targets=[encoders[encoder.name] for encoder in preprocessing.targets])


def conformal(
    encoder: TargetEncoder, outputs: np.ndarray, actual: np.ndarray, weights: np.ndarray | None, settings: object = None
) -> TargetEncoder:
    """Shifts of quantiles after which intervals hold their share of new rows (Romano, Patterson and Candès 2019).

    The levels of a pair such as 0.05 and 0.95 move apart by one number, or together; a level without a partner moves
    alone, the median not at all. Where there are too few rows for a level it stays as it is.
    """
    levels, predicted = encoder.options["levels"], np.sort(encoder.decode(outputs), axis=1)
    shifts = np.zeros(len(levels))
    pairs = level_pairs(levels)
    for low, high in pairs:
        outside = np.maximum(predicted[:, low] - actual, actual - predicted[:, high])
        margin = _conformal_quantile(outside, levels[high] - levels[low], weights)
        shifts[low], shifts[high] = -margin, margin
    paired = {position for pair in pairs for position in pair}
    for position, level in enumerate(levels):
        if position not in paired and level != 0.5:
            sign = 1 if level > 0.5 else -1
            outside = sign * (actual - predicted[:, position])
            shifts[position] = sign * _conformal_quantile(outside, max(level, 1 - level), weights)
    return replace(encoder, shifts=shifts.tolist())


def _conformal_quantile(scores: np.ndarray, share: float, weights: np.ndarray | None) -> float:
    """The least score that share · (rows + 1) of the rows have or stay below; 0 where there are too few rows."""
    order = np.argsort(scores, kind="stable")
    weight = np.ones(len(scores)) if weights is None else weights[order].astype(np.float64)
    below = np.cumsum(weight) / weight.mean()
    position = int(np.searchsorted(below, share * (len(scores) + 1) - 1e-9))
    return float(scores[order[position]]) if position < len(scores) else 0.0


def threshold(
    encoder: TargetEncoder,
    outputs: np.ndarray,
    actual: np.ndarray,
    weights: np.ndarray | None,
    settings: ThresholdConfig | None = None,
) -> TargetEncoder:
    """A threshold for the second of two classes, or for each label; none without settings."""
    if settings is None:
        return encoder
    positive = actual.reshape(len(actual), -1) == 1
    columns = zip(outputs[:, -positive.shape[1] :].T, positive.T, strict=True)
    return replace(encoder, thresholds=[best_threshold(*column, weights, settings) for column in columns])


def best_threshold(
    probability: np.ndarray, positive: np.ndarray, weights: np.ndarray | None, settings: ThresholdConfig
) -> float:
    """The threshold that is best by the settings, halfway between two probabilities that occur.

    One half where all of the rows are positive, or none is.
    """
    if settings.value is not None:
        return settings.value
    order = np.argsort(-probability, kind="stable")
    weight = np.ones(len(order)) if weights is None else weights[order].astype(np.float64)
    falling, is_hit = probability[order], positive[order]
    last = np.append(falling[1:] < falling[:-1], True)  # rows of equal probability stand on one side together
    hits, alarms = (np.append(0.0, np.cumsum(weight * kind)[last]) for kind in (is_hit, ~is_hit))
    if not hits[-1] or not alarms[-1]:
        return 0.5
    distinct = np.concatenate([[1.0], falling[last], [0.0]])
    thresholds = (distinct[:-1] + distinct[1:]) / 2
    goodness = {
        "f1": 2 * hits / (hits + alarms + hits[-1]),
        "cost": -(settings.cost * (hits[-1] - hits) + alarms),
        "rate": np.where(alarms <= settings.rate * alarms[-1], hits, -1.0),
    }
    return float(thresholds[goodness[settings.by].argmax()])


CALIBRATIONS: dict[str, Callable[..., TargetEncoder]] = {"conformal": conformal, "threshold": threshold}
"""By the task's `calibration`: encoder, outputs, labels, weights and settings to the encoder with what was fitted."""
