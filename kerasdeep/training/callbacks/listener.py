"""Tells the listener of a run of its epochs."""

from __future__ import annotations

from typing import Any

from kerasdeep.training import RunListener
from kerasdeep.training.phase import Callback, PhaseState


class ListenerCallback(Callback):
    """Before the checkpoint of the epoch: whatever the listener does, a resumed run does it again."""

    def __init__(self, phase: PhaseState, listener: RunListener) -> None:
        self._phase, self._listener = phase, listener

    def on_phase_begin(self, phase: PhaseState) -> None:
        self._listener.on_phase_begin(phase.first_epoch, phase.epochs)

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        self._listener.on_epoch_end(row)
