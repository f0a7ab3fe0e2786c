"""Targets that are numbers: decoded and measured in their own unit."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.intervals import bootstrap_intervals
from kerasdeep.evaluation.probabilities import CERTAIN_SHARE, most_certain
from kerasdeep.evaluation.resampling import bootstrap_interval
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

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
    return measure_with(errors, METRICS, evaluation)


def measure_with(
    errors: Callable[..., np.ndarray], names: Sequence[str], evaluation: TargetEvaluation
) -> dict[str, Any]:
    """The facts, with the metrics `names` that `errors(actual, predicted, weights, axis)` gives, stacked in front."""
    actual, predicted, std = evaluation.actual, evaluation.prediction.predicted, evaluation.prediction.std
    weights, constant = evaluation.weights, evaluation.baseline_predictions
    plotted = np.unique(np.linspace(0, len(actual) - 1, min(len(actual), MAX_PAIRS)).astype(int))
    facts = {
        "target": evaluation.target.name,
        "kind": evaluation.target.kind,
        "metrics": dict(zip(names, errors(actual, predicted, weights).tolist(), strict=True)),
        "baseline": dict(zip(names, errors(actual, constant, weights).tolist(), strict=True)),
        "intervals": dict(zip(names, bootstrap_intervals(errors, actual, predicted, weights), strict=True)),
        "pairs": {"actual": six_digits(actual[plotted]), "predicted": six_digits(predicted[plotted])},
    }
    if std is not None:
        certain = most_certain(std)
        error = float(errors(actual[certain], predicted[certain], None if weights is None else weights[certain])[0])
        facts["most_certain"] = {"share": CERTAIN_SHARE, "mean_absolute_error": error}
    return facts


def metrics(evaluation: TargetEvaluation) -> dict[str, Any]:
    return dict(
        zip(
            METRICS,
            errors(evaluation.actual, evaluation.prediction.predicted, evaluation.weights).tolist(),
            strict=True,
        )
    )


def gain(evaluation: TargetEvaluation, other: TargetEvaluation) -> tuple[str, float, list[float] | None]:
    arrays = evaluation.actual, evaluation.prediction.predicted, other.prediction.predicted, evaluation.weights
    bounds = bootstrap_interval(_r2_gain, *arrays)
    return "r2_score", float(_r2_gain(*arrays)), None if bounds is None else bounds.tolist()


def _r2_gain(
    actual: np.ndarray, mine: np.ndarray, other: np.ndarray, weights: np.ndarray | None = None, axis: int = -1
) -> np.ndarray:
    return (errors(actual, mine, weights, axis) - errors(actual, other, weights, axis))[2]


def pooled_metrics(actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
    """Errors over all targets, R² averaged over them."""
    repeated = None if weights is None else np.tile(weights, len(actual))
    pooled = errors(actual.reshape(-1), predicted.reshape(-1), repeated)
    pooled[2] = errors(actual, predicted, weights)[2].mean()
    return dict(zip(METRICS, pooled.tolist(), strict=True))


def worst_rows(evaluation: TargetEvaluation) -> np.ndarray:
    """All rows, the largest error first."""
    return np.argsort(-np.abs(evaluation.prediction.predicted - evaluation.actual), kind="stable")


def describe_row(evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
    actual, predicted = six_digits(np.array([evaluation.actual[row], evaluation.prediction.predicted[row]]))
    return {"actual": actual, "predicted": predicted, "confidence": None}


def errors(actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None, axis: int = -1) -> np.ndarray:
    """MAE, RMSE and R² along `axis`, stacked in front; R² is not finite where the target does not vary."""

    def mean(values: np.ndarray, keepdims: bool = False) -> np.ndarray:
        if weights is None:
            return values.mean(axis, keepdims=keepdims)
        return (values * weights).sum(axis, keepdims=keepdims) / weights.sum(axis, keepdims=keepdims)

    with np.errstate(divide="ignore", invalid="ignore"):
        squared = mean(np.square(predicted - actual))
        variance = mean(np.square(actual - mean(actual, keepdims=True)))
        return np.stack([mean(np.abs(predicted - actual)), np.sqrt(squared), 1 - squared / variance])


def six_digits(values: np.ndarray) -> list[float]:
    """Six digits are enough for a plot."""
    return [float(f"{value:.6g}") for value in values.tolist()]
