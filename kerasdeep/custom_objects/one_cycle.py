"""1cycle: learning rate and momentum."""

import keras
from keras import ops

from kerasdeep.custom_objects.nested import CustomSchedule
from kerasdeep.custom_objects.tensors import Tensor


def one_cycle_value(step: Tensor, total_steps: int, start: float, peak: float, final: float) -> Tensor:
    """The value at `step` of a cycle: up, down, and towards a final value in the last tenth.

    Linear from `start` to `peak` over the first half of what precedes the last tenth (N // 10 + 1 steps), linear
    back to `start` over the second, linear to `final` over the last tenth; `final` ever after.

    Args:
        step: Updates so far, from 0; may be a tensor, so that the curve works inside a compiled loop.
        total_steps: N, the length of the cycle in updates.
        start: The first value.
        peak: The value in the middle.
        final: The last value.
    """
    last = total_steps // 10 + 1
    half = max(1, (total_steps - last) // 2)
    step = ops.cast(step, "float32")
    ending = max(1, total_steps - 2 * half)
    up = start + (peak - start) * (step / half)
    down = peak + (start - peak) * ((step - half) / half)
    out = start + (final - start) * ops.minimum((step - 2 * half) / ending, 1.0)
    return ops.where(step < half, up, ops.where(step < 2 * half, down, out))


@keras.saving.register_keras_serializable("kerasdeep")
class OneCycle(CustomSchedule):
    """The rate half of 1cycle: `one_cycle_value` from `start_rate` over `max_rate` to `final_rate`.

    Args:
        max_rate: The highest rate.
        total_steps: Length of the cycle, in updates.
        start_rate: `max_rate` / 10 when None.
        final_rate: `start_rate` / 1000 when None.
        name: Name of the schedule.

    Raises:
        ValueError: `max_rate` is not positive, or `total_steps` less than 1.

    References:
        Smith 2018, "A disciplined approach to neural network hyper-parameters", arXiv:1803.09820.
    """

    def __init__(
        self,
        max_rate: float,
        total_steps: int,
        start_rate: float | None = None,
        final_rate: float | None = None,
        name: str = "OneCycle",
    ) -> None:
        super().__init__()
        if total_steps < 1:
            raise ValueError(f"`total_steps` must be at least 1. Received: total_steps={total_steps}")
        if max_rate <= 0:
            raise ValueError(f"`max_rate` must be positive. Received: max_rate={max_rate}")
        self.max_rate = max_rate
        self.total_steps = total_steps
        self.start_rate = max_rate / 10 if start_rate is None else start_rate
        self.final_rate = self.start_rate / 1000 if final_rate is None else final_rate
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        return one_cycle_value(step, self.total_steps, self.start_rate, self.max_rate, self.final_rate)


@keras.saving.register_keras_serializable("kerasdeep")
class OneCycleMomentum(CustomSchedule):
    """The momentum half of 1cycle: from `high` to `low` while the rate rises, back while it falls, then held.

    Args:
        total_steps: Length of the cycle, in updates.
        high: Momentum at both ends.
        low: Momentum where the rate is highest.
        name: Name of the schedule.

    Raises:
        ValueError: Not 0 <= low <= high < 1.

    References:
        Smith 2018, as for `OneCycle`.
    """

    def __init__(self, total_steps: int, high: float = 0.95, low: float = 0.85, name: str = "OneCycleMomentum") -> None:
        super().__init__()
        if not 0 <= low <= high < 1:
            raise ValueError(f"Expected 0 <= low <= high < 1. Received: high={high}, low={low}")
        self.total_steps = total_steps
        self.high = high
        self.low = low
        self.name = name

    def __call__(self, step: Tensor) -> Tensor:
        return one_cycle_value(step, self.total_steps, self.high, self.low, self.high)
