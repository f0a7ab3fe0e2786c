"""A run with its report, however the run ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kerasdeep import report, training
from kerasdeep.config import LoadedConfig
from kerasdeep.errors import InputError, KerasdeepError, RunFailed
from kerasdeep.runs import RunDir


def train_and_report(
    loaded: LoadedConfig,
    out: str | Path,
    resume: RunDir | None = None,
    progress: str = "auto",
    listener: training.RunListener | None = None,
) -> RunDir | None:
    """Train as `kerasdeep.training.train` does and write the report, also of a run that fails or is interrupted.

    Returns None in a process that shares the training of a run which another process writes. What is raised
    has the run, if there is one, as `run_path`. Raises RunFailed where the report of a complete run cannot be written.
    """
    run: RunDir | None = None

    def remember(created_run: RunDir) -> None:
        nonlocal run
        run = created_run

    try:
        training.train(loaded, out, resume, progress, remember, listener)
    except BaseException as error:
        if run is not None:
            if isinstance(error, KerasdeepError):
                error.run_path = run.path
            # What ended the run (a full disk, a directory that is gone) may leave no room for its report.
            with suppress(OSError, InputError):
                report.write(run)
        raise
    if run is not None:
        _write_report(run)
    return run


def _write_report(run: RunDir) -> None:
    try:
        report.write(run)
    except OSError as error:
        failure = RunFailed(
            f"The run is complete, but its report cannot be written: {error.strerror}. Fix that, then run: "
            f"kerasdeep report {run.path}"
        )
        failure.run_path = run.path
        raise failure from error
