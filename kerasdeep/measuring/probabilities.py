"""Whether probabilities deserve their name: proper scores, ranking, and calibration.

Probabilities are (rows, classes) with rows that sum to one, `actual` (rows,) class numbers. Nothing is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

BINS = 15  # as in Guo et al. 2017
CERTAIN = 0.8
MOST_RANKED = 200  # classes; above, ranking each class against the rest takes minutes


def both_columns(outputs: np.ndarray) -> np.ndarray:
    """A head's outputs as (rows, classes), float64; a lone column is the probability of class 1."""
    outputs = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    if outputs.shape[1] > 1:
        return outputs
    return np.concatenate([1 - outputs, outputs], axis=1)


def decide(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The predicted class and its probability; of two classes it is 1 only above one half, as in Keras."""
    predicted = probabilities.argmax(axis=1)
    return predicted, np.take_along_axis(probabilities, predicted[:, None], axis=1)[:, 0]


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """−Σ p ln p of each row, in nats: (rows,)."""
    p = np.clip(probabilities, 0, 1)
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1)


def scores(actual: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Log loss, Brier score, calibration error and the areas under the ROC and precision-recall curves.

    The Brier score is the mean squared error of class 1's probability for two classes, else summed over the
    classes (Brier 1950). The areas are, for more than two classes, means over the classes, each against the rest,
    of those that occur. A score that these rows do not define is None. Rows of a class that training never saw
    (number −1) are left out.
    """
    known = actual >= 0
    actual, probabilities = actual[known], probabilities[known]
    names = ("log_loss", "brier_score", "expected_calibration_error", "roc_auc", "pr_auc")
    if not len(actual) or not np.isfinite(probabilities).all():
        return dict.fromkeys(names)
    total = probabilities.sum(axis=1, keepdims=True)
    probabilities = probabilities / np.where(total > 0, total, 1)
    classes = probabilities.shape[1]
    truth = np.eye(classes)[actual] if classes <= MOST_RANKED else None
    if truth is None:
        chosen = np.take_along_axis(probabilities, actual[:, None], axis=1)[:, 0]
        squared = np.square(probabilities).sum(axis=1) - 2 * chosen + 1
    else:
        squared = np.square(probabilities - truth).sum(axis=1)
    found = (
        log_loss(actual, probabilities, labels=range(classes)),
        squared.mean() / (2 if classes == 2 else 1),
        calibration_error(reliability(actual, probabilities)),
        _over_classes(roc_auc_score, truth, probabilities),
        _over_classes(average_precision_score, truth, probabilities),
    )
    return {name: None if value is None else float(value) for name, value in zip(names, found, strict=True)}


def _over_classes(score: Any, truth: np.ndarray | None, probabilities: np.ndarray) -> float | None:
    if truth is None:
        return None
    wanted = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    ranked = [k for k in wanted if 0 < truth[:, k].sum() < len(truth)]
    if not ranked:
        return None
    return float(np.mean([score(truth[:, k], probabilities[:, k]) for k in ranked]))


def reliability(actual: np.ndarray, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """The reliability diagram (Niculescu-Mizil & Caruana 2005): rows by the probability of their predicted class.

    For each of BINS equal bins of 0 … 1 that has rows: its bounds, mean confidence, share of right answers, rows.
    """
    predicted, confidence = decide(probabilities)
    bins = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    found = []
    for number in np.unique(bins):
        inside = bins == number
        found.append(
            {
                "low": number / BINS,
                "high": (number + 1) / BINS,
                "confidence": float(confidence[inside].mean()),
                "accuracy": float((predicted[inside] == actual[inside]).mean()),
                "rows": int(inside.sum()),
            }
        )
    return found


def calibration_error(bins: list[dict[str, Any]]) -> float:
    """Expected calibration error (Naeini et al. 2015; Guo et al. 2017): mean |accuracy − confidence| over rows."""
    rows = sum(found["rows"] for found in bins)
    return sum(found["rows"] * abs(found["accuracy"] - found["confidence"]) for found in bins) / rows


def most_certain(uncertainty: np.ndarray, share: float = CERTAIN) -> np.ndarray:
    """The numbers of the rows with the least uncertainty, `share` of them; ties go by row."""
    keep = max(1, round(share * len(uncertainty)))
    return np.sort(np.argsort(uncertainty, kind="stable")[:keep])
