"""What a finished run is evaluated on, and the metrics that Keras computes for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerasdeep import data, modeling
from kerasdeep.config.root import Config
from kerasdeep.custom_objects import DataLoss
from kerasdeep.data import DataSplit, Preprocessing, encode_target, read_for_prediction, row_roles, transform_inputs
from kerasdeep.data.readers.images import PART_COLUMN
from kerasdeep.data.types import PREDICTED_SPLITS, RawSplit
from kerasdeep.heads import output_heads, target_scales
from kerasdeep.keras_names import written_name
from kerasdeep.metric_names import PREFIXES
from kerasdeep.modeling.batches import keras_data_arguments
from kerasdeep.modeling.compilation import has_penalties
from kerasdeep.modeling.metrics import metric_arguments
from kerasdeep.runs import RunDir, facts

if TYPE_CHECKING:
    from kerasdeep.data.prediction_input import Rows


def held_out_splits(run: RunDir, config: Config, say: Callable[[str], None]) -> dict[str, DataSplit]:
    """The run's own test and validation rows, as training cut them; the training rows where it has neither."""
    dataset = data.load(config.data, config.task, say=say)
    recorded = facts.read_fact(run, facts.DataFact)
    if recorded is not None and recorded.hash not in (None, dataset.hash):
        say("The data changed since the run was trained; these metrics are for the current rows.")
    for warning in dataset.warnings:
        if warning.name == "replaced-values":
            say(str(warning))
    return dataset.held_out


def labelled_split(preprocessing: Preprocessing, rows: Rows, say: Callable[[str], None]) -> DataSplit:
    """Rows with their labels, prepared as in training. Raises InputError for labels that are missing or unknown."""
    raw = read_for_prediction(preprocessing, rows, labels=True, every_window=True)
    for warning in raw.warnings:
        say(str(warning))
    split, weight = RawSplit(raw.x, raw.y or {}, raw.rows), preprocessing.read_options.get("weight")
    if raw.columns is not None and list(raw.columns) == [
        "row",
        PART_COLUMN,
    ]:  # pictures in parts: not those learnt from
        part = next(name for name in PREDICTED_SPLITS if (raw.columns[PART_COLUMN] == name).any())
        split = split.take(np.flatnonzero(raw.columns[PART_COLUMN] == part))
    if weight and raw.columns is not None and weight in raw.columns:
        split.roles["weight"] = row_roles.checked_weights(raw.columns[weight])
        split = split.take(np.flatnonzero(split.roles["weight"] > 0))
    elif weight:
        say(f"The rows have no column '{weight}', so that they all count alike.")
    x, y = transform_inputs(preprocessing, split.x), encode_target(preprocessing, split.y)
    return DataSplit(x, y, split.rows, row_roles.mean_one(split.roles.get("weight")))


def keras_metrics(
    model: keras.Model, config: Config, preprocessing: Preprocessing, splits: Mapping[str, DataSplit]
) -> dict[str, float]:
    """The losses, and the metrics that the configuration asks for, by the names that training gives them."""
    heads = output_heads(preprocessing)
    loss = modeling.build_losses(config.loss, heads, config.regularization.label_smoothing)
    metrics = modeling.build_metrics(config.metrics, heads, target_scales(preprocessing))
    data_loss = [DataLoss(loss)] if has_penalties(model) and len(heads) == 1 else []
    weighted = any(split.weight is not None for split in splits.values())
    model.compile(loss=loss, **metric_arguments(metrics, data_loss, weighted))
    values_by_name: dict[str, float] = {}
    for name, split in splits.items():
        logs = model.evaluate(
            **keras_data_arguments(model, split.x, split.y, split.weight), return_dict=True, verbose=0
        )
        logs["data_loss"] = modeling.data_loss_from_logs(logs, heads)
        for key, value in logs.items():
            key, values = written_name(key), np.ravel(value)
            names = [key] if len(values) == 1 else [f"{key}_{index}" for index in range(len(values))]
            values_by_name |= {PREFIXES[name] + key: float(scalar) for key, scalar in zip(names, values, strict=True)}
    return values_by_name
