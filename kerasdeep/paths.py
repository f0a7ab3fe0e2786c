"""Paths that people and files name: read with bounds, and the system's errors about them in words."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from kerasdeep.errors import InputError, KerasdeepError, RunFailed, SourceLocation

_PATH_PROBLEMS = {
    errno.ENOENT: "there is no such file or folder. Check the path.",
    errno.ENAMETOOLONG: "this path is longer than the system takes. Use a shorter one.",
    errno.EACCES: "permission denied. Change its permissions, or use another path.",
    errno.EPERM: "the operation is not permitted. Change its permissions, or use another path.",
    errno.EROFS: "its file system is read-only. Use another path.",
    errno.ENOTDIR: "a part of this path is a file, not a folder. Check the path.",
    errno.EISDIR: "this is a folder. Expected a file.",
    errno.EEXIST: "something of that name exists already. Use another path.",
    errno.ENOTEMPTY: "this folder is not empty. Use another path.",
    errno.ELOOP: "its symbolic links lead in a circle. Use another path.",
    errno.EINVAL: "the system does not take this path. Use another one.",
    errno.ENXIO: "this is a pipe, socket or device. Expected a regular file.",
    errno.ENODEV: "this is a pipe, socket or device. Expected a regular file.",
    errno.ETXTBSY: "this file is being executed. Use another path.",
    errno.EXDEV: "this is on another file system. Use a path on the same one.",
}
_MACHINE_PROBLEMS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would grow past what the file system, or `ulimit -f`, allows",
    errno.EIO: "the disk could not be read or written",
    errno.EMFILE: "too many files are open (`ulimit -n`)",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOMEM: "there is not enough memory",
    errno.ESTALE: "the network file system lost the file",
}


def explain_os_error(error: OSError) -> KerasdeepError | None:
    """The error as what a person can mend: an InputError about a path, RunFailed about the machine; else None."""
    where = "" if error.filename is None else display_path(os.fsdecode(error.filename))
    if error.errno in _MACHINE_PROBLEMS:
        return RunFailed(
            f"{where}: {_MACHINE_PROBLEMS[error.errno]}." if where else f"{_MACHINE_PROBLEMS[error.errno]}."
        )
    if where and error.errno in _PATH_PROBLEMS:
        return InputError(_PATH_PROBLEMS[error.errno], "path", SourceLocation(where))
    if error.errno == errno.ENOENT and not _has_working_folder():
        message = "the working folder does not exist any more. Change to one that does (cd), then try again."
        return InputError(message, "path")
    return InputError(f"{error.strerror}.", "path") if error.errno in _PATH_PROBLEMS else None


def explain_write_error(error: OSError, path: Path) -> KerasdeepError:
    """Why `path` could not be written: RunFailed where the machine has no room, else an InputError about it."""
    if error.errno in _MACHINE_PROBLEMS:
        return RunFailed(f"{display_path(path)}: {_MACHINE_PROBLEMS[error.errno]}.")
    where = SourceLocation(display_path(path))
    return InputError(f"cannot be written: {error.strerror or error}.", "unwritable", where)


def os_error_in_words(error: Exception) -> OSError | None:
    """The system's error as TensorFlow passes it on: `model.pb; No space left on device`."""
    where, _, reason = str(error).rpartition("; ")
    codes = {os.strerror(code): code for code in (*_PATH_PROBLEMS, *_MACHINE_PROBLEMS)}
    return OSError(codes[reason], reason, where) if reason in codes else None


def display_path(path: str | Path) -> str:
    """The path as text that every file and screen takes: bytes that are not UTF-8 as `\\udcff`, long ones cut."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 300 else f"{text[:200]}…{text[-60:]}"


def expand_user(path: str | Path) -> Path:
    """The path with `~` replaced; as it is where there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def keras_home() -> Path:
    """Keras's own folder: $KERAS_HOME, or ~/.keras; beside the temporary files where there is no home."""
    if "KERAS_HOME" in os.environ:
        return expand_user(os.environ["KERAS_HOME"])
    home = expand_user("~")
    return (home if os.access(home, os.W_OK) else Path(tempfile.gettempdir())) / ".keras"


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file. Raises OSError, or ValueError for anything else and for a file that is too large."""
    if not path.is_file():  # a pipe would be waited for, a device never ends
        raise ValueError("it is not a regular file" if path.exists() else "it does not exist")
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it is larger than {max_bytes >> 20} MiB")
    return content


def _has_working_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True
