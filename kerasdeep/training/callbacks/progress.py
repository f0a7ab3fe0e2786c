"""What the user sees while a run trains: a live bar on a terminal, a line an epoch elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from kerasdeep.engine.checkpoint import Position
from kerasdeep.training import RunListener
from kerasdeep.training.phase import Callback, PhaseState

_HIDDEN_COLUMNS = ("stage", "epoch", "momentum", "seconds", "examples_per_second")
_SHORT_NAMES = {"learning_rate": "rate"}


def make_progress(mode: str = "auto", listener: RunListener | None = None) -> NullProgress:
    """For `mode`: `auto` writes to stdout, `json` to stderr, `quiet` nowhere; `listener` tells the listener."""
    if mode == "listener" and listener is not None:
        return ListenerProgress(listener)
    if mode == "quiet":
        return NullProgress()
    stream = sys.stderr if mode == "json" else sys.stdout
    return LiveProgress(stream) if stream.isatty() else LineProgress(stream)


class NullProgress(Callback):
    """Shows nothing; the others fill in what they show. Used as a context around the training."""

    def __enter__(self) -> NullProgress:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was put on the screen."""

    def say(self, text: str) -> None:
        """A sentence for the user."""


class ListenerProgress(NullProgress):
    """What there is to say goes to the listener of the run."""

    def __init__(self, listener: RunListener) -> None:
        self._listener = listener

    def say(self, text: str) -> None:
        self._listener.say(text)


class LineProgress(NullProgress):
    """One line an epoch: for files, pipes and logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._epochs = 0

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def on_phase_begin(self, phase: PhaseState) -> None:
        self._epochs = phase.epochs

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        self.say(format_epoch(row, epoch + 1, self._epochs))


class LiveProgress(NullProgress):
    """A bar for the epoch that runs, with loss, rate and time left; finished epochs stay above it."""

    def __init__(self, stream: TextIO) -> None:
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} steps  {task.fields[figures]}"),
            console=Console(file=stream, highlight=False),
            refresh_per_second=5,
            transient=True,
        )
        self._task: Any = None
        self._epochs = self._steps = self._batch_size = self._first_step = 0
        self._start = time.perf_counter()

    def __enter__(self) -> LiveProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        self._bar.console.print(text, markup=False)

    def on_phase_begin(self, phase: PhaseState) -> None:
        self._epochs, self._steps, self._batch_size = phase.epochs, phase.steps_per_epoch, phase.engine.batch_size
        self._start, self._first_step = time.perf_counter(), -1
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task("", total=self._steps, epoch=1, epochs=self._epochs, figures="compiling")

    def on_steps_end(self, position: Position, loss: float) -> None:
        steps_done = position.epoch * self._steps + position.step
        if self._first_step < 0:  # the first call compiled and may have come after a resume: measure from here
            self._first_step, self._start = steps_done, time.perf_counter()
        figures = f"loss {loss:.4g}"
        seconds = time.perf_counter() - self._start
        if steps_done > self._first_step:
            steps_per_second = (steps_done - self._first_step) / seconds
            seconds_left = (self._epochs * self._steps - steps_done) / steps_per_second
            figures += f"  {steps_per_second * self._batch_size:,.0f} examples/s  {format_duration(seconds_left)} left"
        self._bar.update(self._task, completed=position.step, epoch=position.epoch + 1, figures=figures)

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        self.say(format_epoch(row, epoch + 1, self._epochs))


def format_epoch(row: dict[str, Any], epoch: int, epochs: int) -> str:
    """`epoch  3/20  loss 0.4312  accuracy 0.849  val_loss 0.402  rate 0.01  0.4 s`."""
    figures = {name: value for name, value in row.items() if name not in _HIDDEN_COLUMNS and value is not None}
    for prefix in ("", "val_"):  # once is enough where there are no penalties
        if figures.get(f"{prefix}data_loss") == figures.get(f"{prefix}loss"):
            figures.pop(f"{prefix}data_loss", None)
    values_text = "  ".join(f"{_SHORT_NAMES.get(name, name)} {value:.4g}" for name, value in figures.items())
    return f"epoch {epoch:>{len(str(epochs))}}/{epochs}  {values_text}  {row['seconds']:.1f} s"


def format_duration(seconds: float) -> str:
    """`0:42`, `12:05` or `1:02:03`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
