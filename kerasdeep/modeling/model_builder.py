"""From a checked configuration and its data to the network, its steps, and the weights of its rows."""

from typing import Any

import keras
import numpy as np

from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.heads import output_heads
from kerasdeep.modeling.losses import build_losses
from kerasdeep.modeling.network import TensorFunction, build_functional_model
from kerasdeep.modeling.pretrained import build_pretrained_model


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
    section = config.data
    options = {"seed": config.seed, "scaling": section.scaling, "input_transform": input_transform}
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
    class_weights = weight_by_class[dataset.train.y]
    return class_weights if row_weights is None else class_weights * row_weights


def losses_from_config(config: Config, dataset: Dataset) -> Any:
    """The losses of the outputs, as `compile` takes them."""
    return build_losses(config.loss, output_heads(dataset), config.regularization.label_smoothing)
