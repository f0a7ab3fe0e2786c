"""Power scheduling with any exponent."""

import keras
from keras import ops

from kerasdeep.custom_objects.nested import CustomSchedule
from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class Power(CustomSchedule):
    """rate(t) = initial_learning_rate / (1 + t / decay_steps) ** exponent.

    Keras's InverseTimeDecay is the case exponent = 1.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Updates after which the rate is halved (for exponent 1).
        exponent: The power.
        staircase: Whether only whole multiples of `decay_steps` count.
        name: Name of the schedule.

    Raises:
        ValueError: `decay_steps` is not positive.

    References:
        Darken and Moody 1990, "Note on learning rate schedules for stochastic optimization".
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        exponent: float = 1.0,
        staircase: bool = False,
        name: str = "Power",
    ) -> None:
        super().__init__()
        if decay_steps <= 0:
            raise ValueError(f"`decay_steps` must be positive. Received: decay_steps={decay_steps}")
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.exponent = exponent
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        elapsed = ops.cast(step, "float32") / self.decay_steps
        if self.staircase:
            elapsed = ops.floor(elapsed)
        return self.initial_learning_rate / ops.power(1.0 + elapsed, self.exponent)
