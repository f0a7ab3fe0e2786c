"""How good the predictions are, and how sure one may be of that: the facts behind `evaluation.json`.

Everything is computed on whole parts from arrays; no model is needed. Classes are measured by scikit-learn,
numbers in the target's own unit. Nothing is written here: `evaluate` hands back plain values.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import DegenerateDataWarning, binomtest, bootstrap
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from kerasdeep.data import Dataset, Target
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.evaluation import baseline, probabilities, worst_predictions
from kerasdeep.runs import to_jsonable

CONFIDENCE_LEVEL = 0.95
MAX_RESAMPLES = 1000
BOOTSTRAP_SEED = 0
MAX_PAIRS = 2000
MAX_CONFUSION_CLASSES = 200  # above, the confusion matrix would outweigh the rest of the run
MAX_CONFUSED_PAIRS = 20
REGRESSION_METRICS = ("mean_absolute_error", "root_mean_squared_error", "r2_score")
METRIC_PREFIX = {"train": "", "validation": "val_", "test": "test_"}

Predictions = np.ndarray | Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`evaluation` and `samples` are the facts of those names; the rest is flat, as `result.json` wants it.

    Names are Keras's, with `val_` or `test_` in front; with several heads the head's name comes between.
    """

    evaluation: dict[str, Any]
    samples: dict[str, Any]
    metrics: dict[str, float | None]
    baseline: dict[str, float | None]
    intervals: dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class TargetEvaluation:
    """One target of one part: what was true, what the model said and how sure it was.

    `actual` and `predicted` are (rows,): class numbers, or numbers in the target's own unit.
    `confidence` is the probability of the predicted class and `probabilities` (rows, classes) of all of them; both
    are None for numbers. `guess` is what the baseline says to every row.
    """

    target: Target
    actual: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray | None
    probabilities: np.ndarray | None
    baseline_prediction: float

    @property
    def baseline_predictions(self) -> np.ndarray:
        return np.full(len(self.actual), self.baseline_prediction)


def evaluate(dataset: Dataset, predictions: Mapping[str, Predictions], examples: int = 12) -> Evaluation:
    """Measure `predictions`, {part: array, or {target: array}}, against the targets of those parts.

    For classes the arrays are probabilities: (rows, classes), or (rows,) and (rows, 1) for two classes; for
    numbers the network's outputs, (rows,) or (rows, targets). `examples` mistakes are shown in `samples`, of the
    test part or, without one, of the validation part. At least one part must be given.
    """
    baseline_predictions = baseline.constant_predictions(dataset.preprocessing, dataset.train.y)
    evaluations_by_part = {
        part: decode_outputs(dataset.preprocessing, getattr(dataset, part).y, outputs, baseline_predictions)
        for part, outputs in predictions.items()
    }
    parts = {
        part: evaluate_part(target_evaluations, dataset.preprocessing)
        for part, target_evaluations in evaluations_by_part.items()
    }
    shown_part = next(part for part in ("test", "validation", "train") if part in evaluations_by_part)
    return Evaluation(
        evaluation=to_jsonable({"parts": parts}),
        samples=worst_predictions.mistakes(dataset, shown_part, evaluations_by_part[shown_part], examples),
        metrics=flatten_parts(parts, "metrics"),
        baseline=flatten_parts(parts, "baseline"),
        intervals=flatten_parts(parts, "intervals"),
    )


def evaluate_part(target_evaluations: list[TargetEvaluation], preprocessing: Preprocessing) -> dict[str, Any]:
    """One part as `evaluation.json` holds it: `rows`, `targets`, and `metrics baseline intervals` of them all."""
    targets = [
        _evaluate_numbers(target_evaluation)
        if target_evaluation.confidence is None
        else _evaluate_classes(target_evaluation)
        for target_evaluation in target_evaluations
    ]
    facts = {"rows": len(target_evaluations[0].actual), "targets": targets}
    for kind in ("metrics", "baseline", "intervals"):
        prefixed = {f"{target['target']}_{name}": value for target in targets for name, value in target[kind].items()}
        facts[kind] = targets[0][kind] if len(targets) == 1 else prefixed
    if len(targets) > 1 and len(preprocessing.heads) == 1:  # one head of several numbers: Keras measures it as a whole
        actual = np.stack([target_evaluation.actual for target_evaluation in target_evaluations])
        facts["metrics"] = _errors_over_targets(
            actual, np.stack([target_evaluation.predicted for target_evaluation in target_evaluations])
        )
        facts["baseline"] = _errors_over_targets(
            actual, np.stack([target_evaluation.baseline_predictions for target_evaluation in target_evaluations])
        )
    return facts


def flatten_parts(parts: dict[str, Any], kind: str) -> dict[str, Any]:
    """`metrics`, `baseline` or `intervals` of all parts, with each part's prefix in front of the names."""
    return to_jsonable(
        {METRIC_PREFIX[part] + name: value for part, facts in parts.items() for name, value in facts[kind].items()}
    )


# Classes


