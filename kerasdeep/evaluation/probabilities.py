"""Metrics of predicted probabilities: proper scoring rules, ranking and calibration.

Probabilities are (rows, classes) with rows that sum to one, `actual` (rows,) class numbers. Nothing is written.
"""

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

CALIBRATION_BINS = 15  # as in Guo et al. 2017
CERTAIN_SHARE = 0.8
CURVE_POINTS = 101
MAX_RANKED_CLASSES = 200  # classes; above, ranking each class against the rest takes minutes


def to_class_probabilities(outputs: np.ndarray) -> np.ndarray:
    """A head's outputs as (rows, classes), float64; a lone column is the probability of class 1."""
    outputs = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    if outputs.shape[1] > 1:
        return outputs
    return np.concatenate([1 - outputs, outputs], axis=1)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """−Σ p ln p of each row, in nats: (rows,)."""
    p = np.clip(probabilities, 0, 1)
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1)


def scores(actual: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float | None]:
    """Log loss, Brier score, calibration error and the areas under the ROC and precision-recall curves.

    The Brier score is the mean squared error of class 1's probability for two classes, else summed over the
    classes (Brier 1950). The areas are, for more than two classes, means over the classes, each against the rest,
    of those that occur. A score that these rows do not define is None. Rows of a class that training never saw
    (number −1) are left out.
    """
    known = actual >= 0
    actual, probabilities = actual[known], probabilities[known]
    weights = None if weights is None else weights[known]
    names = ("log_loss", "brier_score", "expected_calibration_error", "roc_auc", "pr_auc")
    if not len(actual) or not np.isfinite(probabilities).all():
        return dict.fromkeys(names)
    total = probabilities.sum(axis=1, keepdims=True)
    probabilities = probabilities / np.where(total > 0, total, 1)
    classes = probabilities.shape[1]
    truth = np.eye(classes)[actual] if classes <= MAX_RANKED_CLASSES else None
    if truth is None:
        actual_probability = np.take_along_axis(probabilities, actual[:, None], axis=1)[:, 0]
        squared = np.square(probabilities).sum(axis=1) - 2 * actual_probability + 1
    else:
        squared = np.square(probabilities - truth).sum(axis=1)
    values = (
        log_loss(actual, probabilities, labels=range(classes), sample_weight=weights),
        np.average(squared, weights=weights) / (2 if classes == 2 else 1),
        calibration_error(reliability_diagram(actual, probabilities, weights)),
        _mean_over_classes(roc_auc_score, truth, probabilities, weights),
        _mean_over_classes(average_precision_score, truth, probabilities, weights),
    )
    return {name: None if value is None else float(value) for name, value in zip(names, values, strict=True)}


def _mean_over_classes(
    score: Any, truth: np.ndarray | None, probabilities: np.ndarray, weights: np.ndarray | None
) -> float | None:
    if truth is None:
        return None
    candidates = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    ranked = [label for label in candidates if 0 < truth[:, label].sum() < len(truth)]
    if not ranked:
        return None
    return float(np.mean([score(truth[:, n], probabilities[:, n], sample_weight=weights) for n in ranked]))


def threshold_curve(
    positive: np.ndarray, probability: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, list[float | None]]:
    """Precision, recall and F1 of the rows above each of the thresholds 0, 0.01 … 1; None where they mean nothing."""
    order = np.argsort(probability, kind="stable")
    weight = np.ones(len(order)) if weights is None else weights[order].astype(np.float64)
    thresholds = np.linspace(0, 1, CURVE_POINTS)
    first = np.searchsorted(probability[order], thresholds, side="right")
    above, hits = (
        np.append(np.cumsum(values[::-1])[::-1], 0.0)[first] for values in (weight, weight * positive[order])
    )
    total = float((weight * positive[order]).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        curves = {"precision": hits / above, "recall": hits / total, "f1": 2 * hits / (above + total)}
    return {name: [round(v, 4) if np.isfinite(v) else None for v in values.tolist()] for name, values in curves.items()}


def reliability_diagram(
    actual: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """The reliability diagram (Niculescu-Mizil & Caruana 2005): rows by the probability of their predicted class.

    For each of `CALIBRATION_BINS` equal bins of 0 … 1 that has rows: its bounds, mean confidence, share of right
    predictions, rows; with `weights` also what they weigh.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    bins = np.clip((confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    diagram = []
    for bin_number in np.unique(bins):
        inside = bins == bin_number
        inside_weights = None if weights is None else weights[inside]
        entry = {
            "low": bin_number / CALIBRATION_BINS,
            "high": (bin_number + 1) / CALIBRATION_BINS,
            "confidence": float(np.average(confidence[inside], weights=inside_weights)),
            "accuracy": float(np.average(predicted[inside] == actual[inside], weights=inside_weights)),
            "rows": int(inside.sum()),
        }
        diagram.append(entry if inside_weights is None else entry | {"weight": float(inside_weights.sum())})
    return diagram


def calibration_error(bins: list[dict[str, Any]]) -> float:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017): mean |accuracy − confidence| over rows."""
    weights = [entry.get("weight", entry["rows"]) for entry in bins]
    gaps = [abs(entry["accuracy"] - entry["confidence"]) for entry in bins]
    return sum(weight * gap for weight, gap in zip(weights, gaps, strict=True)) / sum(weights)


def most_certain(uncertainty: np.ndarray, share: float = CERTAIN_SHARE) -> np.ndarray:
    """The numbers of the rows with the least uncertainty, `share` of them; ties go by row."""
    keep = max(1, round(share * len(uncertainty)))
    return np.sort(np.argsort(uncertainty, kind="stable")[:keep])
