"""The rows of a batch, how many a model can predict at once, and streamed rows for Keras's own loops."""

import math
from typing import Any

import keras
import numpy as np

from kerasdeep.backends.keras_private import call_nodes, nested_layers
from kerasdeep.data.lazy_rows import LazyRows

MAX_EVALUATION_BATCH_SIZE = 1024
MAX_EVALUATION_VALUES = 16_000_000  # in the widest layer's output: 64 MB of float32


def epoch_permutation(seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order of the rows in that epoch: shape (rows,), int32; the same on every machine and backend."""
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(rows).astype(np.int32)


def evaluation_batch_size(model: keras.Model) -> int:
    """Rows that are evaluated at once: as many as keep the widest layer's output within bounds."""
    max_values = 1
    for layer in nested_layers(model):
        # A layer inside another one has no output of its own in the graph.
        for output in keras.tree.flatten(layer.output) if call_nodes(layer) else ():
            max_values = max(max_values, math.prod(size or 1 for size in output.shape[1:]))
    return max(1, min(MAX_EVALUATION_BATCH_SIZE, MAX_EVALUATION_VALUES // max_values))


class StreamedPyDataset(keras.utils.PyDataset):
    """Streamed rows in their order: batches of `x`, of `x` and `y`, or of these and weights."""

    def __init__(self, data: Any, batch: int) -> None:
        super().__init__()
        self._data, self._batch = data, batch
        self._rows = len(keras.tree.flatten(data)[0])

    def __len__(self) -> int:
        return math.ceil(self._rows / self._batch)

    def __getitem__(self, number: int) -> Any:
        rows = slice(number * self._batch, (number + 1) * self._batch)
        return keras.tree.map_structure(lambda array: array[rows], self._data)


def keras_data_arguments(model: keras.Model, x: Any, y: Any = None, weight: Any = None) -> dict[str, Any]:
    """The rows as arguments of `model.evaluate` and `model.predict`."""
    batch = evaluation_batch_size(model)
    if any(isinstance(array, LazyRows) for array in keras.tree.flatten(x)):
        return {"x": StreamedPyDataset(tuple(part for part in (x, y, weight) if part is not None), batch)}
    named = {"y": y, "sample_weight": weight}
    return {"x": x, "batch_size": batch} | {name: value for name, value in named.items() if value is not None}
