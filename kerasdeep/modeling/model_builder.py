"""From a checked spec and its data to what learns: the network, its steps, and what its rows weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.modeling.compilation import output_heads
from kerasdeep.modeling.losses import build_losses
from kerasdeep.modeling.network import build_functional_model


def build_model(
    config: Config,
    planned: tuple[PlannedLayer, ...],
    dataset: Dataset,
    transfer_log: list[dict[str, Any]] | None = None,
    input_transform: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """The model, with what it has from `pretrained` in it; `transfer_log` gets a row for each of those layers.

    `input_transform` is what the input goes through before the first layer.
    """
    section = config.data
    options = {"seed": config.seed, "scaling": section.scaling, "input_transform": input_transform}
    if config.pretrained_source is None:
        return build_functional_model(planned, dataset.input_shapes, section.augmentation, **options)
    from kerasdeep.modeling import pretrained

    log = transfer_log if config.pretrained is not None else None  # an application's new weights are no news
    return pretrained.build_pretrained_model(
        config.pretrained_source, planned, dataset.input_shapes, section.augmentation, transfer_log=log, **options
    )


def steps_per_epoch(config: Config, dataset: Dataset) -> int:
    return -(-len(dataset.train) // config.training.batch_size)


def sample_weights(dataset: Dataset) -> np.ndarray | None:
    """Class weights as a weight for every training row: shape (rows,), float32."""
    if dataset.class_weight is None:
        return None
    weight_by_class = np.ones(max(dataset.class_weight) + 1, np.float32)
    for class_number, weight in dataset.class_weight.items():
        weight_by_class[class_number] = weight
    return weight_by_class[dataset.train.y]


def losses_from_config(config: Config, dataset: Dataset) -> Any:
    """What the outputs are judged by, as `compile` takes it."""
    return build_losses(config.loss, output_heads(dataset), config.regularization.label_smoothing)
