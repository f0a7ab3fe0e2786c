"""The learning rate range test (Smith 2015, "Cyclical Learning Rates for Training Neural Networks")."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdeep.evaluation.model_state import preserve_state
from kerasdeep.modeling.optimizer import default_optimizer

SMOOTHING = 0.9
"""Weight of the past in the running mean of the loss that watches for divergence."""


@dataclass(frozen=True)
class RangeTestResult:
    """The loss of each batch at the rate that its step applied; every loss is finite.

    `stopped` is end (the highest rate was reached), diverged or not-finite.
    """

    rates: np.ndarray
    losses: np.ndarray
    stopped: str


def range_test(
    model: keras.Model,
    batches: Iterable[tuple[Any, Any, Any]],
    lowest: float,
    highest: float,
    steps: int,
    on_step: Callable[[int, int], None] | None = None,
) -> RangeTestResult:
    """Trains `model` for up to `steps` batches while its rate rises exponentially from `lowest` to `highest`.

    `model` is compiled with a constant learning rate and is afterwards what it was (`preserve_state`). Each loss is the
    batch's own: Keras reports means over all batches so far, so its metrics are reset before every step. Stops
    when the loss is not finite, or once its running mean is above the start by twice what it ever fell, and by at
    least the size of the start itself.
    """
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []
    monitor, stopped = _DivergenceMonitor(), "end"
    optimizer = default_optimizer(model.optimizer)
    with preserve_state(model):
        for rate, (x, y, weights) in zip(rates, batches, strict=False):
            optimizer.learning_rate = rate
            model.reset_metrics()
            loss = float(model.train_on_batch(x, y, weights, return_dict=True)["loss"])
            if not math.isfinite(loss):
                stopped = "not-finite"
                break
            losses.append(loss)
            if on_step:
                on_step(len(losses), steps)
            if monitor.diverged(loss):
                stopped = "diverged"
                break
    return RangeTestResult(rates[: len(losses)], np.array(losses), stopped)


class _DivergenceMonitor:
    """A running mean of the loss, its first value and its best."""

    def __init__(self) -> None:
        self.steps, self.sum = 0, 0.0
        self.start = self.best = math.nan

    def diverged(self, loss: float) -> bool:
        self.steps += 1
        self.sum = SMOOTHING * self.sum + (1 - SMOOTHING) * loss
        mean = self.sum / (1 - SMOOTHING**self.steps)
        if self.steps == 1:
            self.start = self.best = mean
        self.best = min(self.best, mean)
        return mean > self.start + max(2 * (self.start - self.best), abs(self.start))
