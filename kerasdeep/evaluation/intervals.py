"""95 % intervals of metrics over rows."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binomtest, norm

from kerasdeep.evaluation.resampling import CONFIDENCE_LEVEL, bootstrap_interval


def wilson_interval(is_right: np.ndarray, weights: np.ndarray | None = None) -> list[float]:
    """Wilson's score interval of a share (Wilson 1927), which also holds near 0 and 1 and on few rows.

    Weighted rows are as many as their effective sample size, (Σw)² / Σw² (Kish 1965).
    """
    correct, rows = int(is_right.sum()), len(is_right)
    if weights is not None:
        share, size = np.average(is_right, weights=weights), effective_size(rows, weights)
        z = float(norm.ppf(0.5 + CONFIDENCE_LEVEL / 2))
        center = (share + z**2 / (2 * size)) / (1 + z**2 / size)
        half = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
        return [max(0.0, float(center - half)), min(1.0, float(center + half))]
    interval = binomtest(correct, rows).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    return [float(interval.low), float(interval.high)]


def bootstrap_intervals(
    statistic: Callable[..., np.ndarray], actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None
) -> list[list[float] | None]:
    """By metric, of a statistic that gives several, stacked in front: `resampling.bootstrap_interval`; None where every
    draw has the same value, as it has where all rows are right, which does not say that others would be."""
    bounds = bootstrap_interval(statistic, actual, predicted, weights)
    if bounds is None:
        return [None] * len(statistic(actual, predicted, weights))
    return [None if low == high else [low, high] for low, high in bounds.T.tolist()]


def effective_size(rows: float, weights: np.ndarray | None) -> float:
    """So many rows of equal weight say as much, (Σw)² / Σw² (Kish 1965)."""
    return float(rows) if weights is None or not rows else float(weights.sum() ** 2 / np.square(weights).sum())


def precision_recall_interval(area: float | None, positives: float) -> list[float] | None:
    """The logit interval of an area under the precision-recall curve (Boyd, Eng and Page 2013)."""
    if area is None or not 0 < area < 1 or positives < 1:
        return None
    half = norm.ppf(0.5 + CONFIDENCE_LEVEL / 2) / np.sqrt(positives * area * (1 - area))
    return [float(expit(logit(area) - half)), float(expit(logit(area) + half))]
