"""What a finished run is evaluated on, and the metrics that Keras computes for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerasdeep import data, modeling
from kerasdeep.config.root import Config
from kerasdeep.custom_objects import DataLoss
from kerasdeep.data import DataSplit, Preprocessing, encode_target, read_for_prediction, transform_inputs
from kerasdeep.evaluation.prediction_metrics import METRIC_PREFIX
from kerasdeep.heads import output_heads, target_scales
from kerasdeep.modeling.batches import keras_data_arguments
from kerasdeep.modeling.compilation import has_penalties
from kerasdeep.runs import RunDir

if TYPE_CHECKING:
    from kerasdeep.data.prediction_input import Rows


def held_out_splits(run: RunDir, config: Config, say: Callable[[str], None]) -> dict[str, DataSplit]:
    """The run's own test and validation rows, as training cut them; the training rows where it has neither."""
    dataset = data.load(config.data, config.task, say=say)
    recorded_hash = (run.read_fact("data") or {}).get("hash")
    if recorded_hash and recorded_hash != dataset.hash:
        say("The data changed since the run was trained; these metrics are for the current rows.")
    return dataset.held_out


def labelled_split(preprocessing: Preprocessing, rows: Rows, say: Callable[[str], None]) -> DataSplit:
    """Rows with their labels, prepared as in training. Raises InputError for labels that are missing or unknown."""
    raw = read_for_prediction(preprocessing, rows, labels=True)
    for warning in raw.warnings:
        say(str(warning))
    return DataSplit(transform_inputs(preprocessing, raw.x), encode_target(preprocessing, raw.y or {}), raw.rows)


def keras_metrics(
    model: keras.Model, config: Config, preprocessing: Preprocessing, splits: Mapping[str, DataSplit]
) -> dict[str, float]:
    """The losses, and the metrics that the configuration asks for, by the names that training gives them."""
    heads = output_heads(preprocessing)
    loss = modeling.build_losses(config.loss, heads, config.regularization.label_smoothing)
    metrics = modeling.build_metrics(config.metrics, heads, target_scales(preprocessing))
    separate_data_loss = has_penalties(model) and len(heads) == 1
    model.compile(loss=loss, metrics=metrics, weighted_metrics=[DataLoss(loss)] if separate_data_loss else None)
    values_by_name: dict[str, float] = {}
    for name, split in splits.items():
        logs = model.evaluate(**keras_data_arguments(model, split.x, split.y), return_dict=True, verbose=0)
        logs["data_loss"] = modeling.data_loss_from_logs(logs, heads)
        for key, value in logs.items():
            values = np.ravel(value)
            names = [key] if len(values) == 1 else [f"{key}_{index}" for index in range(len(values))]
            values_by_name |= {
                METRIC_PREFIX[name] + key: float(scalar) for key, scalar in zip(names, values, strict=True)
            }
    return values_by_name
