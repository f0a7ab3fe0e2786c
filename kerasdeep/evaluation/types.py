"""What a model says about a target, what was true, and the functions that a task's module has for both."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np

from kerasdeep.data import Target
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.probabilities import entropy, to_class_probabilities
from kerasdeep.tasks import Task

Constant = float | np.ndarray
"""A prediction that is the same for every row: a number, or several where a row's prediction is several."""


@dataclass(frozen=True, slots=True)
class Moments:
    """A head's outputs over random copies of the model.

    Args:
        mean: Over the copies, (rows, units).
        std: Of the copies (not of their mean), (rows, units).
        mean_entropy: The mean of each copy's own entropy in nats, (rows,); it means nothing for numbers.
    """

    mean: np.ndarray
    std: np.ndarray
    mean_entropy: np.ndarray

    def columns(self, columns: slice) -> Moments:
        """The moments of some of the units."""
        return Moments(self.mean[:, columns], self.std[:, columns], self.mean_entropy)

    @property
    def predictive_entropy(self) -> np.ndarray:
        """The entropy of the mean in nats, (rows,): all the uncertainty there is."""
        return entropy(to_class_probabilities(self.mean))

    @property
    def mutual_information(self) -> np.ndarray:
        """The part of it that more data could remove (Houlsby et al. 2011), in nats: (rows,)."""
        return np.maximum(0.0, self.predictive_entropy - self.mean_entropy)


@dataclass(frozen=True, slots=True)
class TargetPrediction:
    """What a model says about one target of every row.

    Args:
        encoder: The target's; it names the classes.
        predicted: Class numbers, or numbers in the target's own unit: (rows,). Of a set 0 and 1, (rows, labels).
        probabilities: Of the classes or labels, (rows, classes); None for numbers.
        moments: Of the target's units, where random copies of the model were asked.
        std: Of the predicted class's probability, or of the number in its own unit, over the copies: (rows,). Of a
            set that of every label's probability, (rows, labels).
        quantiles: At the levels of the task, (rows, levels), rising along each row.
    """

    encoder: TargetEncoder
    predicted: np.ndarray
    probabilities: np.ndarray | None = None
    moments: Moments | None = None
    std: np.ndarray | None = None
    quantiles: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class TargetEvaluation:
    """One target of one split: what was true, what the model says, and what the baseline says to every row.

    `actual` has the shape of `prediction.predicted`; −1 for a class that training never saw. `weights` says how much
    each row counts; None where all count alike.
    """

    prediction: TargetPrediction
    actual: np.ndarray
    baseline_prediction: Constant
    weights: np.ndarray | None = None

    @property
    def target(self) -> Target:
        return self.prediction.encoder.target

    @property
    def baseline_predictions(self) -> np.ndarray:
        return np.full((len(self.actual), *np.shape(self.baseline_prediction)), self.baseline_prediction)


class TargetModule(Protocol):
    """The module that a task names: decodes and measures one of its targets."""

    def decode(self, encoder: TargetEncoder, outputs: np.ndarray, moments: Moments | None) -> TargetPrediction:
        """The prediction in `outputs`, (rows, units): the target's share of a model's outputs."""

    def decode_labels(self, encoder: TargetEncoder, labels: np.ndarray) -> np.ndarray:
        """Encoded labels as they compare with `TargetPrediction.predicted`, in the same shape."""

    def table_columns(self, prediction: TargetPrediction, suffix: str) -> dict[str, np.ndarray]:
        """The columns that `predict` shows, (rows,) each; `suffix` keeps several targets apart."""

    def measure(self, evaluation: TargetEvaluation) -> dict[str, Any]:
        """The target's entry in `evaluation.json`: `metrics`, `baseline`, `intervals`, and what the report draws."""

    def metrics(self, evaluation: TargetEvaluation) -> dict[str, Any]:
        """The target's metrics by Keras's names."""

    def gain(self, evaluation: TargetEvaluation, other: TargetEvaluation) -> tuple[str, float, list[float] | None]:
        """The metric that predictions are compared by, how much better it is than in `other`, which has the same
        rows, and the 95 % interval of that over paired rows."""

    def pooled_metrics(self, actual: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None) -> dict[str, float]:
        """The metrics of several targets that share a head, (targets, rows), as Keras reduces them."""

    def worst_rows(self, evaluation: TargetEvaluation) -> np.ndarray:
        """The numbers of the mistaken rows, worst first."""

    def describe_row(self, evaluation: TargetEvaluation, row: int) -> dict[str, Any]:
        """`actual`, `predicted` and `confidence` of one row, readable."""


def module_of(task: Task) -> TargetModule:
    return cast(TargetModule, importlib.import_module(task.module))
