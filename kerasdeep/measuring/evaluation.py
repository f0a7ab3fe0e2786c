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
from kerasdeep.measuring import baseline, probabilities, samples
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
    `confidence` is the probability of the predicted class and `probabilities` (rows, classes) of all of them; both
    are None for numbers. `guess` is what the baseline says to every row.
    """

    target: Target
    actual: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray | None
    probabilities: np.ndarray | None
    guess: float

    @property
    def guessed(self) -> np.ndarray:
        return np.full(len(self.actual), self.guess)


def evaluate(dataset: Dataset, predictions: Mapping[str, Predictions], examples: int = 12) -> Evaluation:
    """Measure `predictions`, {part: array, or {target: array}}, against the targets of those parts.

    For classes the arrays are probabilities: (rows, classes), or (rows,) and (rows, 1) for two classes; for
    numbers the network's outputs, (rows,) or (rows, targets). `examples` mistakes are shown in `samples`, of the
    test part or, without one, of the validation part. At least one part must be given.
    """
    guesses = baseline.guesses(dataset.preprocessing, dataset.train.y)
    answers = {
        part: answers_of(dataset.preprocessing, getattr(dataset, part).y, outputs, guesses)
        for part, outputs in predictions.items()
    }
    parts = {part: measure(found, dataset.preprocessing) for part, found in answers.items()}
    shown = next(part for part in ("test", "validation", "train") if part in answers)
    return Evaluation(
        evaluation=plain({"parts": parts}),
        samples=samples.mistakes(dataset, shown, answers[shown], examples),
        metrics=flat(parts, "metrics"),
        baseline=flat(parts, "baseline"),
        intervals=flat(parts, "intervals"),
    )


def measure(answers: list[Answers], preprocessing: Preprocessing) -> dict[str, Any]:
    """One part as `evaluation.json` holds it: `rows`, `targets`, and `metrics baseline intervals` of them all."""
    targets = [_numbers(found) if found.confidence is None else _classes(found) for found in answers]
    whole = {"rows": len(answers[0].actual), "targets": targets}
    for kind in ("metrics", "baseline", "intervals"):
        named = {f"{target['target']}_{name}": value for target in targets for name, value in target[kind].items()}
        whole[kind] = targets[0][kind] if len(targets) == 1 else named
    if (
        len(targets) > 1 and len(preprocessing.heads) == 1
    ):  # one head of several numbers: Keras measures it as a whole
        actual = np.stack([found.actual for found in answers])
        whole["metrics"] = _over_targets(actual, np.stack([found.predicted for found in answers]))
        whole["baseline"] = _over_targets(actual, np.stack([found.guessed for found in answers]))
    return whole


def flat(parts: dict[str, Any], kind: str) -> dict[str, Any]:
    """`metrics`, `baseline` or `intervals` of all parts, with each part's prefix in front of the names."""
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
    certain = probabilities.most_certain(probabilities.entropy(found.probabilities))
    return {
        "target": found.target.name,
        "kind": found.target.kind,
        "classes": list(names),
        "metrics": {
            "accuracy": accuracy_score(actual, predicted),
            **probabilities.scores(actual, found.probabilities),
        },
        "baseline": {"accuracy": accuracy_score(actual, found.guessed)},
        "intervals": {"accuracy": _wilson(int(np.sum(actual == predicted)), len(actual))},
        "confusion": confusion.tolist() if len(names) <= MOST_CLASSES else None,
        "confused": _confused(confusion, names),
        "per_class": [
            {"class": name, "precision": p, "recall": r, "f1": f, "support": int(n)}
            for name, p, r, f, n in zip(names, precision, recall, f1, support, strict=True)
        ],
        "calibration": probabilities.reliability(actual, found.probabilities),
        "most_certain": {
            "share": probabilities.CERTAIN,
            "accuracy": accuracy_score(actual[certain], predicted[certain]),
        },
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


def answers_of(
    preprocessing: Preprocessing, y: Predictions, outputs: Predictions, guesses: Mapping[str, float]
) -> list[Answers]:
    """An entry for each target. `y` are encoded labels, `outputs` the network's, each (rows, ...) or by head;
    `guesses` is the baseline's class number, or number in the target's own unit, by target."""
    answers, single = [], len(preprocessing.heads) == 1
    for column, rule in enumerate(preprocessing.targets):
        target = rule.target
        truth, said = (
            np.asarray(by_head[target.name] if isinstance(by_head, Mapping) else by_head)
            for by_head in (y, outputs)
        )
        guess = guesses[target.name]
        if target.kind != "regression":
            shares = probabilities.both_columns(said)
            predicted, confidence = probabilities.decide(shares)
            actual = truth.reshape(-1).astype(np.int64)
            answers.append(Answers(target, actual, predicted, confidence, shares, guess))
            continue
        place = column if single else 0
        actual, predicted = (
            rule.decode(values.reshape(len(values), -1)[:, place]).astype(np.float64) for values in (truth, said)
        )
        answers.append(Answers(target, actual, predicted, None, None, guess))
    return answers
