"""Targets whose next values are forecast, one column a step: errors over all steps together, and step by step."""

from typing import Any

import numpy as np

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.numbers import MAX_PAIRS, METRICS, decode_labels, errors, six_digits
from kerasdeep.evaluation.resampling import bootstrap_interval
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

__all__ = ["decode", "decode_labels", "describe_row", "gain", "measure", "metrics", "table_columns", "worst_rows"]

SHOWN_FORECASTS = 3


def decode(encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None = None) -> TargetPrediction:
    std = None if moments is None else moments.std * encoder.scale
    return TargetPrediction(encoder, encoder.decode(outputs), moments=moments, std=std)


def table_columns(prediction: TargetPrediction, suffix: str) -> dict[str, np.ndarray]:
    """`prediction_1` is the next value, and so on."""
    arrays = {"prediction": prediction.predicted} | ({} if prediction.std is None else {"std": prediction.std})
    return {
        f"{name}{suffix}_{step}": column for name, values in arrays.items() for step, column in enumerate(values.T, 1)
    }


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    actual, predicted = evaluation.actual, evaluation.prediction.predicted
    constant = np.full(actual.shape, evaluation.baseline_prediction)
    bounds = bootstrap_interval(_errors_of_means, *_means(evaluation, predicted))
    intervals = [None] * len(METRICS) if bounds is None else bounds.T.tolist()
    plotted = np.unique(np.linspace(0, actual.size - 1, min(actual.size, MAX_PAIRS)).astype(int))
    shown = np.unique(np.linspace(0, len(actual) - 1, SHOWN_FORECASTS).astype(int))
    pairs = {"actual": six_digits(actual.ravel()[plotted]), "predicted": six_digits(predicted.ravel()[plotted])}
    by_step = errors(actual.T, predicted.T).T
    return {
        "target": evaluation.target.name,
        "kind": evaluation.target.kind,
        "metrics": metrics(evaluation),
        "baseline": dict(zip(METRICS, errors(actual.ravel(), constant.ravel()).tolist(), strict=True)),
        "intervals": dict(zip(METRICS, intervals, strict=True)),
        "pairs": pairs,
        "steps": [dict(zip(METRICS, values, strict=True)) for values in by_step.tolist()],
        "forecasts": [{"actual": six_digits(actual[row]), "predicted": six_digits(predicted[row])} for row in shown],
    }


def metrics(evaluation: TargetEvaluation) -> dict[str, Any]:
    values = errors(evaluation.actual.ravel(), evaluation.prediction.predicted.ravel())
    return dict(zip(METRICS, values.tolist(), strict=True))


def gain(evaluation: TargetEvaluation, other: TargetEvaluation) -> tuple[str, float, list[float] | None]:
    both = (*_means(evaluation, evaluation.prediction.predicted), *_means(other, other.prediction.predicted))
    difference = metrics(other)[METRICS[0]] - metrics(evaluation)[METRICS[0]]
    bounds = bootstrap_interval(_fewer_errors, *both)
    return METRICS[0], difference, None if bounds is None else bounds.tolist()


def worst_rows(evaluation: TargetEvaluation) -> np.ndarray:
    """All windows, the largest mean error first."""
    return np.argsort(-np.abs(evaluation.prediction.predicted - evaluation.actual).mean(axis=1), kind="stable")


def describe_row(evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
    """The step with the largest error."""
    actual, predicted = evaluation.actual[row], evaluation.prediction.predicted[row]
    step = int(np.abs(predicted - actual).argmax())
    words = [f"{values[step]:.6g} (step {step + 1})" for values in (actual, predicted)]
    return {"actual": words[0], "predicted": words[1], "confidence": None}


def _means(evaluation: TargetEvaluation, predicted: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean absolute error, mean squared error, mean deviation and mean squared deviation of blocks of windows.

    Neighbouring windows have steps in common and err alike: an interval over single windows would be too narrow. As
    many of them as there are steps make a block.
    """
    actual = evaluation.actual
    deviation = actual - actual.mean()
    values = np.stack([np.abs(predicted - actual), np.square(predicted - actual), deviation, np.square(deviation)])
    blocks = np.array_split(values.mean(axis=2), -(-len(actual) // actual.shape[1]), axis=1)
    return tuple(np.stack([block.mean(axis=1) for block in blocks], axis=1))


def _errors_of_means(
    absolute: np.ndarray, squared: np.ndarray, deviation: np.ndarray, deviation_squared: np.ndarray, axis: int = -1
) -> np.ndarray:
    """MAE, RMSE and R², stacked in front."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = deviation_squared.mean(axis) - np.square(deviation.mean(axis))
        return np.stack([absolute.mean(axis), np.sqrt(squared.mean(axis)), 1 - squared.mean(axis) / variance])


def _fewer_errors(mine: np.ndarray, *arrays: np.ndarray, axis: int = -1) -> np.ndarray:
    """How much smaller the mean absolute error is than the other's, which is the fifth array."""
    return (arrays[3] - mine).mean(axis)
