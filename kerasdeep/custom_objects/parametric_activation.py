"""An activation whose strength every unit learns."""

from collections.abc import Callable
from typing import Any

import keras

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class ParametricActivation(keras.layers.Layer):
    """Any activation f, as much of it as each unit learns: y = x + strength * (f(x) - x), with strengths of 1 at first.

    A strength of 0 makes the unit linear. A unit is an index of the last axis. Shape in = shape out.

    Args:
        function: The activation f.
        **kwargs: Those of `keras.layers.Layer`.

    References:
        Holzmüller, Grinsztajn and Steinwart 2024, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
        Tabular Data", arXiv:2407.04491.
    """

    def __init__(self, function: str | Callable[[Tensor], Tensor] = "mish", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = keras.activations.get(function)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        self.strength = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="strength")

    def call(self, inputs: Tensor) -> Tensor:
        return inputs + self.strength * (self.function(inputs) - inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "function": keras.activations.serialize(self.function)}
