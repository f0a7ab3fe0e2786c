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
from kerasdeep.measuring import baseline, samples
from kerasdeep.run_dir import plain

LEVEL = 0.95
RESAMPLES = 1000
SEED = 0
MOST_PAIRS = 2000
MOST_CLASSES = 200  # above, the confusion matrix would outweigh the rest of the run
MOST_CONFUSED = 20
REGRESSION = ("mean_absolute_error", "root_mean_squared_error", "r2_score")
PREFIX = {"train": "", "validation": "val_", "test": "test_"}

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
class Answers:
    """One target of one part: what was true, what the model said and how sure it was.

    `actual` and `predicted` are (rows,): class numbers, or numbers in the target's own unit.
    `confidence` is the probability of the predicted class, None for numbers.
    """

    target: Target
    actual: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray | None
    guessed: np.ndarray


def evaluate(dataset: Dataset, predictions: Mapping[str, Predictions], examples: int = 12) -> Evaluation:
    """Measure `predictions`, {part: array, or {target: array}}, against the targets of those parts.

    For classes the arrays are probabilities: (rows, classes), or (rows,) and (rows, 1) for two classes; for
    numbers the network's outputs, (rows,) or (rows, targets). `examples` mistakes are shown in `samples`, of the
    test part or, without one, of the validation part. At least one part must be given.
    """
    answers = {part: _answers(dataset, part, outputs) for part, outputs in predictions.items()}
    several_heads = isinstance(dataset.train.y, Mapping)
    parts = {part: _part(found, several_heads) for part, found in answers.items()}
    shown = next(part for part in ("test", "validation", "train") if part in answers)
    return Evaluation(
        evaluation=plain({"parts": parts}),
        samples=samples.mistakes(dataset, shown, answers[shown], examples)
        if shown
        else {"part": None, "mistakes": []},
        metrics=_flat(parts, "metrics"),
        baseline=_flat(parts, "baseline"),
        intervals=_flat(parts, "intervals"),
    )


def _part(answers: list[Answers], several_heads: bool) -> dict[str, Any]:
    targets = [_numbers(found) if found.confidence is None else _classes(found) for found in answers]
    whole = {"rows": len(answers[0].actual), "targets": targets}
    for kind in ("metrics", "baseline", "intervals"):
        named = {f"{target['target']}_{name}": value for target in targets for name, value in target[kind].items()}
        whole[kind] = targets[0][kind] if len(targets) == 1 else named
    if len(targets) > 1 and not several_heads:  # one head of several numbers: Keras measures it as a whole
        actual = np.stack([found.actual for found in answers])
        whole["metrics"] = _over_targets(actual, np.stack([found.predicted for found in answers]))
        whole["baseline"] = _over_targets(actual, np.stack([found.guessed for found in answers]))
    return whole


def _flat(parts: dict[str, Any], kind: str) -> dict[str, Any]:
    return plain(
        {PREFIX[part] + name: value for part, whole in parts.items() for name, value in whole[kind].items()}
    )


# Classes


def _classes(found: Answers) -> dict[str, Any]:
    names, actual, predicted = found.target.classes, found.actual, found.predicted
    numbers = range(len(names))
    precision, recall, f1, support = precision_recall_fscore_support(
        actual, predicted, labels=numbers, zero_division=np.nan
    )
    confusion = confusion_matrix(actual, predicted, labels=numbers)
    return {
        "target": found.target.name,
        "kind": found.target.kind,
        "classes": list(names),
        "metrics": {"accuracy": accuracy_score(actual, predicted)},
        "baseline": {"accuracy": accuracy_score(actual, found.guessed)},
        "intervals": {"accuracy": _wilson(int(np.sum(actual == predicted)), len(actual))},
        "confusion": confusion.tolist() if len(names) <= MOST_CLASSES else None,
        "confused": _confused(confusion, names),
        "per_class": [
            {"class": name, "precision": p, "recall": r, "f1": f, "support": int(n)}
            for name, p, r, f, n in zip(names, precision, recall, f1, support, strict=True)
        ],
    }


def _wilson(right: int, rows: int) -> list[float]:
    """Wilson's score interval of a share (Wilson 1927), which also holds near 0 and 1 and on few rows."""
    interval = binomtest(right, rows).proportion_ci(LEVEL, method="wilson")
    return [float(interval.low), float(interval.high)]


