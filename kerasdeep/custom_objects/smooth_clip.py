"""Heavy tails, bent back."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class SmoothClip(keras.layers.Layer):
    """Keeps numbers below a limit, smoothly: y = x / sqrt(1 + (x / limit)²), which is near x where x is small.

    Put it first, behind `data.scaling: robust`, where columns have heavy tails. Any shape in, the same out.

    Args:
        limit: What no number reaches; positive.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: `limit` is not positive.

    References:
        Holzmüller, Grinsztajn and Steinwart 2024, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
        Tabular Data", arXiv:2407.04491.
    """

    def __init__(self, limit: float = 3.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if limit <= 0:
            raise ValueError(f"Expected a positive `limit`, not {limit}.")
        self.limit = limit

    def call(self, inputs: Tensor) -> Tensor:
        # In this form, and in float32, neither the square nor the quotient overflows.
        bounded = ops.clip(ops.cast(inputs, "float32"), -1e15, 1e15)
        return ops.cast(bounded / ops.sqrt(1 + ops.square(bounded / self.limit)), self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "limit": self.limit}
