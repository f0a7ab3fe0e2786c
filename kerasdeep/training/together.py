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
from typing import Any

import keras
import numpy as np

from kerasdeep.run_dir import RunDir
from kerasdeep.runtime import Runtime


def first_says(number: int) -> int:
    """The first process's number, in every process."""
    several = _several()
    return int(several.broadcast_one_to_all(np.int32(number))) if several else number


def anyone(wish: bool) -> bool:
    """Whether any process wishes it."""
    several = _several()
    return bool(several.process_allgather(np.asarray(wish)).any()) if several else wish


@contextmanager
def writing(
    machine: Runtime, out: str | Path, resume: RunDir | None
) -> Iterator[tuple[str | Path, RunDir | None]]:
    """Where this process writes and what it resumes: the first as was asked, the others in a folder that vanishes.

    The others read a copy of the run that is resumed, taken before the first writes to it: they must see its
    folder.
    """
    if machine.processes == 1:
        yield out, resume
        return
    with tempfile.TemporaryDirectory(prefix="kerasdeep-") as aside:
        if not machine.first:
            out = aside
            if resume is not None:
                copy = Path(aside) / resume.path.name
                shutil.copytree(resume.path, copy, ignore=shutil.ignore_patterns(".*"))
                resume = RunDir(copy)
        _several().sync_global_devices("begin")
        yield out, resume


def _several() -> Any:
    """JAX's way for processes to talk, or None where there is only one."""
    if keras.config.backend() != "jax":
        return None
    import jax

    if jax.process_count() == 1:
        return None
    from jax.experimental import multihost_utils

    return multihost_utils
