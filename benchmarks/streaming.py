"""Streaming a set four times as large: how much more memory at the peak, how much more time a row.

    python benchmarks/streaming.py [ROWS]

Makes pictures of 28 × 28 up in `.npy` files, ROWS and four times as many, and trains on each for two epochs in a
fresh process, streamed. Memory is the process's largest resident set; time a row that of the second epoch.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CONFIG = """
data: {{source: {source}, stream: {stream}, validation: 0.1}}
network: {{layers: [Flatten, Dense: 300, Dense: 100, Output]}}
training: {{epochs: 2, batch_size: 32}}
report: {{tensorboard: false}}
"""
TRAIN_SCRIPT = """
import json, resource, sys
from kerasdeep import training
from kerasdeep.config import load_config
run = training.train(load_config(sys.argv[1]), sys.argv[2], progress="quiet")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([peak, run.history.rows()[-1]["examples_per_second"]]))
"""
SIDE, BLOCK = 28, 50_000


def write_dataset(folder: Path, rows: int) -> None:
    """Pictures of noise, written in blocks, so that none of them stays in memory."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    shape = (rows, SIDE, SIDE)
    x = np.lib.format.open_memmap(folder / "x_train.npy", "w+", np.uint8, shape)
    for start in range(0, rows, BLOCK):
        x[start : start + BLOCK] = rng.integers(0, 256, (min(BLOCK, rows - start), SIDE, SIDE), np.uint8)
    np.save(folder / "y_train.npy", rng.integers(0, 10, rows))


def measure(folder: Path, source: Path, stream: bool) -> tuple[float, float]:
    """The peak in bytes and the seconds a row."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(source=source, stream=str(stream).lower()))
    command = [sys.executable, "-c", TRAIN_SCRIPT, str(config), str(folder / "runs")]
    completed = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, rows_per_second = json.loads(completed.stdout.splitlines()[-1])
    return peak, 1 / rows_per_second


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        print("| rows | peak | ratio | time a row | ratio |\n|---|---|---|---|---|", flush=True)
        first = None
        for count, stream in ((rows, True), (4 * rows, True), (4 * rows, False)):
            source = folder / str(count)
            if not source.exists():
                write_dataset(source, count)
            peak, seconds = measure(folder, source, stream)
            first = first or (peak, seconds)
            row_text = f"{count:,} {'streamed' if stream else 'in memory'} | {peak / 1e6:,.0f} MB"
            ratios = f"{peak / first[0]:.2f} | {1e6 * seconds:.1f} µs | {seconds / first[1]:.2f}"
            print(f"| {row_text} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
