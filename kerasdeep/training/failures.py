"""What can happen to a run, told from an error: a full disk, a directory that is gone, too little memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from kerasdeep.errors import RunFailed
from kerasdeep.run_dir import RunDir
from kerasdeep.spec.experiment import Spec
from kerasdeep.training import checkpoint

# By the system's error number; {run} is the run directory. What is not here is asked for its directory.
_WRITING = {
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "The disk quota is used up.",
    errno.EFBIG: "A file would grow past what the file system, or `ulimit -f`, allows.",
    errno.EIO: "The disk does not take what is written to {run}.",
    errno.EACCES: "The run directory {run} can no longer be written: permission denied.",
    errno.EPERM: "The run directory {run} can no longer be written: the operation is not permitted.",
    errno.EROFS: "The run directory {run} can no longer be written: its file system is read-only.",
}
_COMPUTING = ("tensorflow", "jax", "jaxlib")


def of_run(error: Exception, run: RunDir, spec: Spec) -> RunFailed | None:
    """The error as something that can happen to a run, with what to do; None for a bug of ours."""
    kept = f" What was finished is in {run.path}."
    again = f"kerasdeep train {run.path} --resume"
    if isinstance(error, RunFailed):
        last = " The last good checkpoint is kept." if _exists(run) else ""
        return RunFailed(f"{error}{last}{kept}")
    if isinstance(error, OSError) and error.errno in _WRITING:
        return RunFailed(f"{_WRITING[error.errno].format(run=run.path)}{kept} Mend that, then: {again}")
    if isinstance(error, OSError) and not run.path.is_dir():
        return RunFailed(f"The run directory {run.path} vanished while the run was writing to it.")
    if out_of_memory(error):
        batch = spec.training.batch_size
        less = f"--set training.batch_size={batch // 2}" if batch > 1 else "a smaller network"
        return RunFailed(f"Out of memory.{kept} Try: {less}")
    return None


def outside_run(error: Exception) -> RunFailed | None:
    """An error before the first epoch, if it is one that a machine can cause; None for a bug of ours."""
    if isinstance(error, OSError) and error.errno in _WRITING:
        where = f": {error.filename}" if error.filename else ""
        return RunFailed(f"{error.strerror}{where}. The run had not begun to train.")
    if not out_of_memory(error):
        return None
    return RunFailed(
        "Out of memory before the run began: the network's weights or the data do not fit. `kerasdeep plan` says "
        "what they need. Try narrower layers, or fewer rows (`data.limit`)."
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether this error, or one that it came from, says that memory ran out; each backend says it its own way."""
    return any(isinstance(one, MemoryError) or _backend_ran_out(one) for one in _chain(error))


def _backend_ran_out(error: BaseException) -> bool:
    library = type(error).__module__.partition(".")[0]
    if library not in _COMPUTING:
        return False
    text = str(error)
    return "ResourceExhausted" in type(error).__name__ or "RESOURCE_EXHAUSTED" in text or "Out of memory" in text


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _exists(run: RunDir) -> bool:
    try:
        return checkpoint.exists(run.checkpoints)
    except OSError:  # the error may be that nothing there can be read any more
        return False
