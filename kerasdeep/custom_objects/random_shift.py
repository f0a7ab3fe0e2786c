"""Whole-pixel shifts, another one for each picture."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class RandomShift(keras.layers.Layer):
    """Moves each picture by up to `pixels` in both directions; the gap at the edge is filled with its mirror image.

    The same as padding by reflection and cropping at random, which Keras does with one offset for a whole batch.
    Active in training only. Shape (rows, height, width, channels), in and out.

    Args:
        pixels: Largest shift, less than height and width.
        seed: Seed of the shifts.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: `pixels` is less than 1; when built, height or width is unknown or not larger than that.
    """

    def __init__(self, pixels: int = 2, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pixels < 1:
            raise ValueError(f"Expected a shift of at least 1 pixel. Received: pixels={pixels}")
        self.pixels = pixels
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Shape) -> None:
        height, width = input_shape[1:3]
        if height is None or width is None or min(height, width) <= self.pixels:
            raise ValueError(f"A shift of {self.pixels} pixels needs larger pictures. Received: {tuple(input_shape)}")
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training:
            return inputs
        rows = ops.shape(inputs)[0]
        shifts = keras.random.randint((rows, 2), -self.pixels, self.pixels + 1, seed=self.seed_generator)
        for axis in (1, 2):
            positions = _mirrored(ops.arange(inputs.shape[axis]) + shifts[:, axis - 1 : axis], inputs.shape[axis])
            shape = (rows, -1, 1, 1) if axis == 1 else (rows, 1, -1, 1)
            inputs = ops.take_along_axis(inputs, ops.reshape(positions, shape), axis=axis)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "pixels": self.pixels, "seed": self.seed}


def _mirrored(positions: Tensor, size: int) -> Tensor:
    """Positions beyond the edge, reflected at the edge's pixel."""
    positions = ops.abs(positions)
    return ops.where(positions >= size, 2 * (size - 1) - positions, positions)
