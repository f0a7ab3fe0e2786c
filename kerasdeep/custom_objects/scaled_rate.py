"""A learning rate that is a stated multiple of another one."""

import keras

from kerasdeep.custom_objects.nested import CustomSchedule
from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class ScaledRate(CustomSchedule):
    """rate(t) = factor * schedule(t): the rate of a group of layers that learns slower or faster.

    Args:
        schedule: The schedule of the other layers.
        factor: Multiple of its rate.
        name: Name of the schedule.
    """

    def __init__(
        self, schedule: keras.optimizers.schedules.LearningRateSchedule, factor: float, name: str = "ScaledRate"
    ) -> None:
        super().__init__()
        self.schedule = schedule
        self.factor = factor
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        return self.schedule(step) * self.factor
