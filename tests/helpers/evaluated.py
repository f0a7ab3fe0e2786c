"""Evaluating a data set in one call, as the end of training does."""

from types import SimpleNamespace

from kerasdeep.evaluation.baseline import constant_predictions
from kerasdeep.evaluation.prediction_metrics import evaluate
from kerasdeep.evaluation.worst_predictions import mistakes


def evaluate_dataset(dataset, outputs, examples=12):
    """`outputs` by split, measured; `samples` is the fact of that name."""
    labels = {name: dataset.splits[name].y for name in outputs}
    constant = constant_predictions(dataset.preprocessing, dataset.train.y)
    evaluation = evaluate(dataset.preprocessing, labels, outputs, constant)
    fields = {name: getattr(evaluation, name) for name in ("evaluation", "metrics", "baseline", "intervals")}
    return SimpleNamespace(**fields, samples=mistakes(dataset, evaluation.targets, examples))


def evaluations_of(dataset, outputs):
    """The evaluations of every target by split, from outputs by split."""
    labels = {name: dataset.splits[name].y for name in outputs}
    weights = {name: dataset.splits[name].weight for name in outputs}
    constant = constant_predictions(dataset.preprocessing, dataset.train.y, dataset.train.weight)
    return evaluate(dataset.preprocessing, labels, outputs, constant, weights=weights).targets
