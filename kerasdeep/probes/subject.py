"""What a probe looks at: the data and the fresh network, made as `train` makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras

from kerasdeep import build, data
from kerasdeep.build.batches import permutation
from kerasdeep.data import Dataset
from kerasdeep.measuring.signals import Batch, take
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.lowering import lower


@dataclass
class Subject:
    """A network that is not compiled yet, and the data that it would learn from."""

    spec: Spec
    dataset: Dataset
    model: keras.Model

    @property
    def steps_per_epoch(self) -> int:
        return build.steps_per_epoch(self.spec, self.dataset)

    def rows(self, count: int) -> Batch:
        """The first `count` rows (or as many as there are) of the first epoch's order."""
        return next(self.batches(min(count, len(self.dataset.train))))

    def batches(self, size: int | None = None) -> Iterator[Batch]:
        """Full batches of training rows without end: every epoch in an order of its own, as in training."""
        weights = build.sample_weights(self.dataset)
        size, epoch = size or self.spec.training.batch_size, 0
        while True:
            order = permutation(self.spec.seed, epoch, len(self.dataset.train))
            for first in range(0, len(order) - size + 1, size):
                yield take(self.dataset.train, order[first : first + size], weights)
            epoch += 1


def look_at(spec: Spec, say: Callable[[str], None] | None = None) -> Subject:
    """Loads the data and builds the network. Raises InputError when they do not fit each other."""
    dataset = data.load(spec.data, spec.task, spec.training.batch_size, say=say)
    planned = lower(spec, build.heads_of(dataset), dataset.input_shapes, build.features_of(dataset))
    return Subject(spec, dataset, build.network_of(spec, planned, dataset))


def without_xla(model: keras.Model) -> None:
    """A few hundred steps do not repay compiling, and XLA refuses some layers. JAX knows nothing else."""
    if keras.config.backend() == "tensorflow":
        model.jit_compile = False
