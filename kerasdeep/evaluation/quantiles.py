"""Targets of which quantiles are predicted: pinball loss, and how often the truth lies within the intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasdeep.data.scaling import quantiles as quantiles_of
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.intervals import bootstrap_intervals, wilson_interval
from kerasdeep.evaluation.numbers import MAX_PAIRS, decode_labels, describe_row, six_digits, worst_rows
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

__all__ = ["decode", "decode_labels", "describe_row", "measure", "table_columns", "worst_rows"]


def decode(encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None = None) -> TargetPrediction:
    """The quantiles with the shifts of their calibration, in order; the one nearest the median is the prediction."""
    rising = np.sort(encoder.decode(outputs) + np.asarray(encoder.shifts or 0.0), axis=1)
    middle = middle_level(encoder.options["levels"])
    std = None if moments is None else moments.std[:, middle] * encoder.scale
    return TargetPrediction(encoder, rising[:, middle], moments=moments, std=std, quantiles=rising)


def table_columns(prediction: TargetPrediction, suffix: str) -> dict[str, np.ndarray]:
    levels = prediction.encoder.options["levels"]
    columns = {f"prediction{suffix}": prediction.predicted}
    columns |= {
        f"quantile{suffix}_{level:g}": values for level, values in zip(levels, _quantiles(prediction).T, strict=True)
    }
    return columns if prediction.std is None else columns | {f"std{suffix}": prediction.std}


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    actual, prediction, weights = evaluation.actual, evaluation.prediction, evaluation.weights
    levels, predicted = prediction.encoder.options["levels"], _quantiles(prediction)
    constant = np.broadcast_to(np.asarray(evaluation.baseline_prediction), predicted.shape)
    best_constant = np.broadcast_to(quantiles_of(actual, levels, weights), predicted.shape)
    losses, baseline_losses, null_losses = (
        pinball(actual, values, levels) for values in (predicted, constant, best_constant)
    )
    intervals = bootstrap_intervals(_pinball_and_score, losses, null_losses, weights)
    facts: dict[str, Any] = {
        "target": evaluation.target.name,
        "kind": evaluation.target.kind,
        "metrics": _named(_pinball_and_score(losses, null_losses, weights)),
        "baseline": _named(_pinball_and_score(baseline_losses, null_losses, weights)),
        "intervals": dict(zip(("pinball_loss", "d2_pinball_score"), intervals, strict=True)),
        "prediction_intervals": [],
    }
    for low, high in level_pairs(levels):
        inside = (actual >= predicted[:, low]) & (actual <= predicted[:, high])
        width = float(np.average(predicted[:, high] - predicted[:, low], weights=weights))
        baseline_inside = (actual >= constant[:, low]) & (actual <= constant[:, high])
        nominal = round(levels[high] - levels[low], 10)
        name = f"{100 * nominal:g}".replace(".", "_")
        coverage, interval = float(np.average(inside, weights=weights)), wilson_interval(inside, weights)
        facts["metrics"] |= {f"coverage_{name}": coverage, f"width_{name}": width}
        facts["intervals"][f"coverage_{name}"] = interval
        facts["baseline"] |= {
            f"coverage_{name}": float(np.average(baseline_inside, weights=weights)),
            f"width_{name}": float(constant[0, high] - constant[0, low]),
        }
        entry = {"nominal": nominal, "coverage": coverage, "interval": interval, "width": width}
        facts["prediction_intervals"].append(entry | {"calibrated": bool(prediction.encoder.shifts)})
    plotted = np.unique(np.linspace(0, len(actual) - 1, min(len(actual), MAX_PAIRS)).astype(int))
    pairs = {"actual": six_digits(actual[plotted]), "predicted": six_digits(prediction.predicted[plotted])}
    return facts | {"pairs": pairs}


def middle_level(levels: Sequence[float]) -> int:
    """The position of the level nearest to the median."""
    return int(np.abs(np.asarray(levels) - 0.5).argmin())


def level_pairs(levels: Sequence[float]) -> list[tuple[int, int]]:
    """The positions of levels that lie as far below the median as above it, the widest interval first."""
    pairs = [(low, high) for low in range(len(levels)) for high in range(low + 1, len(levels))]
    return [(low, high) for low, high in pairs if abs(levels[low] + levels[high] - 1) < 1e-9]


def pinball(actual: np.ndarray, predicted: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The mean over the levels of the pinball loss of each row: (rows,)."""
    error, level = actual[:, None] - predicted, np.asarray(levels)
    return np.maximum(level * error, (level - 1) * error).mean(axis=1)


def _quantiles(prediction: TargetPrediction) -> np.ndarray:
    assert prediction.quantiles is not None
    return prediction.quantiles


def _named(values: np.ndarray) -> dict[str, float]:
    return dict(zip(("pinball_loss", "d2_pinball_score"), values.tolist(), strict=True))


def _pinball_and_score(
    losses: np.ndarray, null_losses: np.ndarray, weights: np.ndarray | None = None, axis: int = -1
) -> np.ndarray:
    """The mean loss, and the share of the loss of these rows' own quantiles that is saved."""
    weight = 1.0 if weights is None else weights
    total = np.broadcast_to(weight, losses.shape).sum(axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, null_mean = ((values * weight).sum(axis) / total for values in (losses, null_losses))
        return np.stack([mean, 1 - mean / null_mean])
