"""A table's numbers in pieces, so that a network can change its slope at single values of a feature."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class PiecewiseLinear(keras.layers.Layer):
    """Every feature, and behind it how far it is through each of its pieces: 0 below, 1 above, linear between.

    For a feature x with edges b_0 < … < b_T: [x, clip((x − b_{t−1}) / (b_t − b_{t−1}), 0, 1) for t = 1 … T]. The
    paper does not clip the first and the last piece; here x itself is kept instead. A feature with fewer than three
    edges, such as a category's, stays as it is. Shape (rows, features) in, (rows, sum of the features' 1 + T) out.

    Args:
        bins: The most pieces of a feature; fewer where values repeat.
        edges: By feature; `adapt` takes quantiles where None.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: It is built without edges, or with those of another number of features.

    References:
        Gorishniy, Rubachev and Babenko 2022, "On Embeddings for Numerical Features in Tabular Deep Learning",
        arXiv:2203.05556.
    """

    def __init__(self, bins: int = 48, edges: Sequence[Sequence[float]] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bins = bins
        self.edges = edges

    def adapt(self, data: np.ndarray) -> None:
        """Take the edges from the quantiles of each column of `data`, (rows, features)."""
        self.edges = quantile_edges(data, self.bins)

    def build(self, input_shape: Shape) -> None:
        if self.edges is None or len(self.edges) != input_shape[-1]:
            found = "none" if self.edges is None else len(self.edges)
            raise ValueError(f"Expected `edges` for each of {input_shape[-1]} features, found {found}: call `adapt`.")
        columns, low, width, floor, ceiling = [], [], [], [], []
        for feature, edges in enumerate(self.edges):
            pieces = list(pairwise(edges)) if len(edges) > 2 else []
            columns += [feature] * (1 + len(pieces))
            low += [0.0, *(start for start, _ in pieces)]
            width += [1.0, *(end - start for start, end in pieces)]
            floor += [-np.inf, *(0.0 for _ in pieces)]
            ceiling += [np.inf, *(1.0 for _ in pieces)]
        self._columns = np.array(columns, np.int32)
        self._low, self._width, self._floor, self._ceiling = (
            np.array(values, np.float32) for values in (low, width, floor, ceiling)
        )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        pieces = (ops.take(inputs, self._columns, axis=-1) - self._low) / self._width
        return ops.minimum(ops.maximum(pieces, self._floor), self._ceiling)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], len(self._columns))

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "bins": self.bins, "edges": self.edges}


def quantile_edges(data: np.ndarray, bins: int) -> list[list[float]]:
    """The different values among `bins` + 1 evenly spaced quantiles of each column of `data`, (rows, features)."""
    quantiles = np.quantile(data, np.linspace(0, 1, bins + 1), axis=0).astype(np.float32)
    return [np.unique(column).tolist() for column in quantiles.T]
