"""Features hidden at random, for learning a table's features from one another."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class FeatureMask(keras.layers.Layer):
    """1 with probability `rate`, else 0, for each feature of each row: a mask of the input's shape.

    Training draws a new mask at every step; evaluation gives every batch of one size the same mask, so that the
    figures of two epochs can be compared. Shape and dtype out are those that came in.

    Args:
        rate: Probability that a feature is hidden, 0 to 1.
        seed: Seed of the masks in training.
        **kwargs: Those of `keras.layers.Layer`.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        seed = self.seed_generator if training else 0
        drawn = keras.random.uniform(ops.shape(inputs), seed=seed, dtype=self.compute_dtype)
        return ops.cast(drawn < self.rate, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
