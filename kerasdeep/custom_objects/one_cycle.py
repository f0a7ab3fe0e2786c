"""1cycle (Smith 2018, "A disciplined approach to neural network hyper-parameters"): rate and momentum."""

import keras
from keras import ops


def one_cycle_value(step, total_steps, start, peak, final):
    """The value at `step` of a cycle of `total_steps`: up, down, and a last tenth that runs out.

    Linear from `start` to `peak` over the first half of what precedes the last tenth (N // 10 + 1 steps), linear
    back to `start` over the second, linear to `final` over the last tenth; `final` ever after. `step` may be a
    tensor, so the curve works inside a compiled loop.
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
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """The rate half of 1cycle, a pure function of the step.

    `start_rate` is a tenth of `max_rate` and `final_rate` a thousandth of `start_rate` unless given. Raises
    `ValueError` for rates that are not positive and for fewer steps than one.
    """

    def __init__(self, max_rate, total_steps, start_rate=None, final_rate=None, name="OneCycle"):
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

    def __call__(self, step):
        return one_cycle_value(step, self.total_steps, self.start_rate, self.max_rate, self.final_rate)

    def get_config(self):
        return {
            "max_rate": self.max_rate,
            "total_steps": self.total_steps,
            "start_rate": self.start_rate,
            "final_rate": self.final_rate,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("kerasdeep")
class OneCycleMomentum(keras.optimizers.schedules.LearningRateSchedule):
    """The momentum half of 1cycle: from `high` to `low` while the rate rises, back while it falls, then held."""

    def __init__(self, total_steps, high=0.95, low=0.85, name="OneCycleMomentum"):
        super().__init__()
        if not 0 <= low <= high < 1:
            raise ValueError(f"Expected 0 <= low <= high < 1. Received: high={high}, low={low}")
        self.total_steps = total_steps
        self.high = high
        self.low = low
        self.name = name

    def __call__(self, step):
        return one_cycle_value(step, self.total_steps, self.high, self.low, self.high)

    def get_config(self):
        return {"total_steps": self.total_steps, "high": self.high, "low": self.low, "name": self.name}
