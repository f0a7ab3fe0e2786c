"""Several processes that train one run together, on JAX: one writes, and what each decides alone is agreed on.

The processes run the same program on the same data, and their devices wait for each other in every step. Whatever
depends on a clock or a signal, as the length of a chunk or Ctrl-C, must therefore be the same in all of them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from kerasdeep.backends import current_backend
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.runs import RunDir


def broadcast_from_primary(value: int) -> int:
    """The first process's number, in every process."""
    multihost = current_backend().multihost_utils()
    return int(multihost.broadcast_one_to_all(np.int32(value))) if multihost else value


def any_process(flag: bool) -> bool:
    """Whether any process wishes it."""
    multihost = current_backend().multihost_utils()
    return bool(multihost.process_allgather(np.asarray(flag)).any()) if multihost else flag


@contextmanager
def primary_run_dir(
    machine: RuntimeContext, out: str | Path, resume: RunDir | None
) -> Iterator[tuple[str | Path, RunDir | None]]:
    """Where this process writes and what it resumes: the first as was asked, the others in a folder that vanishes.

    The others read a copy of the run that is resumed, taken before the first writes to it: they must see its
    folder.
    """
    if machine.processes == 1:
        yield out, resume
        return
    with tempfile.TemporaryDirectory(prefix="kerasdeep-") as scratch_folder:
        if not machine.is_primary:
            out = scratch_folder
            if resume is not None:
                copy = Path(scratch_folder) / resume.path.name
                shutil.copytree(resume.path, copy, ignore=shutil.ignore_patterns(".*"))
                resume = RunDir(copy)
        multihost_utils = current_backend().multihost_utils()
        assert multihost_utils is not None  # only a backend that has them runs in several processes
        multihost_utils.sync_global_devices("begin")
        yield out, resume
