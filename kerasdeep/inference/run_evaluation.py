"""How good a finished run is, measured anew: on the rows it held out itself, or on a labelled file."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score

from kerasdeep import data, modeling
from kerasdeep.custom_objects import DataLoss
from kerasdeep.data import encode_target, read_for_prediction, transform_inputs
from kerasdeep.evaluation import baseline, prediction_metrics
from kerasdeep.evaluation.prediction_metrics import METRIC_PREFIX, TargetEvaluation
from kerasdeep.evaluation.probabilities import CERTAIN_SHARE, most_certain
from kerasdeep.inference import mc_dropout
from kerasdeep.inference.predictor import Predictor
from kerasdeep.inference.target_predictions import predict_outputs
from kerasdeep.modeling.batches import keras_data_arguments
from kerasdeep.modeling.compilation import has_penalties, target_scales
from kerasdeep.runs import to_jsonable

Say = Callable[[str], None]


def evaluate(predictor: Predictor, source: str | None, samples: int | None, say: Say) -> dict[str, Any]:
    """`result.json`'s object with metrics, baseline and intervals measured now, and `evaluation`, the fact.

    Without `source` the run's own held-out parts are measured; a labelled `source` counts as a test part. With
    `samples`, `mc` holds the same once more from the mean of that many random copies. Raises InputError for
    labels that are missing or unknown.
    """
    parts = _held_out(predictor, say) if source is None else {"test": _labelled_source(predictor, source, say)}
    baseline_predictions = baseline.constant_predictions_from_profile(predictor.run.read_fact("data"))
    outputs_by_part = {name: predict_outputs(predictor.model, x) for name, (x, _) in parts.items()}
    evaluated = _evaluate_parts(predictor, parts, outputs_by_part, baseline_predictions, None)
    evaluated["metrics"] = keras_metrics(predictor, parts) | evaluated["metrics"]
    result = predictor.run.read_result() | evaluated
    if samples is None:
        return result
    moments_by_part = {
        name: mc_dropout.sample_outputs(predictor.model, x, samples, predictor.config.seed)
        for name, (x, _) in parts.items()
    }
    means_by_part = {
        name: {head: head_moments.mean for head, head_moments in head_moments_by_name.items()}
        for name, head_moments_by_name in moments_by_part.items()
    }
    return result | {
        "mc": {
            "samples": samples,
            **_evaluate_parts(predictor, parts, means_by_part, baseline_predictions, moments_by_part),
        }
    }


def _held_out(predictor: Predictor, say: Say) -> dict[str, tuple[Any, Any]]:
    """The run's own test and validation rows, as training cut them; the training rows where it has neither."""
    data_section = predictor.config.data
    dataset = data.load(data_section, predictor.config.task, say=say)
    recorded_hash = (predictor.run.read_fact("data") or {}).get("hash")
    if recorded_hash and recorded_hash != dataset.hash:
        say("The data is not what the run was trained on any more; the figures are those of today's rows.")
    splits = {name: part for name, part in dataset.splits.items() if name != "train"} or {"train": dataset.train}
    return {name: (part.x, part.y) for name, part in splits.items()}


def _labelled_source(predictor: Predictor, source: str, say: Say) -> tuple[Any, Any]:
    raw = read_for_prediction(predictor.preprocessing, source, labels=True)
    for warning in raw.warnings:
        say(str(warning))
    return transform_inputs(predictor.preprocessing, raw.x), encode_target(predictor.preprocessing, raw.y)


def keras_metrics(predictor: Predictor, parts: dict[str, tuple[Any, Any]]) -> dict[str, float]:
    """The losses, and the metrics that the configuration asks for, by the names that training gives them."""
    model, config, preprocessing = predictor.model, predictor.config, predictor.preprocessing
    dataset_stub = SimpleNamespace(heads=preprocessing.heads, preprocessing=preprocessing)
    heads = modeling.output_heads(dataset_stub)
    loss = modeling.build_losses(config.loss, heads, config.regularization.label_smoothing)
    separate_data_loss = has_penalties(model) and len(heads) == 1
    metrics = modeling.build_metrics(config.metrics, heads, target_scales(dataset_stub))
    model.compile(loss=loss, metrics=metrics, weighted_metrics=[DataLoss(loss)] if separate_data_loss else None)
    values_by_name = {}
    for name, (x, y) in parts.items():
        logs = model.evaluate(**keras_data_arguments(model, x, y), return_dict=True, verbose=0)
        logs["data_loss"] = modeling.data_loss_from_logs(logs, heads)
        for key, value in logs.items():
            values = np.ravel(value)
            names = [key] if len(values) == 1 else [f"{key}_{index}" for index in range(len(values))]
            values_by_name |= {
                METRIC_PREFIX[name] + key: float(scalar) for key, scalar in zip(names, values, strict=True)
            }
    return values_by_name


def _evaluate_parts(
    predictor: Predictor,
    parts: dict[str, tuple[Any, Any]],
    outputs_by_part: dict[str, dict[str, np.ndarray]],
    baseline_predictions: dict[str, float],
    moments_by_part: dict[str, dict[str, mc_dropout.Moments]] | None,
) -> dict[str, Any]:
    preprocessing, facts_by_part = predictor.preprocessing, {}
    for name, (_, y) in parts.items():
        outputs = outputs_by_part[name] if len(preprocessing.heads) > 1 else next(iter(outputs_by_part[name].values()))
        target_evaluations = prediction_metrics.decode_outputs(preprocessing, y, outputs, baseline_predictions)
        facts_by_part[name] = prediction_metrics.evaluate_part(target_evaluations, preprocessing)
        for target, target_evaluation in zip(facts_by_part[name]["targets"], target_evaluations, strict=True):
            if moments_by_part:
                target["most_certain"] = _most_certain_metrics(target_evaluation, moments_by_part[name], preprocessing)
    kinds = ("metrics", "baseline", "intervals")
    return {
        **{kind: prediction_metrics.flatten_parts(facts_by_part, kind) for kind in kinds},
        "evaluation": to_jsonable({"parts": facts_by_part}),
    }


def _most_certain_metrics(
    target_evaluation: TargetEvaluation, moments: dict[str, mc_dropout.Moments], preprocessing: Any
) -> dict[str, float]:
    """How good the answers are on the rows of least uncertainty: predictive entropy, or the number's deviation."""
    names = [encoder.name for encoder in preprocessing.targets]
    single = len(preprocessing.heads) == 1
    head_moments = next(iter(moments.values())) if single else moments[target_evaluation.target.name]
    if target_evaluation.confidence is None:
        certain_rows = most_certain(head_moments.std[:, names.index(target_evaluation.target.name) if single else 0])
        error = np.abs(target_evaluation.predicted - target_evaluation.actual)[certain_rows].mean()
        return {"share": CERTAIN_SHARE, "mean_absolute_error": float(error)}
    certain_rows = most_certain(head_moments.predictive_entropy)
    return {
        "share": CERTAIN_SHARE,
        "accuracy": float(
            accuracy_score(target_evaluation.actual[certain_rows], target_evaluation.predicted[certain_rows])
        ),
    }
