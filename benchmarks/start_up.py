"""The quickstart as a whole command on TensorFlow and on JAX, without and with compiled programs in the user's cache.

    python benchmarks/start_up.py [ROUNDS]

Processes in turns; medians of wall and CPU seconds, ratios to TensorFlow's. JAX is wanted at 1.5 at most, cold.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(backend: str, folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one command."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "kerasdeep", "train", "quickstart", "--backend", backend, "--quiet"]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--out", str(folder / "runs")], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def main() -> int:
    """Prints the table and returns the exit code."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds: dict[str, list[tuple[float, float]]] = {"tensorflow": [], "jax, cold": [], "jax, warm": []}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(rounds):
            shutil.rmtree(Path(name, "cache"), ignore_errors=True)
            for row, measured in seconds.items():
                measured.append(run(row.partition(",")[0], Path(name)))
    medians = {
        row: [statistics.median(column) for column in zip(*found, strict=True)] for row, found in seconds.items()
    }
    print("| quickstart | wall, s | CPU, s | wall, times TensorFlow's |\n|---|---|---|---|")
    for row, (wall, cpu) in medians.items():
        print(f"| {row} | {wall:.1f} | {cpu:.1f} | {wall / medians['tensorflow'][0]:.2f} |")
    return 1 if medians["jax, cold"][0] > 1.5 * medians["tensorflow"][0] else 0


if __name__ == "__main__":
    sys.exit(main())
