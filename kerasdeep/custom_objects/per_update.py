"""Schedules that count the optimizer's updates, not its batches."""

import keras


@keras.saving.register_keras_serializable("kerasdeep")
class PerUpdate(keras.optimizers.schedules.LearningRateSchedule):
    """Runs `schedule` once per update under gradient accumulation.

    Keras hands a schedule the raw batch counter; with `gradient_accumulation_steps=n` only every n-th batch is an
    update, so a schedule would run n times too fast. Update u happens at batch n * u + n - 1, and sees step u.
    """

    def __init__(self, schedule, batches_per_update, name="PerUpdate"):
        super().__init__()
        self.schedule = schedule
        self.batches_per_update = batches_per_update
        self.name = name

    def __call__(self, step):
        return self.schedule(step // self.batches_per_update)

    def get_config(self):
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "batches_per_update": self.batches_per_update,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])})
