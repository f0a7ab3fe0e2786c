"""Which rows a batch takes, and how many a model can answer at once."""

from __future__ import annotations

import math

import keras
import numpy as np

EVALUATION_ROWS = 1024
EVALUATION_VALUES = 16_000_000  # in the widest layer's output: 64 MB of float32


def permutation(seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order of the rows in that epoch: shape (rows,), int32; the same on every machine and backend."""
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(rows).astype(np.int32)


def evaluation_batch(model: keras.Model) -> int:
    """Rows that are evaluated at once: as many as keep the widest layer's output within bounds."""
    widest = 1
    for layer in model._flatten_layers(include_self=False):
        # A layer inside another one has no output of its own in the graph.
        for output in keras.tree.flatten(layer.output) if layer._inbound_nodes else ():
            widest = max(widest, math.prod(size or 1 for size in output.shape[1:]))
    return max(1, min(EVALUATION_ROWS, EVALUATION_VALUES // widest))
