"""From a checked spec and its data to what learns: the network, its steps, and what its rows weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasdeep.build.compile import heads_of
from kerasdeep.build.losses import losses
from kerasdeep.build.network import model
from kerasdeep.data import Dataset
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.planned import PlannedLayer


def network_of(
    spec: Spec,
    planned: tuple[PlannedLayer, ...],
    dataset: Dataset,
    told: list[dict[str, Any]] | None = None,
    front: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """The model, with what it has from `pretrained` in it; `told` gets a row for each of those layers.

    `front` is what the input goes through before the first layer.
    """
    section = spec.data
    settings = {"seed": spec.seed, "scaling": section.scaling, "front": front}
    if spec.reused is None:
        return model(planned, dataset.input_shapes, section.augmentation, **settings)
    from kerasdeep.build import pretrained

    found = told if spec.pretrained is not None else None  # an application's new weights are no news
    return pretrained.network(
        spec.reused, planned, dataset.input_shapes, section.augmentation, told=found, **settings
    )


def steps_per_epoch(spec: Spec, dataset: Dataset) -> int:
    return -(-len(dataset.train) // spec.training.batch_size)


def sample_weights(dataset: Dataset) -> np.ndarray | None:
    """Class weights as a weight for every training row: shape (rows,), float32."""
    if dataset.class_weight is None:
        return None
    table = np.ones(max(dataset.class_weight) + 1, np.float32)
    for number, weight in dataset.class_weight.items():
        table[number] = weight
    return table[dataset.train.y]


def all_losses(spec: Spec, dataset: Dataset) -> Any:
    """What the outputs are judged by, as `compile` takes it."""
    return losses(spec.loss, heads_of(dataset), spec.regularization.label_smoothing)
