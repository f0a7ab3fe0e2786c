"""Cosine waves that become longer and longer."""

import math

import keras
from keras import ops

from kerasdeep.custom_objects.nested import CustomSchedule
from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class CosineLog(CustomSchedule):
    """rate(t) = initial_learning_rate * (1 - cos(2 pi log2(1 + (2 ** cycles - 1) t / total_steps))) / 2.

    Waves from 0 up and down to 0, each twice as long as the one before; the last one ends at `total_steps`.

    Args:
        initial_learning_rate: The highest rate, at the top of each wave.
        total_steps: Length of all waves, in updates.
        cycles: How many waves.
        name: Name of the schedule.

    Raises:
        ValueError: `total_steps` or `cycles` is less than 1.

    References:
        Holzmüller, Grinsztajn and Steinwart 2024, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
        Tabular Data", arXiv:2407.04491 (there "coslog4").
    """

    def __init__(
        self, initial_learning_rate: float, total_steps: int, cycles: int = 4, name: str = "CosineLog"
    ) -> None:
        super().__init__()
        if total_steps < 1 or cycles < 1:
            raise ValueError(f"Expected at least one step and cycle. Received: {total_steps} and {cycles}.")
        self.initial_learning_rate = initial_learning_rate
        self.total_steps = total_steps
        self.cycles = cycles
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        passed = ops.minimum(ops.cast(step, "float32") / self.total_steps, 1.0)
        waves = ops.log2(1.0 + (2**self.cycles - 1) * passed)
        return self.initial_learning_rate * 0.5 * (1.0 - ops.cos(2 * math.pi * waves))
