"""Warm-up: a linear one before any schedule, and the one of the Transformer."""

import keras
from keras import ops

from kerasdeep.custom_objects.nested import CustomSchedule
from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class LinearWarmup(CustomSchedule):
    """rate(t) = (t + 1) / warmup_steps * schedule(0) for t < warmup_steps, then schedule(t - warmup_steps).

    No step is spent at rate 0, and the last step of the warm-up has the full rate.

    Args:
        schedule: A rate, or any schedule; it starts from its own step 0 after the warm-up.
        warmup_steps: Length of the warm-up, in updates.
        name: Name of the schedule.

    Raises:
        ValueError: `warmup_steps` is less than 1.

    References:
        Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677.
    """

    def __init__(
        self,
        schedule: float | keras.optimizers.schedules.LearningRateSchedule,
        warmup_steps: int,
        name: str = "LinearWarmup",
    ) -> None:
        super().__init__()
        if warmup_steps < 1:
            raise ValueError(f"`warmup_steps` must be at least 1. Received: warmup_steps={warmup_steps}")
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        share = ops.minimum((step + 1.0) / self.warmup_steps, 1.0)
        after = ops.maximum(step - self.warmup_steps, 0.0)
        rate = self.schedule(after) if callable(self.schedule) else self.schedule
        return share * rate


@keras.saving.register_keras_serializable("kerasdeep")
class Noam(CustomSchedule):
    """rate(t) = model_dimension ** -0.5 * min(n ** -0.5, n * warmup_steps ** -1.5), where n = t + 1.

    The peak is at n = warmup_steps.

    Args:
        model_dimension: Width of the model.
        warmup_steps: Length of the warm-up, in updates.
        name: Name of the schedule.

    Raises:
        ValueError: `model_dimension` or `warmup_steps` is less than 1.

    References:
        Vaswani et al. 2017, "Attention is all you need", section 5.3, arXiv:1706.03762.
    """

    def __init__(self, model_dimension: int, warmup_steps: int = 4000, name: str = "Noam") -> None:
        super().__init__()
        if model_dimension < 1 or warmup_steps < 1:
            raise ValueError(
                "`model_dimension` and `warmup_steps` must be at least 1. "
                f"Received: model_dimension={model_dimension}, warmup_steps={warmup_steps}"
            )
        self.model_dimension = model_dimension
        self.warmup_steps = warmup_steps
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        number = ops.cast(step, "float32") + 1.0
        return self.model_dimension**-0.5 * ops.minimum(number**-0.5, number * self.warmup_steps**-1.5)
