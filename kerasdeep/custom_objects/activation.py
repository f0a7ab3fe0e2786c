"""An activation with arguments."""

import keras

NOT_ACTIVATIONS = ("deserialize", "get", "serialize")


@keras.saving.register_keras_serializable("kerasdeep")
class ActivationWith:
    """Keras's activation `function` called with `arguments`, as an object that a saved model can hold.

    Keras stores an activation by name and has no place for `negative_slope=0.1`. Raises `ValueError` for a name
    that `keras.activations` does not have.
    """

    def __init__(self, function, arguments):
        self.function = None if function in NOT_ACTIVATIONS else getattr(keras.activations, function, None)
        if self.function is None:
            raise ValueError(f"keras.activations has no {function!r}")
        self.name = function
        self.arguments = dict(arguments)

    def __call__(self, inputs):
        return self.function(inputs, **self.arguments)

    def get_config(self):
        return {"function": self.name, "arguments": self.arguments}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