def _confused(confusion: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """The pairs of classes taken for each other most often."""
    wrong = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        {"actual": names[a], "predicted": names[p], "count": int(wrong[a, p])} for a, p in pairs if wrong[a, p] > 0
    ]


# Numbers


def _numbers(found: Answers) -> dict[str, Any]:
    actual, predicted = found.actual, found.predicted
    shown = np.unique(np.linspace(0, len(actual) - 1, min(len(actual), MOST_PAIRS)).astype(int))
    return {
        "target": found.target.name,
        "kind": "regression",
        "metrics": dict(zip(REGRESSION, _errors(actual, predicted).tolist(), strict=True)),
        "baseline": dict(zip(REGRESSION, _errors(actual, found.guessed).tolist(), strict=True)),
        "intervals": dict(zip(REGRESSION, _resampled(actual, predicted), strict=True)),
        "pairs": {"actual": _short(actual[shown]), "predicted": _short(predicted[shown])},
    }


def _errors(actual: np.ndarray, predicted: np.ndarray, axis: int = -1) -> np.ndarray:
    """MAE, RMSE and R² along `axis`, stacked in front; R² is not finite where the target does not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.square(predicted - actual).mean(axis)
        return np.stack([np.abs(predicted - actual).mean(axis), np.sqrt(squared), 1 - squared / actual.var(axis)])


def _over_targets(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Several numbers at once, (targets, rows), as Keras reduces them: errors over all, R² averaged."""
    together = _errors(actual.reshape(-1), predicted.reshape(-1))
    together[2] = _errors(actual, predicted)[2].mean()
    return dict(zip(REGRESSION, together.tolist(), strict=True))


def _resampled(actual: np.ndarray, predicted: np.ndarray) -> list[list[float] | None]:
    """Percentile bootstrap over rows (Efron 1979), seeded; with very many rows fewer resamples are as sharp."""
    if len(actual) < 2 or not np.all(np.isfinite(predicted)):
        return [None] * len(REGRESSION)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)  # a constant target has no R²: it becomes null
        found = bootstrap(
            (actual, predicted),
            _errors,
            paired=True,
            vectorized=True,
            method="percentile",
            confidence_level=LEVEL,
            n_resamples=int(np.clip(20_000_000 // len(actual), 100, RESAMPLES)),
            batch=max(1, 1_000_000 // len(actual)),
            rng=np.random.default_rng(SEED),
        ).confidence_interval
    return [[float(low), float(high)] for low, high in zip(found.low, found.high, strict=True)]


def _short(values: np.ndarray) -> list[float]:
    """Six digits are enough for a plot."""
    return [float(f"{value:.6g}") for value in values.tolist()]


# From the network's outputs to answers


def _answers(dataset: Dataset, part: str, outputs: Predictions) -> list[Answers]:
    answers = []
    for rule, target in zip(dataset.preprocessing.targets, dataset.targets, strict=True):
        ys = getattr(dataset, part).y, dataset.train.y, outputs
        truth, fitted, said = (np.asarray(y[target.name] if isinstance(y, Mapping) else y) for y in ys)
        if target.kind != "regression":
            actual, seen = truth.reshape(-1).astype(np.int64), fitted.reshape(-1).astype(np.int64)
            predicted, confidence = _decide(said.reshape(len(actual), -1))
            answers.append(Answers(target, actual, predicted, confidence, baseline.majority(seen, len(actual))))
            continue
        column = 0 if isinstance(dataset.train.y, Mapping) else dataset.targets.index(target)
        actual, seen, predicted = (
            rule.decode(values.reshape(len(values), -1)[:, column]).astype(np.float64)
            for values in (truth, fitted, said)
        )
        answers.append(Answers(target, actual, predicted, None, baseline.mean(seen, len(actual))))
    return answers


def _decide(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The predicted class and its probability; a lone column is class 1's, and is 1 above 0.5, as in Keras."""
    if probabilities.shape[1] == 1:
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
        predicted = (probabilities[:, 1] > 0.5).astype(np.int64)
    else:
        predicted = probabilities.argmax(axis=1)
    return predicted, np.take_along_axis(probabilities, predicted[:, None], axis=1)[:, 0]
