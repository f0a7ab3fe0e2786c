"""Swish with a learned beta."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class LearnedSwish(keras.layers.Layer):
    """x * sigmoid(beta x), beta learned (Ramachandran, Zoph, Le 2017, "Searching for activation functions").

    One beta for each unit or channel (the last axis). 1 is Keras's swish, 0 half the identity, and large values
    approach ReLU.
    """

    def __init__(self, beta_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        self.beta = self.add_weight(shape=(input_shape[-1],), initializer=self.beta_initializer, name="beta")

    def call(self, inputs):
        return inputs * ops.sigmoid(self.beta * inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        beta_initializer = keras.initializers.serialize(self.beta_initializer)
        return {**super().get_config(), "beta_initializer": beta_initializer}
