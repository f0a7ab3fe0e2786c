"""What a person sees while trials run: a live table on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from kerasdeep.formatting import duration, significant
from kerasdeep.metric_names import headline
from kerasdeep.runs import facts
from kerasdeep.studies.run_trial import TrialEnd
from kerasdeep.studies.trial import Trial


@dataclass
class _Progress:
    """A trial that runs."""

    label: str
    epoch: int = 0
    epochs: int = 0
    first_epoch: int = 0
    figure: str = "starting"
    since: float = field(default_factory=time.monotonic)
    since_epoch: int = 0

    @property
    def seconds_left(self) -> float | None:
        """Of the phase that runs, by the epochs seen so far; None before there is one."""
        done, left = self.epoch - self.since_epoch, self.first_epoch + self.epochs - self.epoch
        return left * (time.monotonic() - self.since) / done if done > 0 else None


class Board:
    """`mode` is auto (standard output), json (standard error) or quiet. Used as a context around the trials."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._console = Console(file=sys.stderr if mode == "json" else sys.stdout, highlight=False)
        self._running: dict[str, _Progress] = {}
        self._said: set[str] = set()
        self._live: Live | None = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        if self.mode != "quiet":
            self._console.print(text, markup=False, soft_wrap=True)

    def say_once(self, trial: Trial, text: str) -> None:
        """What a trial has to say; trials of one study often say the same."""
        if text not in self._said:
            self._said.add(text)
            self.say(f"{trial.label}: {text}")

    def begin(self, trial: Trial) -> None:
        self._running[trial.label] = _Progress(trial.label)
        if self.mode != "quiet" and self._console.is_terminal and self._live is None:
            self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=4, transient=True)
            self._live.start()
        elif self._live is None:
            self.say(f"{trial.label}: started")

    def phase(self, trial: Trial, first_epoch: int, epochs: int) -> None:
        progress = self._running[trial.label]
        progress.first_epoch, progress.epochs, progress.figure = first_epoch, epochs, "training"
        progress.since, progress.since_epoch = time.monotonic(), max(progress.epoch, first_epoch)

    def epoch(self, trial: Trial, row: dict[str, Any]) -> None:
        progress, name = self._running[trial.label], headline(row) or "loss"
        if progress.epoch == progress.first_epoch and row["epoch"] > progress.first_epoch + 1:
            progress.since, progress.since_epoch = time.monotonic(), int(row["epoch"])  # resumed
        progress.epoch, progress.figure = int(row["epoch"]), f"{name} {significant(row.get(name))}"

    def end(self, trial: Trial, end: TrialEnd) -> None:
        self._running.pop(trial.label, None)
        text = f"{end.run.path} already exists, reused" if end.reused else result_line(end)
        self.say(f"{trial.label}: {text}")

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("trial", "epoch", "figure", "left"):
            table.add_column(title, no_wrap=True)
        for progress in list(self._running.values()):
            epochs = f"{progress.epoch}/{progress.first_epoch + progress.epochs}" if progress.epochs else ""
            left = "" if progress.seconds_left is None else duration(progress.seconds_left)
            table.add_row(progress.label, epochs, progress.figure, left)
        return table


def result_line(end: TrialEnd) -> str:
    """`completed, test accuracy 0.87, 5.2 s of training`."""
    result = facts.read_result(end.run)
    name = headline(result.metrics)
    metric_text = f", {name.replace('_', ' ')} {significant(result.metrics[name])}" if name else ""
    return f"{result.status}{metric_text}, {result.seconds or 0:.1f} s of training"
