"""Training, from a checked configuration to a finished run directory; and its plan, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from kerasdeep.backends import runtime
from kerasdeep.errors import RunFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kerasdeep.config.load import LoadedConfig
    from kerasdeep.runs import RunDir

__all__ = ["RunListener", "plan", "train"]


class RunListener(Protocol):
    """What is told of a run while it trains, beside the display; a study listens to its trials."""

    def say(self, text: str) -> None:
        """A sentence for the user, where the display is `listener`."""

    def on_phase_begin(self, first_epoch: int, epochs: int) -> None:
        """A phase of `epochs` begins, or goes on, after `first_epoch` of the phases before it."""

    def on_epoch_end(self, row: dict[str, Any]) -> None:
        """`row` was added to the history. May raise Pruned, which ends the run."""


def train(
    loaded: LoadedConfig,
    out: str | Path,
    resume: RunDir | None = None,
    progress: str = "auto",
    on_run_created: Callable[[RunDir], None] | None = None,
    listener: RunListener | None = None,
) -> RunDir:
    """Train what `loaded` describes into a new run under `out`, or continue the run `resume`.

    Args:
        loaded: The checked configuration.
        out: The folder for run directories.
        resume: The run to continue.
        progress: `auto`, `json` (on standard error), `quiet`, or `listener`: messages go to `listener`.
        on_run_created: Is called with the run when it ends, also when it fails.
        listener: Is told of phases and epochs.

    Returns:
        The run. Where several processes train together, only the primary one writes files and prints; the others
        return a run directory that no longer exists.

    Raises:
        InputError: Data, shapes or machine do not fit. No run directory exists then.
        RunFailed: The run itself failed. As in the next two cases, what was finished is kept.
        Interrupted: The run was asked to stop.
        Pruned: `listener` ended it.
    """
    if resume is not None:
        from kerasdeep.training import resume_check

        loaded = resume_check.resume_config(loaded, resume)
    machine = runtime.prepare(loaded.config.runtime, loaded.config.seed)  # before anything imports Keras
    from kerasdeep.backends import distributed
    from kerasdeep.training import failures, run

    if not machine.is_primary:
        progress, on_run_created = "quiet", None
    try:
        with distributed.primary_run_dir(machine, out, resume) as (process_out, process_resume):
            trained = run.train_run(loaded, process_out, process_resume, machine, progress, listener)
        if on_run_created:
            on_run_created(trained)
        return trained
    except BaseException as error:
        failed = failures.failed_run(error)
        if on_run_created and failed:
            on_run_created(failed)
        failure = None if isinstance(error, RunFailed) else failures.classify_startup_error(error)
        if failure is None:
            raise
        raise failure from error


def plan(loaded: LoadedConfig, say: Callable[[str], None] | None = None) -> dict[str, Any]:
    """What `train` would do with `loaded`: data, layers, parameters, steps, rates, compilation and memory.

    Everything is prepared as for training, but the network's weights are never put into memory.

    Args:
        loaded: The checked configuration.
        say: Takes messages, such as the progress of a download.

    Returns:
        Plain data (`plan --json`): `parameters`, `trainable`, `steps`, `steps_per_epoch`, `memory_bytes`, `rows`,
        `layers`, `rates`, `compile`, `origins` and more; sizes are bytes.

    Raises:
        InputError: As in `train`.
    """
    machine = runtime.prepare(loaded.config.runtime, loaded.config.seed)
    from kerasdeep.training import dry_run

    return dry_run.make_plan(loaded, machine, say)
