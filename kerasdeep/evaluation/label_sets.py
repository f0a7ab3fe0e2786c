"""Targets that are sets of labels: each label a yes-or-no question, measured one by one and together.

Micro figures count all pairs of row and label alike, macro figures are means over the labels.
"""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, precision_recall_fscore_support, roc_auc_score

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation import probabilities
from kerasdeep.evaluation.intervals import bootstrap_intervals, wilson_interval
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

Areas = tuple[float | None, float | None]


def decode(encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None = None) -> TargetPrediction:
    outputs = np.asarray(outputs, np.float64)
    predicted = (outputs > np.asarray(encoder.thresholds or 0.5)).astype(np.int64)
    return TargetPrediction(encoder, predicted, outputs, moments, None if moments is None else moments.std)


def decode_labels(encoder: TargetEncoder, labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.int64)


def table_columns(prediction: TargetPrediction, suffix: str) -> dict[str, np.ndarray]:
    names = prediction.encoder.classes
    columns = {f"prediction{suffix}": prediction.encoder.decode(prediction.predicted)}
    for name, probability in zip(names, _probabilities(prediction).T, strict=True):
        columns[f"probability{suffix}_{name}"] = probability
    if prediction.std is not None:
        columns |= {f"std{suffix}_{name}": std for name, std in zip(names, prediction.std.T, strict=True)}
    return columns


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    actual, prediction, weights = evaluation.actual, evaluation.prediction, evaluation.weights
    names, label_probabilities = evaluation.target.classes, _probabilities(prediction)
    precision, recall, f1, _ = precision_recall_fscore_support(
        actual, prediction.predicted, average=None, zero_division=np.nan, sample_weight=weights
    )
    areas = _areas(actual, label_probabilities, weights)
    frequencies = np.asarray(evaluation.baseline_prediction)
    rows = np.broadcast_to(frequencies, actual.shape)
    pairs = actual.reshape(-1), probabilities.to_class_probabilities(label_probabilities.reshape(-1))
    pair_weights = None if weights is None else np.repeat(weights, actual.shape[1])
    thresholds = prediction.encoder.thresholds or [0.5] * len(names)
    exact = (actual == prediction.predicted).all(axis=1)
    return {
        "target": evaluation.target.name,
        "kind": evaluation.target.kind,
        "classes": list(names),
        "metrics": _metrics(actual, prediction.predicted, label_probabilities, areas, weights),
        "baseline": _metrics(
            *(actual, np.broadcast_to(_commonest(frequencies), actual.shape), rows),
            *(_areas(actual, rows, weights), weights),
        ),
        "intervals": {
            "micro_f1": bootstrap_intervals(_micro_f1, *_hits_and_size(actual, prediction.predicted), weights)[0],
            "subset_accuracy": wilson_interval(exact, weights),
        },
        "per_class": [
            {"class": name, "precision": p, "recall": r, "f1": f, "support": int(n), "roc_auc": auc, "pr_auc": area}
            | {"threshold": cut}
            for name, p, r, f, n, (auc, area), cut in zip(
                names, precision, recall, f1, actual.sum(axis=0), areas, thresholds, strict=True
            )
        ],
        "calibration": probabilities.reliability_diagram(*pairs, pair_weights),
    }


def worst_rows(evaluation: TargetEvaluation) -> np.ndarray:
    """Those with a wrong label, the largest sum of errors in probability over wrong labels first."""
    actual, prediction = evaluation.actual, evaluation.prediction
    wrong = actual != prediction.predicted
    errors = np.where(wrong, np.abs(_probabilities(prediction) - actual), 0).sum(axis=1)
    return np.argsort(-errors, kind="stable")[: int(wrong.any(axis=1).sum())]


def describe_row(evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
    encoder, predicted = evaluation.prediction.encoder, evaluation.prediction.predicted
    actual_text, predicted_text = encoder.decode(np.stack([evaluation.actual[row], predicted[row]]))
    return {"actual": actual_text, "predicted": predicted_text, "confidence": None}


def _probabilities(prediction: TargetPrediction) -> np.ndarray:
    assert prediction.probabilities is not None
    return prediction.probabilities


def _commonest(frequencies: np.ndarray) -> np.ndarray:
    """The most frequent labels, as many as rows have on average, at least one: 0 and 1 by label."""
    count = max(1, round(float(frequencies.sum())))
    return np.isin(np.arange(len(frequencies)), np.argsort(-frequencies, kind="stable")[:count]).astype(np.int64)


def _metrics(
    actual: np.ndarray,
    predicted: np.ndarray,
    label_probabilities: np.ndarray,
    areas: list[Areas],
    weights: np.ndarray | None,
) -> dict[str, float | None]:
    micro, macro = (
        precision_recall_fscore_support(actual, predicted, average=average, zero_division=0, sample_weight=weights)
        for average in ("micro", "macro")
    )
    known = np.array([pair for pair in areas if None not in pair], float)
    auc, average_precision = known.mean(axis=0) if len(known) else (None, None)
    pair_weights = None if weights is None else np.repeat(weights, actual.shape[1])
    pairs = probabilities.to_class_probabilities(label_probabilities.reshape(-1))
    scores = probabilities.scores(actual.reshape(-1), pairs, pair_weights)
    return {
        "micro_f1": micro[2],
        "macro_f1": macro[2],
        "micro_precision": micro[0],
        "micro_recall": micro[1],
        "subset_accuracy": accuracy_score(actual, predicted, sample_weight=weights),
        "roc_auc": auc,
        "pr_auc": average_precision,
        **{name: scores[name] for name in ("log_loss", "brier_score", "expected_calibration_error")},
    }


def _areas(actual: np.ndarray, label_probabilities: np.ndarray, weights: np.ndarray | None) -> list[Areas]:
    return [_areas_of_label(*pair, weights) for pair in zip(actual.T, label_probabilities.T, strict=True)]


def _areas_of_label(actual: np.ndarray, probability: np.ndarray, weights: np.ndarray | None) -> Areas:
    """Areas under the ROC and the precision-recall curve; None where all rows have the label, or none has it."""
    if not 0 < actual.sum() < len(actual) or not np.isfinite(probability).all():
        return None, None
    return (
        float(roc_auc_score(actual, probability, sample_weight=weights)),
        float(average_precision_score(actual, probability, sample_weight=weights)),
    )


def _hits_and_size(actual: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row, twice the right labels, and the labels that it has and was given: F1 is the ratio of their sums."""
    return 2.0 * (actual * predicted).sum(axis=1), (actual + predicted).sum(axis=1).astype(float)


def _micro_f1(hits: np.ndarray, size: np.ndarray, weights: np.ndarray | None = None, axis: int = -1) -> np.ndarray:
    row_weights = 1.0 if weights is None else weights
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([(hits * row_weights).sum(axis) / (size * row_weights).sum(axis)])
