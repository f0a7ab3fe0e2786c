"""Early stopping as in Keras, but its state goes into checkpoints: Keras's forgets it whenever training resumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdeep.config.sections.training import EarlyStoppingConfig
from kerasdeep.engine.checkpoint import STATE_PATH
from kerasdeep.errors import InputError
from kerasdeep.runs import checked
from kerasdeep.training.callbacks.monitor import BestValue, monitor_direction
from kerasdeep.training.phase import Callback, CompiledPhase, PhaseState, with_data_loss

START = -1
"""In place of an epoch: the weights that the phase began with."""


@dataclass(frozen=True, slots=True)
class EarlyStoppingState:
    """What checkpoints keep; `best` is infinite before there was one."""

    best: checked.Real
    wait: int
    best_epoch: int | None
    stop: bool
    weights: list[np.ndarray] | None


class EarlyStopping(Callback):
    """Stops a phase when the monitored figure no longer improves; can restore the best epoch's weights.

    Weights are all of the model's variables, those of batch normalization included.
    """

    def __init__(self, settings: EarlyStoppingConfig, model: keras.Model) -> None:
        self._settings = settings
        self._model = model
        mode = monitor_direction(settings.monitor, model) if settings.mode == "auto" else settings.mode
        self._best = BestValue(mode, settings.min_delta)
        self._weights: list[np.ndarray] | None = None
        self.best_epoch: int | None = None
        self.should_stop = False

    @classmethod
    def for_phase(cls, phase: CompiledPhase) -> EarlyStopping | None:
        settings = phase.plan.config.training.early_stopping
        return None if settings is None else cls(settings, phase.model)

    def on_phase_begin(self, phase: PhaseState) -> None:
        """Measures the weights that the phase begins with, where they may be the best."""
        if not self._settings.include_start or self.best_epoch is not None:
            return
        evaluation = phase.engine.evaluate(phase.validation)
        figures = with_data_loss(evaluation or {}, phase.output_heads)
        self._accept(START, figures[self._settings.monitor.removeprefix("val_")])

    def _accept(self, epoch: int, value: float) -> None:
        self._best.accept(value)
        self.best_epoch = epoch
        if self._settings.restore_best_weights:
            self._weights = [keras.ops.convert_to_numpy(variable) for variable in self._model.weights]

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        if epoch < self._settings.start_from_epoch:
            return
        value = row[self._settings.monitor]
        self._best.wait += 1
        if self._best.improved(value) or self.best_epoch is None:
            self._accept(epoch, value)
        elif self._best.wait >= self._settings.patience:
            self.should_stop = True

    def on_phase_end(self) -> None:
        """Puts the best epoch's weights into the model, where they were kept."""
        if self._weights is not None:
            for variable, array in zip(self._model.weights, self._weights, strict=True):
                variable.assign(array)

    @property
    def restored_epoch(self) -> int | None:
        """The epoch, from 0, whose weights the phase leaves, or `START`; None when those of the last one stay."""
        return self.best_epoch if self._settings.restore_best_weights else None

    def state_dict(self) -> dict[str, Any]:
        return {
            "best": self._best.value,
            "wait": self._best.wait,
            "best_epoch": self.best_epoch,
            "stop": self.should_stop,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        saved = checked.parse(EarlyStoppingState, state, STATE_PATH)
        shapes = [tuple(variable.shape) for variable in self._model.weights]
        if saved.weights is not None and [array.shape for array in saved.weights] != shapes:
            raise InputError("The checkpoint's best weights do not fit this network. Start a new run.", "checkpoint")
        self._best.value, self._best.wait = saved.best, saved.wait
        self.best_epoch, self.should_stop, self._weights = saved.best_epoch, saved.stop, saved.weights
