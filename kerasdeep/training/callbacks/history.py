"""The history: a row an epoch, on disk and in memory; a loss that is not finite ends the run."""

from __future__ import annotations

import math
from typing import Any

from kerasdeep.engine.checkpoint import Position
from kerasdeep.errors import RunFailed
from kerasdeep.modeling import last_learning_rate
from kerasdeep.runs import HistoryFile
from kerasdeep.training.phase import Callback, PhaseState

LOSS_NOT_FINITE = (
    "The loss stopped being finite in epoch {epoch}{detail}. What usually helps: a learning rate ten times smaller "
    "(now {rate:g}), `clipnorm: 1.0` in the optimizer, scaled inputs (`data.scaling`), another initializer."
)


class History(Callback):
    """Appends to `rows` and to the file. Raises RunFailed for a loss that is not finite, once it is recorded."""

    def __init__(self, phase: PhaseState, file: HistoryFile, rows: list[dict[str, Any]]) -> None:
        self._phase, self._file, self._rows = phase, file, rows

    def on_steps_end(self, position: Position, loss: float) -> None:
        if math.isfinite(loss):
            return
        epoch = self._phase.first_epoch + position.epoch + 1
        self._file.append({"stage": self._phase.name, "epoch": epoch, "loss": loss})
        unfinished = position.step < self._phase.steps_per_epoch
        self._fail(epoch, f", within its first {position.step:,} steps" if unfinished else "")

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._file.append(row)
        if not (math.isfinite(row["loss"]) and math.isfinite(row.get("val_loss") or 0.0)):
            self._fail(row["epoch"], "")

    def _fail(self, epoch: int, detail: str) -> None:
        rate = last_learning_rate(self._phase.model.optimizer)
        raise RunFailed(LOSS_NOT_FINITE.format(epoch=epoch, detail=detail, rate=rate))
