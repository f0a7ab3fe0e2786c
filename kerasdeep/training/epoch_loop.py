"""The loop over the epochs of a phase: chunks of steps, validation, and the callbacks after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from kerasdeep.engine.checkpoint import Position
from kerasdeep.engine.engine import shortest_float
from kerasdeep.errors import Interrupted
from kerasdeep.modeling import last_learning_rate, last_momentum
from kerasdeep.training.phase import Callback, PhaseState, with_data_loss


class EpochLoop:
    """Trains `phase` and calls `callbacks` in their order; `stop_requested` is asked between two chunks."""

    def __init__(self, phase: PhaseState, callbacks: Sequence[Callback], stop_requested: Callable[[], bool]) -> None:
        self._phase, self._callbacks, self._stop_requested = phase, callbacks, stop_requested

    def run(self, position: Position) -> None:
        """From `position` to the end of the phase."""
        phase = self._phase
        while position.epoch < phase.epochs and not phase.stopped_early:
            trained = position if position.logs is not None else self._train_epoch(position)
            row = self._validated_row(trained)
            for callback in self._callbacks:
                callback.on_epoch_end(position.epoch, row)
            is_last = phase.is_last_epoch(position.epoch)
            position = Position(phase.index, position.epoch + 1)
            if self._stop_requested() and not is_last:
                self._interrupt(position)

    def _train_epoch(self, position: Position) -> Position:
        """The rest of an epoch; returns its end, with its metrics and the seconds that all of it took."""
        phase, epoch, seconds = self._phase, position.epoch, position.seconds
        run_epoch = phase.first_epoch + epoch
        runner = phase.engine.train(phase.epoch_data(run_epoch), run_epoch, position.step)
        while not runner.done:
            start = time.perf_counter()
            runner.run(min(filter(None, (callback.max_steps(position) for callback in self._callbacks)), default=None))
            seconds += time.perf_counter() - start
            position = Position(phase.index, epoch, runner.step, seconds)
            for callback in self._callbacks:
                callback.on_steps_end(position, runner.loss)
            if not runner.done and self._stop_requested():
                self._interrupt(position)
        return Position(phase.index, epoch, phase.steps_per_epoch, seconds, phase.engine.metrics())

    def _validated_row(self, position: Position) -> dict[str, Any]:
        phase, validation = self._phase, {}
        if phase.validation is not None:
            evaluation = phase.engine.evaluate(phase.validation, self._stop_requested)
            if evaluation is None:
                self._interrupt(position)
            validation = {
                f"val_{name}": value for name, value in with_data_loss(evaluation, phase.output_heads).items()
            }
        optimizer = phase.model.optimizer
        momentum = last_momentum(optimizer)
        group_rates = {
            f"learning_rate:{group.selector}": shortest_float(last_learning_rate(group.optimizer))
            for group in phase.param_groups
        }
        return {
            "stage": phase.name,
            "epoch": phase.first_epoch + position.epoch + 1,
            **with_data_loss(position.logs or {}, phase.output_heads),
            **validation,
            "learning_rate": shortest_float(last_learning_rate(optimizer)),
            **group_rates,
            "momentum": None if momentum is None else shortest_float(momentum),
            "seconds": round(position.seconds, 4),
            "examples_per_second": round(phase.engine.count_rows(phase.train) / max(position.seconds, 1e-9), 1),
        }

    def _interrupt(self, position: Position) -> NoReturn:
        for callback in self._callbacks:
            callback.on_interrupt(position)
        raise Interrupted
