"""The lock of a run directory: held by the process that writes it, freed by the system when that process dies."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from kerasdeep.errors import InputError

_ATTEMPTS, _PAUSE_SECONDS = 3, 0.02
_HOLD_ATTEMPTS = 50
"""Whoever corrects the result of a process that died holds the lock while it writes."""


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock file `path`."""
    if not path.is_file():  # a pipe would be waited for
        return False
    try:
        with path.open() as file:
            return not _try_lock(file.fileno())
    except OSError:
        return False


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` of the run in its folder; raises InputError while another process does."""
    with contextlib.ExitStack() as stack:
        while True:
            file = stack.enter_context(path.open("a+"))
            if not _try_lock(file.fileno(), _HOLD_ATTEMPTS):
                file.seek(1)  # Windows lets nobody else read the first byte, which is what the lock covers there
                owner = file.read().strip() or "unknown"
                raise InputError(
                    f"{path.parent} is in use by another process ({owner}). Wait until it ends, or stop it.",
                    "run-in-use",
                )
            # The former owner may have removed the file between our opening and locking it.
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                break
        file.truncate(0)
        file.write(f" {os.getpid()}")
        file.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # nothing may be writable any more; Windows keeps an open file
                path.unlink(missing_ok=True)


def _try_lock(descriptor: int, attempts: int = _ATTEMPTS) -> bool:
    """Whether the lock was free; tried again, because whoever asks `is_locked` holds it for a moment."""
    from filelock import lock_descriptor  # only here: its import costs more than listing the runs

    for attempt in range(attempts):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        if lock_descriptor(descriptor, blocking=False):
            return True
    return False
