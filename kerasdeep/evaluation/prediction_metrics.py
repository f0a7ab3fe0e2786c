"""Metrics, confidence intervals and baselines: the facts behind `evaluation.json`.

Everything is computed on whole splits from arrays; no model is needed, and nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdeep.data import Preprocessing
from kerasdeep.evaluation.types import Moments, TargetEvaluation, TargetPrediction, module_of
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
    baseline_predictions: Mapping[str, float],
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


def _evaluate_split(evaluations: list[TargetEvaluation], preprocessing: Preprocessing) -> dict[str, Any]:
    """One split as `evaluation.json` holds it: `rows`, `targets`, and `metrics baseline intervals` of them all."""
    modules = [module_of(evaluation.target.task) for evaluation in evaluations]
    targets = [module.measure(evaluation) for module, evaluation in zip(modules, evaluations, strict=True)]
    facts: dict[str, Any] = {"rows": len(evaluations[0].actual), "targets": targets}
    for kind in ("metrics", "baseline", "intervals"):
        prefixed = {f"{target['target']}_{name}": value for target in targets for name, value in target[kind].items()}
        facts[kind] = targets[0][kind] if len(targets) == 1 else prefixed
    if len(targets) > 1 and len(preprocessing.heads) == 1:  # Keras measures a shared head as a whole
        actual, predicted, constant = (
            np.stack(arrays)
            for arrays in zip(
                *((each.actual, each.prediction.predicted, each.baseline_predictions) for each in evaluations),
                strict=True,
            )
        )
        weights = evaluations[0].weights
        facts["metrics"] = modules[0].pooled_metrics(actual, predicted, weights)
        facts["baseline"] = modules[0].pooled_metrics(actual, constant, weights)
    return facts
