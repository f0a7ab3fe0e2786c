"""Randomised leaky ReLU."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class RReLU(keras.layers.Layer):
    """x where x >= 0, else a x; in training a is uniform in [lower, upper] for each unit, else their mean.

    Xu, Wang, Chen, Li 2015, "Empirical evaluation of rectified activations in convolutional network", with slopes
    in place of their divisors. Shape in = shape out.
    """

    def __init__(self, lower=1 / 8, upper=1 / 3, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= lower <= upper:
            raise ValueError(f"Expected 0 <= lower <= upper. Received: lower={lower}, upper={upper}")
        self.lower = lower
        self.upper = upper
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs, training=False):
        slope = (self.lower + self.upper) / 2
        if training:
            shape, dtype = ops.shape(inputs), inputs.dtype
            slope = keras.random.uniform(shape, self.lower, self.upper, dtype=dtype, seed=self.seed_generator)
        return ops.where(inputs >= 0, inputs, slope * inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "lower": self.lower, "upper": self.upper, "seed": self.seed}
