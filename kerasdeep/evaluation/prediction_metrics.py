"""Metrics, confidence intervals and baselines: the facts behind `evaluation.json`.

Everything is computed on whole splits from arrays; no model is needed, and nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerasdeep.data import Preprocessing
from kerasdeep.evaluation.types import Constant, Moments, TargetEvaluation, TargetPrediction, module_of
from kerasdeep.heads import Arrays, target_slices
from kerasdeep.metric_names import PREFIXES
from kerasdeep.runs.files import to_jsonable


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metrics of a model on the splits of a data set.

    `evaluation` is the fact of that name. `metrics`, `baseline` and `intervals` are flat, as `result.json` wants
    them: names are Keras's, with `val_` or `test_` in front; with several heads the head's name comes between.
    `targets` has what was measured, by split.
    """

    evaluation: dict[str, Any]
    metrics: dict[str, float | None]
    baseline: dict[str, float | None]
    intervals: dict[str, list[float | None]]
    targets: dict[str, list[TargetEvaluation]]


def evaluate(
    preprocessing: Preprocessing,
    labels: Mapping[str, Arrays],
    outputs: Mapping[str, Arrays],
    baseline_predictions: Mapping[str, Constant],
    moments: Mapping[str, Mapping[str, Moments]] | None = None,
    weights: Mapping[str, np.ndarray | None] | None = None,
) -> Evaluation:
    """Measure `outputs` against `labels`.

    Args:
        preprocessing: The model's; it says where the targets are and how they were encoded.
        labels: Encoded labels by split.
        outputs: A network's outputs by split, (rows, units) or (rows,) where there is one unit. For classes these
            are probabilities; a lone one is that of the second class.
        baseline_predictions: By target, as `baseline.constant_predictions` gives them.
        moments: By split and head, where `outputs` are the means over random copies of the model.
        weights: How much each row counts, by split; metrics, baselines and intervals are weighted means.
    """
    targets: dict[str, list[TargetEvaluation]] = {}
    for name, split_outputs in outputs.items():
        predictions = decode_outputs(preprocessing, split_outputs, moments[name] if moments else None)
        targets[name] = [
            TargetEvaluation(
                prediction,
                module_of(prediction.encoder.task).decode_labels(prediction.encoder, target_slice.labels(labels[name])),
                baseline_predictions[prediction.encoder.name],
                weights[name] if weights else None,
            )
            for target_slice, prediction in zip(target_slices(preprocessing), predictions, strict=True)
        ]
    splits = {name: _evaluate_split(evaluations, preprocessing) for name, evaluations in targets.items()}
    flat = {
        kind: to_jsonable(
            {PREFIXES[name] + metric: value for name, facts in splits.items() for metric, value in facts[kind].items()}
        )
        for kind in ("metrics", "baseline", "intervals")
    }
    return Evaluation(to_jsonable({"parts": splits}), **flat, targets=targets)


def decode_outputs(
    preprocessing: Preprocessing, outputs: Arrays, moments: Mapping[str, Moments] | None = None
) -> list[TargetPrediction]:
    """A prediction for each target, from a network's outputs and, where there are some, their moments by head."""
    return [
        module_of(each.encoder.task).decode(
            each.encoder, each.outputs(outputs), moments[each.head].columns(each.columns) if moments else None
        )
        for each in target_slices(preprocessing)
    ]


def combine_metrics(
    evaluations: list[TargetEvaluation], metrics: list[dict[str, Any]], preprocessing: Preprocessing
) -> dict[str, Any]:
    """The metrics of some targets of a split under one name each: Keras measures a shared head as a whole."""
    if len(preprocessing.targets) == 1:
        return metrics[0]
    if len(preprocessing.heads) == 1:
        actual, predicted = (
            np.stack(arrays) for arrays in zip(*((e.actual, e.prediction.predicted) for e in evaluations), strict=True)
        )
        return module_of(evaluations[0].target.task).pooled_metrics(actual, predicted, evaluations[0].weights)
    return {
        f"{e.target.name}_{name}": value
        for e, each in zip(evaluations, metrics, strict=True)
        for name, value in each.items()
    }


def _evaluate_split(evaluations: list[TargetEvaluation], preprocessing: Preprocessing) -> dict[str, Any]:
    """One split as `evaluation.json` holds it: `rows`, `targets`, and `metrics baseline intervals` of them all."""
    modules = [module_of(evaluation.target.task) for evaluation in evaluations]
    targets = [module.measure(evaluation) for module, evaluation in zip(modules, evaluations, strict=True)]
    facts: dict[str, Any] = {"rows": len(evaluations[0].actual), "targets": targets}
    facts["metrics"] = combine_metrics(evaluations, [target["metrics"] for target in targets], preprocessing)
    constant = [replace(e, prediction=replace(e.prediction, predicted=e.baseline_predictions)) for e in evaluations]
    facts["baseline"] = combine_metrics(constant, [target["baseline"] for target in targets], preprocessing)
    prefixed = {
        f"{target['target']}_{name}": value for target in targets for name, value in target["intervals"].items()
    }
    facts["intervals"] = targets[0]["intervals"] if len(targets) == 1 else prefixed
    return facts
