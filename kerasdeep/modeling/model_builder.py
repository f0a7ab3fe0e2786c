"""From a checked configuration and its data to the network, its steps, and the weights of its rows."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.custom_objects.piecewise_linear import quantile_edges
from kerasdeep.data import Dataset
from kerasdeep.data.types import input_arrays, take_rows
from kerasdeep.errors import InputError
from kerasdeep.heads import output_heads
from kerasdeep.modeling.losses import build_losses
from kerasdeep.modeling.network import TensorFunction, build_functional_model
from kerasdeep.modeling.pretrained import build_pretrained_model

MAX_QUANTILE_ROWS = 50_000
"""Rows that quantiles are taken from; more would move them by less than they vary anyway."""


def build_model(
    config: Config,
    planned: tuple[PlannedLayer, ...],
    dataset: Dataset,
    transfer_log: list[dict[str, Any]] | None = None,
    input_transform: TensorFunction | None = None,
) -> keras.Model:
    """The model, with its pretrained layers in it.

    `transfer_log` gets a row for each of those; `input_transform` is applied to the input before the first layer.
    """
    planned = tuple(_with_edges(layer, planned, dataset) for layer in planned)
    section = config.data
    options: dict[str, Any] = {"seed": config.seed, "scaling": section.scaling, "input_transform": input_transform}
    options["augmentation"] = section.augmentation
    if not config.pretrained_sources:
        return build_functional_model(planned, dataset.input_shapes, **options)
    by_name = config.weights_by_name
    model, log = build_pretrained_model(
        planned, dataset.input_shapes, weights_by_name=by_name, dataset=dataset, **options
    )
    if transfer_log is not None:
        transfer_log += log
    return model


def _with_edges(layer: PlannedLayer, planned: tuple[PlannedLayer, ...], dataset: Dataset) -> PlannedLayer:
    """A layer of pieces with the edges that the training rows give it."""
    if layer.layer.name != "PiecewiseLinear":
        return layer
    by_name = {each.name: each for each in planned}

    def rows_at(name: str) -> np.ndarray:
        if name in dataset.input_shapes:
            chosen = np.sort(np.random.default_rng(0).permutation(len(dataset.train))[:MAX_QUANTILE_ROWS])
            return np.asarray(take_rows(input_arrays(dataset.train.x)[name], chosen))
        source = by_name[name]
        if source.layer.name == "TakeColumns":
            return rows_at(source.inputs[0])[:, source.layer.arguments["columns"]]
        if source.layer.name == "Flatten":
            rows = rows_at(source.inputs[0])
            return rows.reshape(len(rows), -1)
        message = f"PiecewiseLinear takes its edges from the data, and here its input is {name}. Put it first."
        raise InputError(message, "not-the-data", layer.location)

    rows = rows_at(layer.inputs[0])
    if rows.ndim != 2:
        message = (
            f"PiecewiseLinear takes rows of numbers; a row here has shape {rows.shape[1:]}. Put a Flatten before it."
        )
        raise InputError(message, "wrong-shape", layer.location)
    edges = quantile_edges(rows, layer.layer.value("bins"))
    return replace(layer, layer=layer.layer.replace(edges=edges))


def steps_per_epoch(config: Config, dataset: Dataset) -> int:
    return -(-len(dataset.train) // config.training.batch_size)


def sample_weights(dataset: Dataset) -> np.ndarray | None:
    """The weight of every training row, with that of its class: shape (rows,), float32; None where all are 1."""
    row_weights = dataset.train.weight
    if dataset.class_weight is None:
        return row_weights
    weight_by_class = np.ones(max(dataset.class_weight) + 1, np.float32)
    for class_number, weight in dataset.class_weight.items():
        weight_by_class[class_number] = weight
    class_weights = weight_by_class[dataset.train.only_y]
    return class_weights if row_weights is None else class_weights * row_weights


def losses_from_config(config: Config, dataset: Dataset) -> Any:
    """The losses of the outputs, as `compile` takes them."""
    return build_losses(config.loss, output_heads(dataset), config.regularization.label_smoothing)
