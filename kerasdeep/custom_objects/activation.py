"""An activation with arguments."""

import inspect
from collections.abc import Mapping
from typing import Any, Self

import keras

from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor

NOT_ACTIVATIONS = ("deserialize", "get", "serialize")


@keras.saving.register_keras_serializable("kerasdeep")
class ActivationWith:
    """f(x; arguments): an activation function with arguments, as an object that a saved model can hold.

    Keras stores an activation by name and has no place for `negative_slope=0.1`.

    Args:
        function: Name of a function in `keras.activations`, or of one registered for the package `kerasdeep`.
        arguments: The function's keyword arguments; numbers, strings and booleans.

    Raises:
        ValueError: No activation has that name.
    """

    def __init__(self, function: str, arguments: Mapping[str, Any]) -> None:
        registered = keras.saving.get_registered_object(f"kerasdeep>{function}")
        named = getattr(keras.activations, function, registered)
        if function in NOT_ACTIVATIONS or not inspect.isfunction(named):
            raise ValueError(f"keras.activations has no {function!r}")
        self.function = named
        self.name = function
        self.arguments = dict(arguments)

    def __call__(self, inputs: Tensor) -> Tensor:
        return self.function(inputs, **self.arguments)

    def get_config(self) -> ObjectConfig:
        return {"function": self.name, "arguments": self.arguments}

    @classmethod
    def from_config(cls, config: ObjectConfig) -> Self:
        return cls(**config)
