"""Swish with a learned beta."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class LearnedSwish(keras.layers.Layer):
    """Swish whose beta is learned.

    f(x) = x * sigmoid(beta * x). A beta of 1 is Keras's swish, 0 half the identity; large values approach ReLU.
    Shape in = shape out.

    Args:
        initial_beta: The initial value of beta.
        per_unit: Whether every unit learns its own beta, or the layer one. A unit is an index of the last axis.
        **kwargs: Those of `keras.layers.Layer`.

    References:
        Ramachandran, Zoph and Le 2017, "Searching for activation functions", arXiv:1710.05941.
    """

    def __init__(self, initial_beta: float = 1.0, per_unit: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial_beta = initial_beta
        self.per_unit = per_unit
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[-1],) if self.per_unit else ()
        start = keras.initializers.Constant(self.initial_beta)
        self.beta = self.add_weight(shape=shape, initializer=start, name="beta")

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * ops.sigmoid(self.beta * inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "initial_beta": self.initial_beta, "per_unit": self.per_unit}
