"""Features hidden at random, for learning a table's features from one another."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class FeatureMask(keras.layers.Layer):
    """1 where a feature is to be hidden, by chance `rate`, 0 elsewhere: a mask of the input's shape.

    A new mask every step in training; in evaluation every batch of a size gets the same one, so that the figures
    of two epochs compare.
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        seed = self.seed_generator if training else 0
        drawn = keras.random.uniform(ops.shape(inputs), seed=seed, dtype=self.compute_dtype)
        return ops.cast(drawn < self.rate, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
