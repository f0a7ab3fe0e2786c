"""What `training.watch` costs: the same run unwatched, watched as `auto` allows, and read after every epoch.

    python benchmarks/watching.py [--rounds 3] [--epochs 10]

The nets are chapter 11's 784-300-100-10 and the regularized one (three layers with batch norm, Swish, dropout, l2
and max-norm, Nadam with clipping) on made-up rows of Fashion-MNIST's size, batch 32. The ways train in turns in
one process. Two figures: the seconds that the readings took, as a share of the training's in the same run; and
how much longer the median run took as a whole than the unwatched one, which other jobs on the machine blur. Ends
with 1 where the readings take more than a tenth.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from kerasdeep import training
from kerasdeep.spec import load

MOST = 0.10
WAYS = ("null", "auto", "1 epochs")
NETS = {
    "784-300-100-10": """
network: {layers: [Flatten, Dense: 300, Dense: 100, Output]}
optimizer: {SGD: {learning_rate: 0.01}}
""",
    "regularized": """
network: {layers: [Flatten, Dense: 100, Dense: 100, Dense: 100, Output]}
activation: swish
regularization: {batch_norm: before, dropout: 0.2, l2: 1e-4, max_norm: 1.0}
optimizer: {Nadam: {learning_rate: 1e-3, clipnorm: 1.0}}
""",
}
TEXT = """
data: {source: %s, validation: {last: 5000}, scaling: unit}
training: {epochs: %d, batch_size: 32, watch: %s}
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    given = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_rows(folder / "rows.npz")
        for net, text in NETS.items():
            found: dict[str, list[tuple[float, float, int, float]]] = {way: [] for way in WAYS}
            for _ in range(given.rounds):
                for way, runs in found.items():
                    (folder / "net.yaml").write_text(text + TEXT % (folder / "rows.npz", given.epochs, way))
                    runs.append(_train(folder))
            print(f"\n{net}: {given.epochs} epochs, median of {given.rounds} runs\n")
            print("| watch | readings | s training | s reading | share | whole run |\n|---|---|---|---|---|---|")
            unwatched = statistics.median(whole for *_, whole in found["null"])
            for way, runs in found.items():
                trained, spent, readings, whole = (statistics.median(column) for column in zip(*runs, strict=True))
                share = statistics.median(one[1] / one[0] for one in runs)
                figures = f"{trained:.2f} | {spent:.2f} | {share:.1%} | {whole / unwatched - 1:+.1%}"
                print(f"| {way} | {readings:g} | {figures} |", flush=True)
                missed |= share > MOST
    return int(missed)


def _train(folder: Path) -> tuple[float, float, int, float]:
    """Seconds of training, seconds of reading, how many readings, seconds of the whole run."""
    start = time.perf_counter()
    run = training.train(load(folder / "net.yaml"), folder / "runs", progress="quiet")
    whole = time.perf_counter() - start
    readings = (run.read_fact("health") or {}).get("readings", [])
    trained = sum(row["seconds"] for row in run.history.rows())
    return trained, sum(reading["seconds"] for reading in readings), len(readings), whole


def _write_rows(path: Path) -> None:
    random = np.random.default_rng(0)
    parts = {"train": 60_000, "test": 1_000}
    arrays = {f"x_{part}": random.integers(0, 256, (rows, 28, 28), np.uint8) for part, rows in parts.items()}
    labels = {f"y_{part}": random.integers(0, 10, rows) for part, rows in parts.items()}
    np.savez(path, **arrays, **labels)


if __name__ == "__main__":
    sys.exit(main())
