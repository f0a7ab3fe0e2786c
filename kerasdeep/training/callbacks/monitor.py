"""Figures of the history that callbacks watch: whether they are recorded, and which way is better."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import keras

from kerasdeep.backends import keras_private
from kerasdeep.catalog.traits import PLATEAU_SCHEDULE, lower_is_better
from kerasdeep.config.root import Config
from kerasdeep.errors import InputError, SourceLocation, suggest


class BestValue:
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


def monitor_direction(monitor: str, model: keras.Model) -> str:
    """`min` or `max`: what the metric says of itself, or else what its name suggests."""
    name = monitor.removeprefix("val_")
    for metric in _iter_metrics(model.metrics):
        if metric.name == name and keras_private.metric_direction(metric):
            return "min" if keras_private.metric_direction(metric) == "down" else "max"
    return "min" if lower_is_better(name) else "max"


def check_monitors(config: Config, columns: Iterable[str]) -> None:
    """Raises InputError when a phase's schedule or early stopping watches something that is not recorded."""
    columns, schedule, early_stopping = list(columns), config.schedule, config.training.early_stopping
    if schedule is not None and schedule.name == PLATEAU_SCHEDULE:
        check_monitor(schedule.value("monitor"), columns, schedule.location)
    if early_stopping is not None:
        location = early_stopping.location("monitor") or config.training.location("early_stopping")
        check_monitor(early_stopping.monitor, columns, location)


def check_monitor(monitor: str, columns: list[str], location: SourceLocation | None) -> None:
    """Raises InputError when the history will have no column of that name."""
    if monitor in columns:
        return
    reason = ""
    if monitor.startswith("val_") and not any(column.startswith("val_") for column in columns):
        reason = " There is no validation data: set `data.validation`."
    hint = suggest(monitor, columns)
    suggestion = f" Did you mean {hint}?" if hint and not reason else ""
    raise InputError(
        f"`monitor: {monitor}` is not recorded.{reason} Expected one of: {', '.join(columns)}.{suggestion}",
        "monitor",
        location,
    )


def _iter_metrics(metrics: Iterable[Any]) -> Iterable[Any]:
    """Metrics and those inside Keras's container for compiled ones."""
    for metric in metrics:
        yield metric
        yield from _iter_metrics(getattr(metric, "metrics", ()))
