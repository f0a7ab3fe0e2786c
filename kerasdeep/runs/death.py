"""Processes that died without a word: what native code leaves behind, and what can be said of it afterwards."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from kerasdeep.paths import read_bytes

MAX_LOG_BYTES = 1 << 20


@contextlib.contextmanager
def record_crash(log: Path) -> Iterator[None]:
    """While the block lasts, a crash in native code leaves its signal and Python's stack in the file `log`."""
    try:
        file = log.open("w", encoding="utf-8")
    except OSError:  # whatever is wrong with the folder, the run will say it better
        yield
        return
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()
        if was_enabled:
            with contextlib.suppress(Exception):  # standard error may have no descriptor
                faulthandler.enable(sys.__stderr__ or 2)
        file.close()
        with contextlib.suppress(OSError):
            log.unlink(missing_ok=True)


def describe(run: Path, log: Path) -> str:
    """When the process of the run died, and what usually causes it."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(_last_sign_of_life(run)))
    crash = ""
    with contextlib.suppress(OSError, ValueError):
        crash = (
            read_bytes(log, MAX_LOG_BYTES)
            .decode("utf-8", "replace")
            .partition("\n")[0]
            .removeprefix("Fatal Python error: ")
        )
    if crash:
        cause = (
            f"crashed in native code ({crash[:80]}): usually a bug of TensorFlow, JAX or a driver; where, {log} says. "
            "On a CPU with TensorFlow, TF_ENABLE_ONEDNN_OPTS=0 in the environment, or --backend jax, often avoids it"
        )
    else:
        cause = (
            "died without a word: usually the system ended it for want of memory (then a smaller training.batch_size "
            "helps), a time limit did, someone killed it, or the machine went down"
        )
    return f"Its process {cause}. The last sign of life is of {moment}."


def _last_sign_of_life(run: Path) -> float:
    """When a file of the run was last written, in seconds since 1970."""
    times = [0.0]
    for path in (
        run / "result.json",
        run / "history.csv",
        run / "crash.txt",
        *run.glob("checkpoints/*"),
        *run.glob("logs/*"),
    ):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)
