"""Checkpoints while a phase is trained: at the interval of `training.checkpoint`, at its end, and on a stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasdeep.catalog.types import Duration
from kerasdeep.engine import checkpoint
from kerasdeep.engine.checkpoint import STATE_PATH, Position, Snapshot
from kerasdeep.errors import InputError
from kerasdeep.runs import checked
from kerasdeep.training.callbacks.interval import Interval
from kerasdeep.training.phase import Callback, PhaseState


class Checkpoints(Callback):
    """Saves the phase's model, the history and the callbacks' states; the last callback to act at an epoch's end.

    `other_models` are those whose weights the rest of the run goes on from, too.
    """

    def __init__(
        self,
        phase: PhaseState,
        folder: Path,
        every: Duration,
        rows: list[dict[str, Any]],
        other_models: Sequence[keras.Model],
    ) -> None:
        self._phase, self._folder, self._rows, self._other_models = phase, folder, rows, other_models
        self._saved: Position | None = None
        self._interval = Interval(every, phase.steps_per_epoch, phase.steps_per_epoch * phase.epochs)

    def max_steps(self, position: Position) -> int | None:
        return self._interval.steps_until_due(position.epoch * self._phase.steps_per_epoch + position.step)

    def on_steps_end(self, position: Position, loss: float) -> None:
        steps_per_epoch = self._phase.steps_per_epoch
        if position.step < steps_per_epoch and self._interval.is_due(position.epoch * steps_per_epoch + position.step):
            self._save(position)

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        position = Position(self._phase.index, epoch + 1)
        if self._phase.is_last_epoch(epoch) or self._interval.is_due(position.epoch * self._phase.steps_per_epoch):
            self._save(position)

    def on_interrupt(self, position: Position) -> None:
        if position != self._saved:
            self._save(position)

    def _save(self, position: Position) -> None:
        states = {name: callback.state_dict() for name, callback in self._phase.callbacks.items()}
        facts = states.pop("freeze_check")  # checkpoints keep what was frozen among their facts
        snapshot = Snapshot(position, self._rows, states, facts)
        checkpoint.save(self._folder, self._phase.model, snapshot, self._other_models)
        self._saved = position
        self._interval.reset()


def load_states(callbacks: Mapping[str, Callback], snapshot: Snapshot) -> None:
    """Puts the states of a checkpoint into a phase's callbacks. Raises InputError where they are of other callbacks."""
    states = checked.parse(
        dict[str, dict[str, object]], {**snapshot.callbacks, "freeze_check": snapshot.facts}, STATE_PATH
    )
    for name, callback in callbacks.items():
        if name not in states:
            raise InputError(f"The checkpoint has no state of `{name}`. Start a new run.", "checkpoint")
        callback.load_state_dict(states[name])
