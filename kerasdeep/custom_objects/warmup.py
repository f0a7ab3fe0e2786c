"""Warm-up: a linear one in front of any schedule, and the one of the Transformer."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to the first rate of `schedule`, then runs it from its own step 0 (Goyal et al. 2017).

    `schedule` is a rate or any schedule. Step t of `warmup_steps` uses (t + 1) / warmup_steps of the first rate:
    no step is spent at rate 0, and the last step of the warm-up has the full rate.
    """

    def __init__(self, schedule, warmup_steps, name="LinearWarmup"):
        super().__init__()
        if warmup_steps < 1:
            raise ValueError(f"`warmup_steps` must be at least 1. Received: warmup_steps={warmup_steps}")
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.name = name

    def __call__(self, step):
        step = ops.cast(step, "float32")
        share = ops.minimum((step + 1.0) / self.warmup_steps, 1.0)
        after = ops.maximum(step - self.warmup_steps, 0.0)
        rate = self.schedule(after) if callable(self.schedule) else self.schedule
        return share * rate

    def get_config(self):
        schedule = self.schedule
        if callable(schedule):
            schedule = keras.saving.serialize_keras_object(schedule)
        return {"schedule": schedule, "warmup_steps": self.warmup_steps, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])})


@keras.saving.register_keras_serializable("kerasdeep")
class Noam(keras.optimizers.schedules.LearningRateSchedule):
    """rate = d ** -0.5 * min(n ** -0.5, n * warmup_steps ** -1.5), n = step + 1.

    From Vaswani et al. 2017, "Attention is all you need", section 5.3. `model_dimension`
    is d, the width of the model; the peak is at n = warmup_steps.
    """

    def __init__(self, model_dimension, warmup_steps=4000, name="Noam"):
        super().__init__()
        if model_dimension < 1 or warmup_steps < 1:
            raise ValueError(
                "`model_dimension` and `warmup_steps` must be at least 1. "
                f"Received: model_dimension={model_dimension}, warmup_steps={warmup_steps}"
            )
        self.model_dimension = model_dimension
        self.warmup_steps = warmup_steps
        self.name = name

    def __call__(self, step):
        number = ops.cast(step, "float32") + 1.0
        return self.model_dimension**-0.5 * ops.minimum(number**-0.5, number * self.warmup_steps**-1.5)

    def get_config(self):
        return {"model_dimension": self.model_dimension, "warmup_steps": self.warmup_steps, "name": self.name}