def _evaluate_classes(target_evaluation: TargetEvaluation) -> dict[str, Any]:
    names, actual, predicted = (target_evaluation.target.classes, target_evaluation.actual, target_evaluation.predicted)
    labels = range(len(names))
    precision, recall, f1, support = precision_recall_fscore_support(
        actual, predicted, labels=labels, zero_division=np.nan
    )
    confusion = confusion_matrix(actual, predicted, labels=labels)
    certain = probabilities.most_certain(probabilities.entropy(target_evaluation.probabilities))
    return {
        "target": target_evaluation.target.name,
        "kind": target_evaluation.target.kind,
        "classes": list(names),
        "metrics": {
            "accuracy": accuracy_score(actual, predicted),
            **probabilities.scores(actual, target_evaluation.probabilities),
        },
        "baseline": {"accuracy": accuracy_score(actual, target_evaluation.baseline_predictions)},
        "intervals": {"accuracy": _wilson_interval(int(np.sum(actual == predicted)), len(actual))},
        "confusion": confusion.tolist() if len(names) <= MAX_CONFUSION_CLASSES else None,
        "confused": _most_confused(confusion, names),
        "per_class": [
            {"class": name, "precision": p, "recall": r, "f1": f, "support": int(n)}
            for name, p, r, f, n in zip(names, precision, recall, f1, support, strict=True)
        ],
        "calibration": probabilities.reliability_diagram(actual, target_evaluation.probabilities),
        "most_certain": {
            "share": probabilities.CERTAIN_SHARE,
            "accuracy": accuracy_score(actual[certain], predicted[certain]),
        },
    }


def _wilson_interval(correct: int, rows: int) -> list[float]:
    """Wilson's score interval of a share (Wilson 1927), which also holds near 0 and 1 and on few rows."""
    interval = binomtest(correct, rows).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    return [float(interval.low), float(interval.high)]


def _most_confused(confusion: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """The pairs of classes taken for each other most often."""
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSED_PAIRS]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [{"actual": names[a], "predicted": names[p], "count": int(wrong[a, p])} for a, p in pairs if wrong[a, p] > 0]


# Numbers


def _evaluate_numbers(target_evaluation: TargetEvaluation) -> dict[str, Any]:
    actual, predicted = target_evaluation.actual, target_evaluation.predicted
    plotted = np.unique(np.linspace(0, len(actual) - 1, min(len(actual), MAX_PAIRS)).astype(int))
    return {
        "target": target_evaluation.target.name,
        "kind": "regression",
        "metrics": dict(zip(REGRESSION_METRICS, _regression_errors(actual, predicted).tolist(), strict=True)),
        "baseline": dict(
            zip(
                REGRESSION_METRICS,
                _regression_errors(actual, target_evaluation.baseline_predictions).tolist(),
                strict=True,
            )
        ),
        "intervals": dict(zip(REGRESSION_METRICS, _bootstrap_intervals(actual, predicted), strict=True)),
        "pairs": {"actual": _six_digits(actual[plotted]), "predicted": _six_digits(predicted[plotted])},
    }


def _regression_errors(actual: np.ndarray, predicted: np.ndarray, axis: int = -1) -> np.ndarray:
    """MAE, RMSE and R² along `axis`, stacked in front; R² is not finite where the target does not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.square(predicted - actual).mean(axis)
        return np.stack([np.abs(predicted - actual).mean(axis), np.sqrt(squared), 1 - squared / actual.var(axis)])


def _errors_over_targets(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Several numbers at once, (targets, rows), as Keras reduces them: errors over all, R² averaged."""
    pooled = _regression_errors(actual.reshape(-1), predicted.reshape(-1))
    pooled[2] = _regression_errors(actual, predicted)[2].mean()
    return dict(zip(REGRESSION_METRICS, pooled.tolist(), strict=True))


def _bootstrap_intervals(actual: np.ndarray, predicted: np.ndarray) -> list[list[float] | None]:
    """Percentile bootstrap over rows (Efron 1979), seeded; with very many rows fewer resamples are as sharp."""
    if len(actual) < 2 or not np.all(np.isfinite(predicted)):
        return [None] * len(REGRESSION_METRICS)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)  # a constant target has no R²: it becomes null
        interval = bootstrap(
            (actual, predicted),
            _regression_errors,
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


# From the network's outputs to answers


def decode_outputs(
    preprocessing: Preprocessing, y: Predictions, outputs: Predictions, baseline_predictions: Mapping[str, float]
) -> list[TargetEvaluation]:
    """An entry for each target. `y` are encoded labels, `outputs` the network's, each (rows, ...) or by head;
    `guesses` is the baseline's class number, or number in the target's own unit, by target."""
    target_evaluations, single = [], len(preprocessing.heads) == 1
    for column, encoder in enumerate(preprocessing.targets):
        target = encoder.target
        truth, output = (
            np.asarray(values_by_head[target.name] if isinstance(values_by_head, Mapping) else values_by_head)
            for values_by_head in (y, outputs)
        )
        baseline_prediction = baseline_predictions[target.name]
        if target.kind != "regression":
            class_probabilities = probabilities.to_class_probabilities(output)
            predicted, confidence = probabilities.predict_classes(class_probabilities)
            actual = truth.reshape(-1).astype(np.int64)
            target_evaluations.append(
                TargetEvaluation(target, actual, predicted, confidence, class_probabilities, baseline_prediction)
            )
            continue
        output_column = column if single else 0
        actual, predicted = (
            encoder.decode(values.reshape(len(values), -1)[:, output_column]).astype(np.float64)
            for values in (truth, output)
        )
        target_evaluations.append(TargetEvaluation(target, actual, predicted, None, None, baseline_prediction))
    return target_evaluations
