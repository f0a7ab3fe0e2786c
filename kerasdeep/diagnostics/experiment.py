"""What a probe looks at: the data and the fresh network, made as `train` makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras

from kerasdeep import data, modeling
from kerasdeep.config.lowering.lower import lower_network
from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.evaluation.layer_stats import Batch, take_rows
from kerasdeep.modeling.batches import epoch_permutation


@dataclass
class Experiment:
    """A network that is not compiled yet, and the data that it would learn from."""

    config: Config
    dataset: Dataset
    model: keras.Model

    @property
    def steps_per_epoch(self) -> int:
        return modeling.steps_per_epoch(self.config, self.dataset)

    def first_batch(self, count: int) -> Batch:
        """The first `count` rows (or as many as there are) of the first epoch's order."""
        return next(self.batches(min(count, len(self.dataset.train))))

    def batches(self, size: int | None = None) -> Iterator[Batch]:
        """Full batches of training rows without end: every epoch in an order of its own, as in training."""
        weights = modeling.sample_weights(self.dataset)
        size, epoch = size or self.config.training.batch_size, 0
        while True:
            order = epoch_permutation(self.config.seed, epoch, len(self.dataset.train))
            for first in range(0, len(order) - size + 1, size):
                yield take_rows(self.dataset.train, order[first : first + size], weights)
            epoch += 1


def prepare_experiment(config: Config, say: Callable[[str], None] | None = None) -> Experiment:
    """Loads the data and builds the network. Raises InputError when they do not fit each other."""
    dataset = data.load(config.data, config.task, config.training.batch_size, say=say)
    planned_layers = lower_network(
        config, modeling.output_heads(dataset), dataset.input_shapes, modeling.feature_names(dataset)
    )
    return Experiment(config, dataset, modeling.build_model(config, planned_layers, dataset))


def disable_xla(model: keras.Model) -> None:
    """A few hundred steps do not repay compiling, and XLA refuses some layers. JAX knows nothing else."""
    if keras.config.backend() == "tensorflow":
        model.jit_compile = False
