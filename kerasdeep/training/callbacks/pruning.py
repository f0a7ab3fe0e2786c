"""Magnitude pruning: at every epoch's end the smallest weights of each kernel become zeros.

The share of zeros follows Zhu & Gupta 2017 ("To prune, or not to prune"): s(t) = s - s (1 - p)³, where p rises
from 0 to 1 between the two ends. Between epoch ends the optimizer keeps zeros as they are
(`custom_objects.keep_zeros`), so there is no state beside the weights: a resumed run goes on exactly.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasdeep.config.sections.regularization import PruningConfig
from kerasdeep.modeling import freezing
from kerasdeep.training.phase import Callback, CompiledPhase


class Pruning(Callback):
    """Prunes the kernels that `model` trains, in a phase of `epochs` times `steps_per_epoch` steps."""

    def __init__(self, settings: PruningConfig, model: keras.Model, steps_per_epoch: int, epochs: int) -> None:
        self._settings = settings
        self._kernels = freezing.prunable_kernels(model)
        self._per_epoch = steps_per_epoch
        total = steps_per_epoch * epochs
        self._first = settings.from_.steps(steps_per_epoch, total)
        self._last = settings.until.steps(steps_per_epoch, total)

    @classmethod
    def for_phase(cls, phase: CompiledPhase) -> Pruning | None:
        """The last phase of a run prunes: it trains the network that is kept."""
        settings = phase.plan.config.regularization.pruning
        if settings is None or not phase.plan.is_last:
            return None
        return cls(settings, phase.model, phase.steps_per_epoch, phase.epochs)

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        ramp_value = cubic_ramp((epoch + 1) * self._per_epoch, self._first, self._last)
        if ramp_value == 0.0:
            return
        for kernel in self._kernels:
            values = np.array(keras.ops.convert_to_numpy(kernel))
            if self._settings.below is None:
                zero_smallest(values, self._settings.share * ramp_value)
            else:
                values[np.abs(values) < self._settings.below * ramp_value] = 0
            kernel.assign(values)


def cubic_ramp(step: int, first: int, last: int) -> float:
    """1 - (1 - p)³, where p is how much of the way from `first` to `last` is done: 0 before, 1 after."""
    if step >= last:
        return 1.0
    return 0.0 if step <= first else 1.0 - (1.0 - (step - first) / (last - first)) ** 3


def zero_smallest(values: np.ndarray, share: float) -> None:
    """Sets the smallest `share` of the entries to zero, in place; zeros are the smallest and stay."""
    count = round(share * values.size)
    flat = values.reshape(-1)
    flat[np.argsort(np.abs(flat), kind="stable")[:count]] = 0
