"""Several processes that train one run together, on JAX: one writes files, and all share its decisions.

The processes run the same program on the same data, and their devices wait for each other in every step. Whatever
depends on a clock or a signal, such as the length of a chunk or Ctrl-C, must therefore be the same in all of them.
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
    """The `value` of the first process, in every process."""
    multihost = current_backend().multihost_utils()
    return int(multihost.broadcast_one_to_all(np.int32(value))) if multihost else value


def any_process(flag: bool) -> bool:
    """Whether `flag` is true in any process."""
    multihost = current_backend().multihost_utils()
    return bool(multihost.process_allgather(np.asarray(flag)).any()) if multihost else flag


@contextmanager
def primary_run_dir(
    machine: RuntimeContext, out: str | Path, resume: RunDir | None
) -> Iterator[tuple[str | Path, RunDir | None]]:
    """Where this process writes, and which run it resumes.

    The first process uses what it is given. The others write into a temporary folder, and resume a copy of the run
    that is taken before the first one writes to it; so all of them must be able to read its folder.

    Args:
        machine: What `runtime.prepare` returned.
        out: The folder for run directories.
        resume: The run to resume, if any.

    Yields:
        `out` and `resume` for this process.
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
