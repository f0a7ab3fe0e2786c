"""Targets that are numbers: decoded and measured in their own unit."""

import warnings
from typing import Any

import numpy as np
from scipy.stats import DegenerateDataWarning, bootstrap

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.probabilities import CERTAIN_SHARE, most_certain
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

CONFIDENCE_LEVEL = 0.95
MAX_RESAMPLES = 1000
BOOTSTRAP_SEED = 0
MAX_PAIRS = 2000
METRICS = ("mean_absolute_error", "root_mean_squared_error", "r2_score")


def decode(encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None = None) -> TargetPrediction:
    std = None if moments is None else moments.std[:, 0] * encoder.scale
    return TargetPrediction(encoder, encoder.decode(outputs[:, 0]), moments=moments, std=std)


def decode_labels(encoder: TargetEncoder, labels: np.ndarray) -> np.ndarray:
    return encoder.decode(labels)


def table_columns(prediction: TargetPrediction, suffix: str) -> dict[str, np.ndarray]:
    columns = {f"prediction{suffix}": prediction.predicted}
    return columns if prediction.std is None else columns | {f"std{suffix}": prediction.std}


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    actual, predicted, std = evaluation.actual, evaluation.prediction.predicted, evaluation.prediction.std
    weights = evaluation.weights
    plotted = np.unique(np.linspace(0, len(actual) - 1, min(len(actual), MAX_PAIRS)).astype(int))
    facts = {
        "target": evaluation.target.name,
        "kind": evaluation.target.kind,
        "metrics": _named(_errors(actual, predicted, weights)),
        "baseline": _named(_errors(actual, evaluation.baseline_predictions, weights)),
        "intervals": dict(zip(METRICS, _bootstrap_intervals(actual, predicted, weights), strict=True)),
        "pairs": {"actual": _six_digits(actual[plotted]), "predicted": _six_digits(predicted[plotted])},
    }
    if std is not None:
        certain = most_certain(std)
        error = float(_errors(actual[certain], predicted[certain], None if weights is None else weights[certain])[0])
        facts["most_certain"] = {"share": CERTAIN_SHARE, "mean_absolute_error": error}
    return facts


def pooled_metrics(actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    """Errors over all targets, R² averaged over them."""
    repeated = None if weights is None else np.tile(weights, len(actual))
    pooled = _errors(actual.reshape(-1), predicted.reshape(-1), repeated)
    pooled[2] = _errors(actual, predicted, weights)[2].mean()
    return _named(pooled)


def worst_rows(evaluation: TargetEvaluation) -> np.ndarray:
    """All rows, the largest error first."""
    return np.argsort(-np.abs(evaluation.prediction.predicted - evaluation.actual), kind="stable")


def describe_row(evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
    actual, predicted = _six_digits(np.array([evaluation.actual[row], evaluation.prediction.predicted[row]]))
    return {"actual": actual, "predicted": predicted, "confidence": None}


def _named(errors: np.ndarray) -> dict[str, float]:
    return dict(zip(METRICS, errors.tolist(), strict=True))


def _errors(actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None, axis: int = -1) -> np.ndarray:
    """MAE, RMSE and R² along `axis`, stacked in front; R² is not finite where the target does not vary."""

    def mean(values: np.ndarray, keepdims: bool = False) -> np.ndarray:
        if weights is None:
            return values.mean(axis, keepdims=keepdims)
        return (values * weights).sum(axis, keepdims=keepdims) / weights.sum(axis, keepdims=keepdims)

    with np.errstate(divide="ignore", invalid="ignore"):
        squared = mean(np.square(predicted - actual))
        variance = mean(np.square(actual - mean(actual, keepdims=True)))
        return np.stack([mean(np.abs(predicted - actual)), np.sqrt(squared), 1 - squared / variance])


def _bootstrap_intervals(
    actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None
) -> list[list[float] | None]:
    """Percentile bootstrap over rows (Efron 1979), seeded; with very many rows fewer resamples are as sharp."""
    if len(actual) < 2 or not np.all(np.isfinite(predicted)):
        return [None] * len(METRICS)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)  # a constant target has no R²: it becomes null
        interval = bootstrap(
            (actual, predicted) if weights is None else (actual, predicted, weights),
            _errors,
            paired=True,
            vectorized=True,
            method="percentile",
            confidence_level=CONFIDENCE_LEVEL,
            n_resamples=int(np.clip(20_000_000 // len(actual), 100, MAX_RESAMPLES)),
            batch=max(1, 1_000_000 // len(actual)),
            rng=np.random.default_rng(BOOTSTRAP_SEED),
        ).confidence_interval
    return [[float(low), float(high)] for low, high in zip(interval.low, interval.high, strict=True)]


def _six_digits(values: np.ndarray) -> list[float]:
    """Six digits are enough for a plot."""
    return [float(f"{value:.6g}") for value in values.tolist()]
