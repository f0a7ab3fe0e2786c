"""A part of a table's columns."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class TakeColumns(keras.layers.Layer):
    """y[..., i] = x[..., columns[i]]: the given columns in the given order.

    Shape (..., features) in, (..., len(columns)) out.

    Args:
        columns: Indices on the last axis, from 0.
        **kwargs: Those of `keras.layers.Layer`.
    """

    def __init__(self, columns: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.columns = list(columns)
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return ops.take(inputs, ops.convert_to_tensor(self.columns, dtype="int32"), axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], len(self.columns))

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "columns": self.columns}
