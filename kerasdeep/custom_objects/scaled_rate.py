"""A learning rate that is a stated multiple of another one."""

import keras


@keras.saving.register_keras_serializable("kerasdeep")
class ScaledRate(keras.optimizers.schedules.LearningRateSchedule):
    """`factor` times what `schedule` gives: the rate of a group of layers that learns slower or faster."""

    def __init__(self, schedule, factor, name="ScaledRate"):
        super().__init__()
        self.schedule = schedule
        self.factor = factor
        self.name = name

    def __call__(self, step):
        return self.schedule(step) * self.factor

    def get_config(self):
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "factor": self.factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])})
