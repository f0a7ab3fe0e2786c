"""What the user sees while a run trains: a live bar on a terminal, a line an epoch elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

_HIDDEN = ("stage", "epoch", "momentum", "seconds", "examples_per_second")
_SHORT = {"learning_rate": "rate"}


def choose(mode: str = "auto") -> Silent:
    """The display for `mode`: `auto` speaks on stdout, `json` on stderr, `quiet` not at all."""
    if mode == "quiet":
        return Silent()
    stream = sys.stderr if mode == "json" else sys.stdout
    return Live(stream) if stream.isatty() else Lines(stream)


class Silent:
    """Shows nothing; the others fill in what they show. Used as a context around the training."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was put on the screen."""

    def say(self, text: str) -> None:
        """A sentence for the user."""

    def stage(self, name: str, epochs: int, steps: int, batch_size: int) -> None:
        """A stage of `epochs` epochs of `steps` steps begins."""

    def step(self, epoch: int, step: int, loss: float) -> None:
        """`step` steps of epoch `epoch` (from 1) are done, with this mean loss so far."""

    def epoch(self, row: dict[str, Any], epoch: int) -> None:
        """Epoch `epoch` of the stage (from 1) is done and validated."""


class Lines(Silent):
    """One line an epoch: for files, pipes and logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._epochs = 0

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def stage(self, name: str, epochs: int, steps: int, batch_size: int) -> None:
        self._epochs = epochs

    def epoch(self, row: dict[str, Any], epoch: int) -> None:
        self.say(line(row, epoch, self._epochs))


class Live(Silent):
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
        self._epochs = self._steps = self._batch_size = self._first = 0
        self._start = time.perf_counter()

    def __enter__(self) -> Live:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        self._bar.console.print(text, markup=False)

    def stage(self, name: str, epochs: int, steps: int, batch_size: int) -> None:
        self._epochs, self._steps, self._batch_size = epochs, steps, batch_size
        self._start, self._first = time.perf_counter(), -1
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task("", total=steps, epoch=1, epochs=epochs, figures="compiling")

    def step(self, epoch: int, step: int, loss: float) -> None:
        done = (epoch - 1) * self._steps + step
        if self._first < 0:  # the first call compiled and may have come after a resume: measure from here
            self._first, self._start = done, time.perf_counter()
        figures = f"loss {loss:.4g}"
        seconds = time.perf_counter() - self._start
        if done > self._first:
            pace = (done - self._first) / seconds
            left = (self._epochs * self._steps - done) / pace
            figures += f"  {pace * self._batch_size:,.0f} examples/s  {clock(left)} left"
        self._bar.update(self._task, completed=step, epoch=epoch, figures=figures)

    def epoch(self, row: dict[str, Any], epoch: int) -> None:
        self.say(line(row, epoch, self._epochs))


def line(row: dict[str, Any], epoch: int, epochs: int) -> str:
    """`epoch  3/20  loss 0.4312  accuracy 0.849  val_loss 0.402  rate 0.01  0.4 s`."""
    figures = {name: value for name, value in row.items() if name not in _HIDDEN and value is not None}
    for part in ("", "val_"):  # said once where there are no penalties
        if figures.get(f"{part}data_loss") == figures.get(f"{part}loss"):
            figures.pop(f"{part}data_loss", None)
    shown = "  ".join(f"{_SHORT.get(name, name)} {value:.4g}" for name, value in figures.items())
    return f"epoch {epoch:>{len(str(epochs))}}/{epochs}  {shown}  {row['seconds']:.1f} s"


def clock(seconds: float) -> str:
    """`0:42`, `12:05` or `1:02:03`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
