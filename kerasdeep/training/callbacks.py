"""What watches a figure of the history from epoch to epoch: early stopping and performance scheduling.

Both follow Keras's callbacks (`EarlyStopping`, `ReduceLROnPlateau`), but keep their state in checkpoints: Keras's
forget it whenever training starts anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from kerasdeep.backends import keras_private
from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.errors import InputError, SourceLocation, suggest
from kerasdeep.modeling.optimizer import default_optimizer
from kerasdeep.modeling.param_groups import inner_optimizers


def monitor_direction(monitor: str, model: keras.Model) -> str:
    """`min` or `max`: what the metric says of itself, or else what its name says."""
    name = monitor.removeprefix("val_")
    for metric in _iter_metrics(model.metrics):
        if metric.name == name and keras_private.metric_direction(metric):
            return "min" if keras_private.metric_direction(metric) == "down" else "max"
    return "min" if lower_is_better(name) else "max"


def check_monitor(monitor: str, columns: Iterable[str], location: SourceLocation | None) -> None:
    """Raises InputError when the history will have no column of that name."""
    columns = list(columns)
    if monitor in columns:
        return
    reason = ""
    if monitor.startswith("val_") and not any(column.startswith("val_") for column in columns):
        reason = " There is no validation part: set `data.validation`."
    hint = suggest(monitor, columns)
    suggestion = f" Did you mean {hint}?" if hint and not reason else ""
    raise InputError(
        f"`monitor: {monitor}` is not recorded.{reason} Expected one of: {', '.join(columns)}.{suggestion}",
        "monitor",
        location,
    )


class _BestValue:
    """The best value so far and the epochs since; `improved` says whether a value beats it by `min_delta`."""

    def __init__(self, mode: str, min_delta: float) -> None:
        self.sign = 1.0 if mode == "min" else -1.0
        self.min_delta = abs(min_delta)
        self.value = math.inf
        self.wait = 0

    def improved(self, value: float) -> bool:
        return self.sign * value + self.min_delta < self.value

    def accept(self, value: float) -> None:
        self.value = self.sign * value
        self.wait = 0


class EarlyStoppingCallback:
    """Stops a stage when the monitored figure no longer improves; can put the best epoch's weights back.

    `settings` has `monitor patience min_delta mode start_from_epoch restore_best_weights`. Weights are all of the
    model's variables, those of batch normalization included.
    """

    def __init__(self, settings: Any, model: keras.Model) -> None:
        self._settings = settings
        self._model = model
        mode = monitor_direction(settings.monitor, model) if settings.mode == "auto" else settings.mode
        self._best = _BestValue(mode, settings.min_delta)
        self._weights: list[np.ndarray] | None = None
        self.best_epoch: int | None = None
        self.should_stop = False

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        """`epoch` counts from 0 within the stage."""
        if epoch < self._settings.start_from_epoch:
            return
        value = row[self._settings.monitor]
        self._best.wait += 1
        if self._best.improved(value) or self.best_epoch is None:
            self._best.accept(value)
            self.best_epoch = epoch
            if self._settings.restore_best_weights:
                self._weights = [keras.ops.convert_to_numpy(v) for v in self._model.weights]
        elif self._best.wait >= self._settings.patience:
            self.should_stop = True

    @property
    def restored_epoch(self) -> int | None:
        """The epoch whose weights will be put back, from 0; None when the last epoch's stay."""
        return self.best_epoch if self._settings.restore_best_weights else None

    def restore_best_weights(self) -> bool:
        """Put the best epoch's weights into the model; False when there are none to put back."""
        if self._weights is None:
            return False
        for variable, array in zip(self._model.weights, self._weights, strict=True):
            variable.assign(array)
        return True

    def state_dict(self) -> dict[str, Any]:
        return {
            "best": self._best.value,
            "wait": self._best.wait,
            "best_epoch": self.best_epoch,
            "stop": self.should_stop,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best.value, self._best.wait = state["best"], state["wait"]
        self.best_epoch, self.should_stop, self._weights = state["best_epoch"], state["stop"], state["weights"]


class ReduceLROnPlateau:
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement."""

    def __init__(self, settings: dict[str, Any], model: keras.Model) -> None:
        self._settings = settings
        self._optimizer = default_optimizer(model.optimizer)
        self._groups = [
            group_optimizer
            for group_optimizer in inner_optimizers(model.optimizer)
            if group_optimizer is not self._optimizer
        ]
        self._best = _BestValue(monitor_direction(settings["monitor"], model), settings["min_delta"])
        self._cooldown = 0

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        value = row[self._settings["monitor"]]
        if self._cooldown > 0:
            self._cooldown -= 1
            self._best.wait = 0
        if self._best.improved(value):
            self._best.accept(value)
        elif self._cooldown <= 0:
            self._best.wait += 1
            if self._best.wait >= self._settings["patience"]:
                self._lower()

    def _lower(self) -> None:
        rate = float(keras.ops.convert_to_numpy(self._optimizer.learning_rate))
        if rate > self._settings["min_rate"]:
            new_rate = max(rate * self._settings["factor"], self._settings["min_rate"])
            self._optimizer.learning_rate.assign(new_rate)
            for group in self._groups:
                group.learning_rate.assign(group.learning_rate * (new_rate / rate))
            self._cooldown = self._settings["cooldown"]
            self._best.wait = 0

    def state_dict(self) -> dict[str, Any]:
        return {"best": self._best.value, "wait": self._best.wait, "cooldown": self._cooldown}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best.value, self._best.wait, self._cooldown = state["best"], state["wait"], state["cooldown"]


def _iter_metrics(metrics: Iterable[Any]) -> Iterable[Any]:
    """Metrics and those inside Keras's container for compiled ones."""
    for metric in metrics:
        yield metric
        yield from _iter_metrics(getattr(metric, "metrics", ()))
