"""Swish with a learned beta."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class LearnedSwish(keras.layers.Layer):
    """x * sigmoid(beta x), beta learned (Ramachandran, Zoph, Le 2017, "Searching for activation functions").

    One beta for each unit or channel (the last axis), or a single one with `per_unit=False`; all start at
    `initial_beta`. 1 is Keras's swish, 0 half the identity, large values approach ReLU.
    """

    def __init__(self, initial_beta=1.0, per_unit=True, **kwargs):
        super().__init__(**kwargs)
        self.initial_beta = initial_beta
        self.per_unit = per_unit
        self.supports_masking = True

    def build(self, input_shape):
        shape = (input_shape[-1],) if self.per_unit else ()
        start = keras.initializers.Constant(self.initial_beta)
        self.beta = self.add_weight(shape=shape, initializer=start, name="beta")

    def call(self, inputs):
        return inputs * ops.sigmoid(self.beta * inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "initial_beta": self.initial_beta, "per_unit": self.per_unit}
