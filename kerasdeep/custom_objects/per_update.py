"""Schedules that count the optimizer's updates, not its batches."""

import keras

from kerasdeep.custom_objects.nested import CustomSchedule
from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class PerUpdate(CustomSchedule):
    """rate(t) = schedule(t // batches_per_update): a schedule under gradient accumulation.

    Keras passes a schedule its counter of batches; with `gradient_accumulation_steps=n` only every n-th batch is
    an update, so a schedule would run n times too fast. Update u happens at batch n * u + n - 1, and sees step u.

    Args:
        schedule: A schedule of updates.
        batches_per_update: n.
        name: Name of the schedule.
    """

    def __init__(
        self,
        schedule: keras.optimizers.schedules.LearningRateSchedule,
        batches_per_update: int,
        name: str = "PerUpdate",
    ) -> None:
        super().__init__()
        self.schedule = schedule
        self.batches_per_update = batches_per_update
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        return self.schedule(step // self.batches_per_update)
