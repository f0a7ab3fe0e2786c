"""The lock of a run directory: held by the process that writes it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from kerasdeep.errors import InputError


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock file `path`."""
    try:
        with path.open() as file:
            return not _try_flock(file.fileno(), fcntl.LOCK_SH)
    except OSError:
        return False


@contextlib.contextmanager
def locked(path: Path, run: Path) -> Iterator[None]:
    """Hold the lock file `path` of `run`; raises InputError while another process does."""
    with contextlib.ExitStack() as stack:
        while True:
            file = stack.enter_context(path.open("a+"))
            if not _try_flock(file.fileno(), fcntl.LOCK_EX):
                file.seek(0)
                owner = file.read().strip() or "unknown"
                raise InputError(
                    f"{run} is in use by another process ({owner}). Wait until it ends, or stop it.", "run-in-use"
                )
            # The former owner may have removed the file between our opening and locking it.
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                break
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # what ended the run may be that nothing can be written here
                path.unlink(missing_ok=True)


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
