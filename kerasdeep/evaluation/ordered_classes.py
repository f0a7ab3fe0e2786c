"""Targets with classes in an order: the median class is predicted, and how far it is off counts."""

from dataclasses import replace
from typing import Any

import numpy as np

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation import classes
from kerasdeep.evaluation.classes import decode_labels, describe_row, table_columns, worst_rows
from kerasdeep.evaluation.intervals import bootstrap_intervals
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

__all__ = ["decode", "decode_labels", "describe_row", "measure", "table_columns", "worst_rows"]

METRICS = ("mean_absolute_class_error", "quadratic_kappa")


def decode(encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None = None) -> TargetPrediction:
    """The median: the first class that, with those below it, is at least as probable as those above it."""
    prediction = classes.decode(encoder, outputs, moments)
    assert prediction.probabilities is not None
    at_most = prediction.probabilities.cumsum(axis=1)
    median = (at_most < 0.5 - 1e-6).sum(axis=1).clip(max=len(encoder.classes) - 1)
    std = None if moments is None else moments.std[np.arange(len(median)), median]
    return replace(prediction, predicted=median, std=std)


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    """As for classes, with the mean distance between actual and predicted class numbers and Cohen's quadratic kappa."""
    facts, weights = classes.measure(evaluation), evaluation.weights
    known = evaluation.actual >= 0
    weights = None if weights is None else weights[known]
    actual, predicted, constant = (
        values[known].astype(float)
        for values in (evaluation.actual, evaluation.prediction.predicted, evaluation.baseline_predictions)
    )
    facts["metrics"] |= dict(zip(METRICS, _distances(actual, predicted, weights).tolist(), strict=True))
    facts["baseline"] |= dict(zip(METRICS, _distances(actual, constant, weights).tolist(), strict=True))
    intervals = bootstrap_intervals(_distances, actual, predicted, weights)
    facts["intervals"] |= dict(zip(METRICS, intervals, strict=True))
    return facts


def _distances(
    actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None, axis: int = -1
) -> np.ndarray:
    """Mean |actual − predicted|, and kappa with quadratic weights (Cohen 1968) along `axis`, stacked in front.

    Chance agreement has the squared distance var(a) + var(p) + (mean a − mean p)².
    """

    def mean(values: np.ndarray, keepdims: bool = False) -> np.ndarray:
        if weights is None:
            return values.mean(axis, keepdims=keepdims)
        return (values * weights).sum(axis, keepdims=keepdims) / weights.sum(axis, keepdims=keepdims)

    variances = [mean(np.square(values - mean(values, keepdims=True))) for values in (actual, predicted)]
    by_chance = sum(variances) + np.square(mean(actual) - mean(predicted))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([mean(np.abs(actual - predicted)), 1 - mean(np.square(actual - predicted)) / by_chance])
