"""What a probe looks at: the data and the fresh network, made as `train` makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdeep import build, data
from kerasdeep.data import Dataset
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.lowering import lower

Batch = tuple[Any, Any, Any]
"""x, y and the rows' weights (None where all count the same)."""


@dataclass
class Subject:
    """A network that is not compiled yet, and the data that it would learn from."""

    spec: Spec
    dataset: Dataset
    model: keras.Model

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.dataset.train) // self.spec.training.batch_size)

    def rows(self, count: int) -> Batch:
        """The first `count` rows (or as many as there are) of the first epoch's order."""
        return next(self.batches(min(count, len(self.dataset.train))))

    def batches(self, size: int | None = None) -> Iterator[Batch]:
        """Full batches of training rows without end: every epoch in an order of its own, as in training."""
        train, weights = self.dataset.train, _weights(self.dataset)
        size, epoch = size or self.spec.training.batch_size, 0
        while True:
            order = np.random.Generator(np.random.PCG64([self.spec.seed, epoch])).permutation(len(train))
            for first in range(0, len(order) - size + 1, size):
                rows = order[first : first + size]
                yield _take(train.x, rows), _take(train.y, rows), None if weights is None else weights[rows]
            epoch += 1


def look_at(spec: Spec, say: Callable[[str], None] | None = None) -> Subject:
    """Loads the data and builds the network. Raises InputError when they do not fit each other."""
    dataset = data.load(spec.data, spec.task, spec.training.batch_size, say=say)
    planned = lower(spec, build.heads_of(dataset), dataset.input_shapes, build.features_of(dataset))
    given = (planned, dataset.input_shapes, spec.data.augmentation)
    settings = {"seed": spec.seed, "scaling": spec.data.scaling}
    if spec.reused is None:
        return Subject(spec, dataset, build.model(*given, **settings))
    from kerasdeep.build import pretrained

    return Subject(spec, dataset, pretrained.network(spec.reused, *given, **settings))


def without_xla(model: keras.Model) -> None:
    """A few hundred steps do not repay compiling, and XLA refuses some layers. JAX knows nothing else."""
    if keras.config.backend() == "tensorflow":
        model.jit_compile = False


def _take(arrays: Any, rows: np.ndarray) -> Any:
    return keras.tree.map_structure(lambda array: array[rows], arrays)


def _weights(dataset: Dataset) -> np.ndarray | None:
    if dataset.class_weight is None:
        return None
    table = np.ones(max(dataset.class_weight) + 1, np.float32)
    for number, weight in dataset.class_weight.items():
        table[number] = weight
    return table[dataset.train.y]
