"""Targets with classes: decoded from probabilities, measured by scikit-learn."""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation import probabilities
from kerasdeep.evaluation.intervals import effective_size, precision_recall_interval, wilson_interval
from kerasdeep.evaluation.resampling import bootstrap_interval
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction

MAX_CONFUSION_CLASSES = 200  # above, the confusion matrix would outweigh the rest of the run
MAX_CONFUSED_PAIRS = 20


def decode(encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None = None) -> TargetPrediction:
    class_probabilities = probabilities.to_class_probabilities(outputs)
    predicted = class_probabilities.argmax(axis=1)  # of two classes it is 1 only above one half, as in Keras
    if encoder.thresholds:
        predicted = (class_probabilities[:, 1] > encoder.thresholds[0]).astype(np.int64)
    if moments is None:
        return TargetPrediction(encoder, predicted, class_probabilities)
    # A lone output is one class's probability; the other's deviates as much.
    units = np.zeros_like(predicted) if moments.std.shape[1] == 1 else predicted
    return TargetPrediction(
        encoder, predicted, class_probabilities, moments, moments.std[np.arange(len(predicted)), units]
    )


def decode_labels(encoder: TargetEncoder, labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.int64)


def table_columns(prediction: TargetPrediction, suffix: str) -> dict[str, np.ndarray]:
    columns = {f"prediction{suffix}": prediction.encoder.decode(prediction.predicted)}
    for name, probability in zip(prediction.encoder.classes, _probabilities(prediction).T, strict=True):
        columns[f"probability{suffix}_{name}"] = probability
    if (moments := prediction.moments) is not None and prediction.std is not None:
        columns |= {
            f"std{suffix}": prediction.std,
            f"predictive_entropy{suffix}": moments.predictive_entropy,
            f"mutual_information{suffix}": moments.mutual_information,
        }
    return columns


def measure(evaluation: TargetEvaluation) -> dict[str, Any]:
    names, actual, predicted = evaluation.target.classes, evaluation.actual, evaluation.prediction.predicted
    class_probabilities, weights = _probabilities(evaluation.prediction), evaluation.weights
    precision, recall, f1, _ = precision_recall_fscore_support(
        actual, predicted, labels=range(len(names)), zero_division=np.nan, sample_weight=weights
    )
    confusion = confusion_matrix(actual, predicted, labels=range(len(names)))
    certain = probabilities.most_certain(probabilities.entropy(class_probabilities))
    facts = {
        "target": evaluation.target.name,
        "kind": evaluation.target.kind,
        "classes": list(names),
        "metrics": metrics(evaluation),
        "baseline": {"accuracy": accuracy_score(actual, evaluation.baseline_predictions, sample_weight=weights)},
        "intervals": {"accuracy": wilson_interval(actual == predicted, weights)},
        "confusion": confusion.tolist() if len(names) <= MAX_CONFUSION_CLASSES else None,
        "confused": _most_confused(confusion, names),
        "per_class": [
            {"class": name, "precision": p, "recall": r, "f1": f, "support": int(n)}
            for name, p, r, f, n in zip(names, precision, recall, f1, confusion.sum(axis=1), strict=True)
        ],
        "calibration": probabilities.reliability_diagram(actual, class_probabilities, weights),
        "most_certain": {
            "share": probabilities.CERTAIN_SHARE,
            "accuracy": accuracy_score(
                actual[certain], predicted[certain], sample_weight=None if weights is None else weights[certain]
            ),
        },
    }
    return _with_positive_class(facts, evaluation) if evaluation.target.task.class_count == 2 else facts


def metrics(evaluation: TargetEvaluation) -> dict[str, Any]:
    actual, prediction, weights = evaluation.actual, evaluation.prediction, evaluation.weights
    accuracy = accuracy_score(actual, prediction.predicted, sample_weight=weights)
    return {"accuracy": accuracy, **probabilities.scores(actual, _probabilities(prediction), weights)}


def gain(evaluation: TargetEvaluation, other: TargetEvaluation) -> tuple[str, float, list[float] | None]:
    mine, others = (each.prediction.predicted == each.actual for each in (evaluation, other))
    arrays = mine.astype(float) - others.astype(float), evaluation.weights
    bounds = bootstrap_interval(_weighted_mean, *arrays)
    return "accuracy", float(_weighted_mean(*arrays)), None if bounds is None else bounds.tolist()


def _weighted_mean(values: np.ndarray, weights: np.ndarray | None = None, axis: int = -1) -> np.ndarray:
    return values.mean(axis) if weights is None else (values * weights).sum(axis) / weights.sum(axis)


def worst_rows(evaluation: TargetEvaluation) -> np.ndarray:
    """The wrong ones, the most confident first."""
    wrong = np.flatnonzero(evaluation.prediction.predicted != evaluation.actual)
    return wrong[np.argsort(-_probabilities(evaluation.prediction)[wrong].max(axis=1), kind="stable")]


def describe_row(evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
    """Classes by name; None for a label that training never saw."""
    names, prediction, actual = evaluation.target.classes, evaluation.prediction, evaluation.actual[row]
    return {
        "actual": names[actual] if actual >= 0 else None,
        "predicted": names[prediction.predicted[row]],
        "confidence": float(_probabilities(prediction)[row, prediction.predicted[row]]),
    }


def _with_positive_class(facts: dict[str, Any], evaluation: TargetEvaluation) -> dict[str, Any]:
    """The facts with what is found of the second class at the threshold, and at others."""
    weights, predicted = evaluation.weights, evaluation.prediction.predicted == 1
    actual, probability = evaluation.actual == 1, _probabilities(evaluation.prediction)[:, 1]
    second, area = facts["per_class"][1], facts["metrics"]["pr_auc"]
    for name, share_of, inside in (("precision", actual, predicted), ("recall", predicted, actual)):
        facts["metrics"][name] = second[name]
        if inside.any():
            inside_weights = None if weights is None else weights[inside]
            facts["intervals"][name] = wilson_interval(share_of[inside], inside_weights)
    facts["metrics"]["f1"] = second["f1"]
    facts["baseline"]["pr_auc"] = None if area is None else float(np.average(actual, weights=weights))
    positive_weights = None if weights is None else weights[actual]
    facts["intervals"]["pr_auc"] = precision_recall_interval(area, effective_size(actual.sum(), positive_weights))
    thresholds = evaluation.prediction.encoder.thresholds
    curve = probabilities.threshold_curve(actual, probability, weights)
    cut = {"positive": second["class"], "value": thresholds[0] if thresholds else 0.5, "chosen": bool(thresholds)}
    return facts | {"threshold": cut | {"curve": curve}}


def _probabilities(prediction: TargetPrediction) -> np.ndarray:
    assert prediction.probabilities is not None
    return prediction.probabilities


def _most_confused(confusion: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """The pairs of classes taken for each other most often."""
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSED_PAIRS]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [{"actual": names[a], "predicted": names[p], "count": int(wrong[a, p])} for a, p in pairs if wrong[a, p] > 0]
