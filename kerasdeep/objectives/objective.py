"""What one phase of training minimises: a model, the rows that it learns from, and which layers are its heads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerasdeep import modeling
from kerasdeep.config.lowering.planned import Head
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.types import DataSplit
from kerasdeep.modeling import freezing


@dataclass
class Objective:
    """A model, its data, and the names of the layers that are its heads.

    `kind` names the pretraining and is empty for the network's own task. Rows pass through `frozen_base` first,
    where there is one; with `is_autoencoder` what comes out of it is also the target. `epoch_sampler` returns the
    training rows of an epoch where every epoch has its own. `name_suffix` and `learning_rate` belong to one step
    of a greedy autoencoder.
    """

    model: keras.Model
    dataset: Dataset
    head_layers: frozenset[str]
    kind: str = ""
    name_suffix: str = ""
    learning_rate: float | None = None
    frozen_base: keras.Model | None = None
    is_autoencoder: bool = False
    epoch_sampler: Callable[[int], DataSplit] | None = None
    trainable_as_built: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.trainable_as_built = freezing.initial_trainable(self.model)

    @property
    def output_heads(self) -> list[Head]:
        return modeling.output_heads(self.dataset)

    def example_batch(self) -> tuple[Any, Any]:
        """One row of the model's input and its target: stands for the data in shape and type."""
        x, y = keras.tree.map_structure(lambda array: array[:1], (self.dataset.train.x, self.dataset.train.y))
        if self.frozen_base is None:
            return x, y
        x = np.zeros((1, *self.model.inputs[0].shape[1:]), np.float32)
        return x, x if self.is_autoencoder else y
