"""Turns an exception into a message with a remedy: a full disk, a directory that is gone, too little memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from kerasdeep.backends import BACKENDS
from kerasdeep.config.root import Config
from kerasdeep.engine import checkpoint
from kerasdeep.errors import RunFailed
from kerasdeep.runs import RunDir

# By the system's error number; {run} is the run directory. What is not here is asked for its directory.
_DISK_ERRORS = {
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The disk quota is used up.",
    errno.EFBIG: "A file would grow past what the file system, or `ulimit -f`, allows.",
    errno.EIO: "The disk does not take what is written to {run}.",
    errno.EACCES: "The run directory {run} can no longer be written: permission denied.",
    errno.EPERM: "The run directory {run} can no longer be written: the operation is not permitted.",
    errno.EROFS: "The run directory {run} can no longer be written: its file system is read-only.",
}


def classify_run_error(error: Exception, run: RunDir, config: Config) -> RunFailed | None:
    """The error as something that can happen to a run, with what to do; None for a bug of ours."""
    kept_note = f" What was finished is in {run.path}."
    resume_command = f"kerasdeep train {run.path} --resume"
    if isinstance(error, RunFailed):
        checkpoint_note = " The last good checkpoint is kept." if _has_checkpoint(run) else ""
        return RunFailed(f"{error}{checkpoint_note}{kept_note}")
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return RunFailed(
            f"{_DISK_ERRORS[error.errno].format(run=run.path)}{kept_note} Fix that, then run: {resume_command}"
        )
    if isinstance(error, OSError) and not run.path.is_dir():
        return RunFailed(f"The run directory {run.path} vanished while the run was writing to it.")
    if is_out_of_memory(error):
        batch = config.training.batch_size
        suggestion = f"--set training.batch_size={batch // 2}" if batch > 1 else "a smaller network"
        return RunFailed(f"Out of memory.{kept_note} Try: {suggestion}")
    return None


def classify_startup_error(error: BaseException) -> RunFailed | None:
    """An error before the first epoch, if it is one that a machine can cause; None for a bug of ours."""
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        file_note = f": {error.filename}" if error.filename else ""
        return RunFailed(f"{error.strerror}{file_note}. Training had not started.")
    if not is_out_of_memory(error):
        return None
    return RunFailed(
        "Out of memory before the run began: the network's weights or the data do not fit. `kerasdeep plan` says "
        "what they need. Try narrower layers, or fewer rows (`data.limit`)."
    )


def attach_run(error: BaseException, run: RunDir) -> None:
    """Lets whoever catches `error` ask `failed_run` for the run that it ended."""
    error.__dict__.setdefault("run", run)


def failed_run(error: BaseException) -> RunDir | None:
    """The run that this error, or one that it came from, has ended; None where there was no run yet."""
    return next((cause.__dict__["run"] for cause in _exception_chain(error) if "run" in cause.__dict__), None)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this error, or one that it came from, says that memory ran out; each backend says it its own way."""
    return any(isinstance(cause, MemoryError) or _is_backend_out_of_memory(cause) for cause in _exception_chain(error))


def _is_backend_out_of_memory(error: BaseException) -> bool:
    library = type(error).__module__.partition(".")[0]
    if all(library not in backend.LIBRARIES for backend in BACKENDS.values()):
        return False
    text = str(error)
    return "ResourceExhausted" in type(error).__name__ or "RESOURCE_EXHAUSTED" in text or "Out of memory" in text


def _exception_chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _has_checkpoint(run: RunDir) -> bool:
    try:
        return checkpoint.exists(run.checkpoints)
    except OSError:  # the error may be that nothing there can be read any more
        return False
