"""Randomized leaky ReLU."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class RReLU(keras.layers.Layer):
    """Randomized leaky ReLU: the slope of the negative part is drawn anew in training.

    f(x) = x where x >= 0, else a * x. In training a is uniform in [lower, upper] for each unit of each row, else
    their mean. The paper writes x / a; these are slopes. Shape in = shape out.

    Args:
        lower: Least slope.
        upper: Greatest slope.
        seed: Seed of the random slopes.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: Not 0 <= lower <= upper.

    References:
        Xu, Wang, Chen and Li 2015, "Empirical evaluation of rectified activations in convolutional network",
        arXiv:1505.00853.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= lower <= upper:
            raise ValueError(f"Expected 0 <= lower <= upper. Received: lower={lower}, upper={upper}")
        self.lower = lower
        self.upper = upper
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        slope = (self.lower + self.upper) / 2
        if training:
            shape, dtype = ops.shape(inputs), inputs.dtype
            slope = keras.random.uniform(shape, self.lower, self.upper, dtype=dtype, seed=self.seed_generator)
        return ops.where(inputs >= 0, inputs, slope * inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "lower": self.lower, "upper": self.upper, "seed": self.seed}
