"""Where the trials of a study run. An executor is one function, in one dict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kerasdeep.runs import RunDir
from kerasdeep.studies.study import Trial

RunTrial = Callable[[Trial], RunDir]
Executor = Callable[[Sequence[Trial], RunTrial], Iterator[RunDir]]
"""Calls the function for every trial and yields the runs in the order of the trials."""


def run_inline(trials: Sequence[Trial], run_trial: RunTrial) -> Iterator[RunDir]:
    """One after the other in this process."""
    return map(run_trial, trials)


EXECUTORS: dict[str, Executor] = {"inline": run_inline}
