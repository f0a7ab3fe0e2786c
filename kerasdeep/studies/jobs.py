"""How many trials run at once, by a rule from cores, cards and memory, never a stopwatch. It moves no bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kerasdeep.backends.system import usable_cores
from kerasdeep.data.hardware import available_memory_bytes, gpu_numbers
from kerasdeep.studies.trial import Trial

PROCESS_BYTES = 1 << 30
"""What a process takes with TensorFlow or JAX and nothing to train."""
AMPLE_BYTES = 4 << 30
"""A process that may take so much, and ten times the data's file, is not planned before it starts."""


def auto_jobs(trials: Sequence[Trial], planned_bytes: Callable[[Trial], int]) -> int:
    """One trial a card where there are cards, else as many as the cores have threads for; as far as memory goes.

    `planned_bytes` asks the plan of a trial for its memory; it is asked for each variant, where memory may be short.
    """
    runtimes = [trial.loaded.config.runtime for trial in trials]
    if gpu_numbers() and any(runtime.device != "cpu" for runtime in runtimes):
        return min(len(gpu_numbers()), len(trials))
    cores = usable_cores()
    threads = max(cores if runtime.threads == "auto" else int(runtime.threads) for runtime in runtimes)
    jobs = min(max(1, cores // threads), len(trials))
    available = available_memory_bytes()
    if available is None or jobs == 1:
        return jobs
    source_bytes = max(_source_bytes(Path(source)) for source in {trial.loaded.config.data.source for trial in trials})
    if jobs * (AMPLE_BYTES + 10 * source_bytes) <= available:
        return jobs
    by_variant = {trial.variant: trial for trial in trials}
    needed = PROCESS_BYTES + max(map(planned_bytes, by_variant.values()))
    return max(1, min(jobs, available // needed))


def _source_bytes(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else 0
