"""How much faster a frozen stage trains on cached features: the MNIST ladder's head on five frozen layers.

Run with `python benchmarks/cached_features.py MNIST.npz`. Both ways train in turns in one process.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from kerasdeep import training
from kerasdeep.config import load_config

CONFIG = """
data: {source: %s, classes: [5, 6, 7, 8, 9], validation: 2000, scaling: unit}
network: {layers: [Flatten, Repeat: {times: 5, layers: [Dense: 100]}, Output]}
activation: elu
training: {epochs: 6, batch_size: 20}
report: {tensorboard: false}
stages: [{name: head, train: head, cache_features: %s}]
"""


def main() -> None:
    source, seconds = Path(sys.argv[1]).resolve(), {"false": [], "true": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ladder.yaml"
        for _ in range(2):
            for cached, times in seconds.items():
                path.write_text(CONFIG % (source, cached))
                run = training.train(load_config(path), Path(folder) / "runs", progress="quiet")
                times += [row["seconds"] for row in run.history.rows()[1:]]
    plain, cached = (statistics.median(times) for times in seconds.values())
    print(f"median epoch: {plain:.3f} s, on cached features {cached:.3f} s: {plain / cached:.2f} times as fast")


if __name__ == "__main__":
    main()
