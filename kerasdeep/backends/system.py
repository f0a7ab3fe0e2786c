"""What the backends need of the system: usable cores, installed versions, a quick and silent start of a library."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.metadata
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.errors import InputError


def installed_version(package: str) -> str | None:
    """The package's version, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        # TensorFlow also comes in wheels of other names.
        return installed_version("tensorflow-cpu") if package == "tensorflow" else None


def python_command(*arguments: str) -> list[str]:
    """This Python with `-m` or `-c`, which looks for modules where this process does.

    By itself it would look in the working directory first, where a folder from elsewhere may have a `yaml.py`.
    """
    with contextlib.suppress(FileNotFoundError):  # the working directory is gone
        if {"", str(Path.cwd())} & set(sys.path):
            return [sys.executable, *arguments]
    return [sys.executable, "-P", *arguments]


def usable_core_numbers() -> list[int]:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """How many cores this process may use: its affinity, cut by a container's CPU quota."""
    cores = len(usable_core_numbers())
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


@contextlib.contextmanager
def gc_frozen_import(library: str) -> Iterator[None]:
    """Leave what the import of `library` makes alone when garbage is collected.

    TensorFlow and Keras make hundreds of thousands of objects that live as long as the process. Looking through
    them again and again costs 0.9 s of their import, and once more 1.3 s when the process ends. Only the first
    import does that: later, models that nobody needs any more would be kept for ever.
    """
    if library in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


@contextlib.contextmanager
def not_importable(*libraries: str) -> Iterator[None]:
    """Inside, libraries that are not imported yet look as if they were not installed.

    For those that another library imports only to offer something that nobody uses here.
    """
    hidden = [library for library in libraries if library not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None means: not importable
    try:
        yield
    finally:
        for library in hidden:
            del sys.modules[library]


@contextlib.contextmanager
def suppress_startup_output() -> Iterator[None]:
    """Keep what libraries print while they start off the screen and out of `--json`; show it only if they fail.

    TensorFlow's C++ side writes to file descriptor 2 before any log level is read, Gloo to 1.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved_descriptors: dict[int, int] = {}
    for stream in (1, 2):
        with contextlib.suppress(OSError):  # closed: nothing to keep clean
            saved_descriptors[stream] = os.dup(stream)
    with _scratch_file() as noise:
        for stream in saved_descriptors:
            os.dup2(noise.fileno(), stream)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            with contextlib.suppress(TypeError, OSError):  # Windows has no handle on all of the process's libraries
                ctypes.CDLL(None).fflush(None)  # what C++ has not written yet, where the screen is a pipe
            for stream, saved in saved_descriptors.items():
                os.dup2(saved, stream)
                os.close(saved)
            if failed and 2 in saved_descriptors:
                noise.seek(0)
                os.write(2, noise.read())


def _scratch_file() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no folder for temporary files: the output is lost, the work is done
        return Path(os.devnull).open("w+b")


def refuse(section: RuntimeConfig, key: str, message: str) -> NoReturn:
    """Raise InputError about the setting `runtime.<key>`."""
    raise InputError(message, key, section.location(key))
