"""Where the trials of a study run. An executor is one function, in one dict."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kerasdeep.errors import Pruned
from kerasdeep.studies import jobs
from kerasdeep.studies.board import Board
from kerasdeep.studies.run_trial import TrialEnd, run_trial
from kerasdeep.studies.trial import Trial


class TrialHost(Protocol):
    """Whose trials an executor runs: a comparison or a sweep."""

    out: Path
    """The folder for run directories."""

    def next_trial(self) -> Trial | None:
        """The next trial to start; None where there is none now. Asked again whenever there is room."""

    def on_epoch(self, trial: Trial, row: dict[str, Any]) -> bool:
        """An epoch of a trial is done, with this row of its history; False ends the trial."""

    def on_end(self, trial: Trial, end: TrialEnd) -> None:
        """A trial has its run: completed, failed or pruned."""


Executor = Callable[[TrialHost, int, Board], None]
"""Runs what the host gives, so many at once, until it gives nothing and all have ended.

Raises InputError or RunFailed for a trial that cannot have a run, and Interrupted once all runs are saved.
"""


@dataclass(frozen=True)
class _InlineListener:
    """Follows the run of a trial in this process."""

    host: TrialHost
    trial: Trial

    def say(self, text: str) -> None:
        """The display of the run says it."""

    def on_phase_begin(self, first_epoch: int, epochs: int) -> None:
        """The display of the run shows it."""

    def on_epoch_end(self, row: dict[str, Any]) -> None:
        if not self.host.on_epoch(self.trial, row):
            raise Pruned("pruned by the study")


def run_inline(host: TrialHost, count: int, board: Board) -> None:
    """One after the other in this process, each with the display of a single run."""
    data_hashes: dict[str, str] = {}
    while (trial := host.next_trial()) is not None:
        board.say(f"{trial.label}: training")
        end = run_trial(trial, host.out, board.mode, _InlineListener(host, trial), data_hashes)
        host.on_end(trial, end)
        board.end(trial, end)


def run_in_processes(host: TrialHost, count: int, board: Board) -> None:
    """In worker processes on this machine, which stay warm; `processes` has them."""
    from kerasdeep.studies import processes

    processes.run_in_processes(host, count, board)


EXECUTORS: dict[str, Executor] = {"inline": run_inline, "processes": run_in_processes}


def choose_executor(trials: Sequence[Trial], wanted_jobs: int | None) -> tuple[str, int]:
    """The executor for these trials, and how many run at once; `wanted_jobs` None is auto."""
    from kerasdeep.studies import processes

    count = jobs.auto_jobs(trials, processes.plan_in_process) if wanted_jobs is None else wanted_jobs
    count = min(count, len(trials))
    return ("processes" if count > 1 or not _fits_this_process(trials) else "inline"), count


def _fits_this_process(trials: Sequence[Trial]) -> bool:
    """Whether one process can run them all; one that runs Keras already has its threads."""
    runtimes = [trial.loaded.config.runtime for trial in trials]
    first = runtimes[0]
    alike = all((r.backend, r.device, r.threads) == (first.backend, first.device, first.threads) for r in runtimes)
    return alike and ("keras" not in sys.modules or first.threads == "auto")
