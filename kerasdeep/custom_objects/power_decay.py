"""Power scheduling with any exponent."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class Power(keras.optimizers.schedules.LearningRateSchedule):
    """rate(t) = initial / (1 + t / decay_steps) ** exponent.

    Keras's InverseTimeDecay is the case exponent = 1. `staircase` counts whole multiples of `decay_steps` only.
    """

    def __init__(self, initial_learning_rate, decay_steps, exponent=1.0, staircase=False, name="Power"):
        super().__init__()
        if decay_steps <= 0:
            raise ValueError(f"`decay_steps` must be positive. Received: decay_steps={decay_steps}")
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.exponent = exponent
        self.staircase = staircase
        self.name = name

    def __call__(self, step):
        passed = ops.cast(step, "float32") / self.decay_steps
        if self.staircase:
            passed = ops.floor(passed)
        return self.initial_learning_rate / ops.power(1.0 + passed, self.exponent)

    def get_config(self):
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "exponent": self.exponent,
            "staircase": self.staircase,
            "name": self.name,
        }
