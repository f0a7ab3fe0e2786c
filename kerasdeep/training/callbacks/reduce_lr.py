"""Performance scheduling as in Keras's callback of that name, but its state goes into checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.engine.checkpoint import STATE_PATH
from kerasdeep.modeling.optimizer import default_optimizer
from kerasdeep.modeling.param_groups import inner_optimizers
from kerasdeep.runs import checked
from kerasdeep.training.callbacks.monitor import BestValue, monitor_direction
from kerasdeep.training.phase import Callback, CompiledPhase


@dataclass(frozen=True, slots=True)
class ReduceLRState:
    """What checkpoints keep; `best` is infinite before there was one."""

    best: checked.Real
    wait: int
    cooldown: int


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement.

    `settings` are the arguments of the schedule `Performance`. Rates of parameter groups keep their ratio to it.
    """

    def __init__(self, settings: dict[str, Any], model: keras.Model) -> None:
        self._settings = settings
        self._optimizer = default_optimizer(model.optimizer)
        self._groups = [
            group_optimizer
            for group_optimizer in inner_optimizers(model.optimizer)
            if group_optimizer is not self._optimizer
        ]
        self._best = BestValue(monitor_direction(settings["monitor"], model), settings["min_delta"])
        self._cooldown = 0

    @classmethod
    def for_phase(cls, phase: CompiledPhase) -> ReduceLROnPlateau | None:
        schedule = phase.plan.config.schedule
        if schedule is None or schedule.name != PLATEAU_SCHEDULE:
            return None
        return cls({name: schedule.value(name) for name in schedule.entry.arguments}, phase.model)

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
        saved = checked.parse(ReduceLRState, state, STATE_PATH)
        self._best.value, self._best.wait, self._cooldown = saved.best, saved.wait, saved.cooldown
