"""A disk cache for what is slow to compute from the user's files: decoded pictures, encoded tables.

An entry is a folder named for its source and for a signature of all that it was made from. Making goes on where a
killed process left it; while it lasts, others wait. An entry stays as long as a process reads it; a new one of the
same source replaces those that nobody reads. Locks are those of the `filelock` library, which every system has and
frees when their process ends: one on the entry while it is opened, made or removed, and one for each reader.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from filelock import lock_descriptor
from numpy.lib.format import open_memmap

from kerasdeep.paths import keras_home

FINISHED_FILE, LOCK_FILE, READER_PREFIX, PROGRESS_FILE = "finished", "lock", "reader-", "done"
PROGRESS_INTERVAL_SECONDS = 5.0

Say = Callable[[str], None]
Read = TypeVar("Read")
_open_locks: list[IO[str]] = []
"""This process's locks as a reader of entries; the system frees them with the process."""


def cached(
    kind: str, source_path: Path, signature: str, make: Callable[[Path], None], read: Callable[[Path], Read]
) -> Read:
    """What `read` finds in the entry of that source and signature, which `make` fills where it is not there.

    `make` is called again on what a killed call of it left. An entry that `read` cannot read (OSError, ValueError,
    KeyError) is made anew. Raises OSError where the disk is full or may not be written.
    """
    folder = keras_home() / "kerasdeep"
    stem = f"{kind}-{short_hash(str(source_path.resolve()))}"
    entry = folder / f"{stem}-{short_hash(signature)[:16]}"
    with _acquire_lock(entry):
        value = _read_or_make(entry, make, read)
        _has_readers(entry)  # so that those who have ended leave no files
        descriptor, _ = tempfile.mkstemp(prefix=READER_PREFIX, dir=entry)
        lock_descriptor(descriptor)
        _open_locks.append(os.fdopen(descriptor))
    for other_entry in folder.glob(f"{stem}-*"):
        if other_entry != entry:
            _remove_if_unused(other_entry)
    return value


def write_in_blocks(
    entry: Path,
    shape: tuple[int, ...],
    dtype: Any,
    block: int,
    make: Callable[[int, int], np.ndarray],
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Write `x.npy` of that shape, `block` rows after another; rows that are written are not made again."""
    done = entry / PROGRESS_FILE
    first = int(done.read_text()) if done.exists() else 0
    for start in range(first, shape[0], block):
        end = min(start + block, shape[0])
        rows = make(start, end)
        # Opened for each block: pages of a map count as memory as long as it is open.
        x = open_memmap(entry / "x.npy", "r+" if start else "w+", dtype, None if start else shape)
        x[start:end] = rows
        x.flush()
        del x
        unfinished = done.with_suffix(".new")
        unfinished.write_text(str(end))
        unfinished.replace(done)
        progress(end)


def throttled_progress(say: Say | None, label: str, total: int) -> Callable[[int], None]:
    """Says every few seconds how much of `total` is done."""
    last = time.monotonic()

    def update(done: int) -> None:
        nonlocal last
        if say and time.monotonic() - last > PROGRESS_INTERVAL_SECONDS:
            last = time.monotonic()
            say(f"{label}: {done:,} of {total:,}")

    return update


def free_bytes() -> int:
    """Bytes that are free where entries are kept."""
    home = keras_home()
    return shutil.disk_usage(next(path for path in (home, *home.parents) if path.exists())).free


def short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _acquire_lock(entry: Path) -> IO[str]:
    """The entry's lock, as an open file; waits while another process has it."""
    while True:
        entry.mkdir(parents=True, exist_ok=True)
        lock = (entry / LOCK_FILE).open("a")
        lock_descriptor(lock.fileno())
        # Who held it may have removed the entry before this process got the lock.
        with suppress(OSError):
            if (entry / LOCK_FILE).stat().st_ino == os.fstat(lock.fileno()).st_ino:
                return lock
        lock.close()


def _read_or_make(entry: Path, make: Callable[[Path], None], read: Callable[[Path], Read]) -> Read:
    if (entry / FINISHED_FILE).exists():
        with suppress(OSError, ValueError, KeyError):
            return read(entry)
        _clear_entry(entry)
    make(entry)
    (entry / FINISHED_FILE).touch()
    return read(entry)


def _clear_entry(entry: Path) -> None:
    for path in entry.iterdir():
        if path.name != LOCK_FILE and not path.name.startswith(READER_PREFIX):
            path.unlink()


def _has_readers(entry: Path) -> bool:
    """Whether a living process reads the entry; removes the files of those that have ended."""
    has_readers = False
    for path in entry.glob(f"{READER_PREFIX}*"):
        with path.open("a") as file:
            has_ended = lock_descriptor(file.fileno(), blocking=False)
        if has_ended:
            path.unlink()
        has_readers |= not has_ended
    return has_readers


def _remove_if_unused(entry: Path) -> None:
    """Remove an entry unless a process uses it."""
    with suppress(OSError), (entry / LOCK_FILE).open("a") as lock:
        if lock_descriptor(lock.fileno(), blocking=False) and not _has_readers(entry):
            shutil.rmtree(entry, ignore_errors=True)  # on Windows its lock stays, which is open
