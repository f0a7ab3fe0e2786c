"""Targets that are counts: measured as numbers, and by the deviance of the Poisson distribution."""

from typing import Any

import numpy as np
from scipy.special import xlogy

from kerasdeep.evaluation import numbers
from kerasdeep.evaluation.numbers import decode, decode_labels, describe_row, table_columns, worst_rows
from kerasdeep.evaluation.types import TargetEvaluation

__all__ = ["decode", "decode_labels", "describe_row", "measure", "pooled_metrics", "table_columns", "worst_rows"]

METRICS = (*numbers.METRICS, "poisson_deviance", "deviance_explained")
LEAST_RATE = 1e-12


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    return numbers.measure_with(_errors, METRICS, evaluation)


def pooled_metrics(actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    """Of several counts together: errors and deviance over all of them, R² and D² averaged over them."""
    return dict(zip(METRICS, _errors(actual, predicted, weights).mean(axis=-1).tolist(), strict=True))


def _errors(actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None, axis: int = -1) -> np.ndarray:
    """Those of numbers, the mean Poisson deviance 2 (y ln(y / μ) − y + μ), and D², the share of it that is explained.

    D² is 0 for the mean of these rows, as R² is (scikit-learn's `d2_tweedie_score` with power 1).
    """
    shape, weight = np.broadcast_shapes(actual.shape, predicted.shape), 1.0 if weights is None else weights
    mean = np.broadcast_to((actual * weight).sum(axis, keepdims=True), shape) / np.broadcast_to(weight, shape).sum(
        axis, keepdims=True
    )
    deviance, mean_deviance = (_deviance(actual, rate, weights, axis) for rate in (predicted, mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - deviance / mean_deviance
    return np.concatenate([numbers.errors(actual, predicted, weights, axis), np.stack([deviance, explained])])


def _deviance(actual: np.ndarray, rate: np.ndarray, weights: np.ndarray | None, axis: int) -> np.ndarray:
    rate = np.maximum(rate, LEAST_RATE)
    deviance = 2 * (xlogy(actual, actual / rate) - actual + rate)
    return deviance.mean(axis) if weights is None else (deviance * weights).sum(axis) / weights.sum(axis)
