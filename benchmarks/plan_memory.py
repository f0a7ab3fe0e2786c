"""`plan`'s memory estimate against what `train` really takes, on nets of a gigabyte and more.

    python benchmarks/plan_memory.py [NAME ...]

Each net is planned and trained in processes of their own. Measured is the largest resident set (VmHWM) while it
trains, minus the largest one before: Keras and everything else imported and started, no data read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

RNG = np.random.default_rng(0)


def wide_dense(folder: Path) -> str:
    """Two wide Dense layers with Adam: parameters, moments, gradients and their copies."""
    np.savez(folder / "rows.npz", x=RNG.normal(size=(2000, 500)).astype("float32"), y=np.arange(2000) % 10)
    return """
data: {source: rows.npz, validation: 200, scaling: none}
network: [Dense: 8000, Dense: 8000, Output]
optimizer: {Adam: {learning_rate: 1e-4}}
training: {epochs: 1, batch_size: 100}
report: {tensorboard: false}
"""


def conv_images(folder: Path) -> str:
    """Convolutions on a large batch of colour pictures: activations."""
    x = RNG.integers(0, 256, (1000, 64, 64, 3), np.uint8)
    np.savez(folder / "pictures.npz", x=x, y=np.arange(1000) % 10)
    return """
data: {source: pictures.npz, validation: 200}
network:
- Conv2D: {filters: 32, kernel_size: 3, padding: same}
- Conv2D: {filters: 32, kernel_size: 3, padding: same}
- MaxPooling2D: 2
- Conv2D: {filters: 64, kernel_size: 3, padding: same}
- GlobalAveragePooling2D
- Output
optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}
training: {epochs: 1, batch_size: 400}
report: {tensorboard: false}
"""


def many_rows(folder: Path) -> str:
    """Many rows and a small net: the data as read and as placed."""
    x = RNG.integers(0, 256, (150_000, 28, 28), np.uint8)
    np.savez(folder / "many.npz", x=x, y=np.arange(150_000) % 10)
    return """
data: {source: many.npz, validation: 15000, test: 15000}
network: [Flatten, Dense: 64, Output]
training: {epochs: 1, batch_size: 500}
report: {tensorboard: false}
"""


NETS = {function.__name__: function for function in (wide_dense, conv_images, many_rows)}

PLAN_SCRIPT = """
import json, sys
from kerasdeep import training
from kerasdeep.config import load_config
plan = training.plan(load_config(sys.argv[1]))
print(json.dumps({key: plan[key] for key in ("memory_bytes", "memory", "parameters")}))
"""
TRAIN_SCRIPT = """
import json, sys
from kerasdeep import report, training
from kerasdeep.backends import runtime
from kerasdeep.config import load_config
loaded = load_config(sys.argv[1])
runtime.prepare(loaded.config.runtime, loaded.config.seed)
import pandas, sklearn.preprocessing, sklearn.impute
from kerasdeep.training import run
def highest():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = highest()
training.train(loaded, sys.argv[2], progress="quiet")
print(json.dumps({"before": before, "peak": highest() - before}))
"""


def measure(name: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        config = folder / f"{name}.yaml"
        config.write_text(NETS[name](folder))
        plan = _run_script(PLAN_SCRIPT, config)
        training_cost = _run_script(TRAIN_SCRIPT, config, folder / "runs")
    return {**plan, **training_cost}


def _run_script(code: str, *arguments: Path) -> dict[str, float]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main() -> None:
    for name in sys.argv[1:] or NETS:
        result = measure(name)
        ratio = result["memory_bytes"] / result["peak"]
        print(
            f"{name}: estimated {result['memory_bytes'] / 1e9:.2f} GB ({result['memory']['fullest']}), "
            f"measured {result['peak'] / 1e9:.2f} GB, ratio {ratio:.2f}; {result['parameters']:,} parameters, "
            f"imports {result['before'] / 1e6:.0f} MB",
            flush=True,
        )
        print("  " + ", ".join(f"{key} {size / 1e9:.2f}" for key, size in result["memory"]["parts"].items()))
        print("  " + ", ".join(f"{key} {size / 1e9:.2f}" for key, size in result["memory"]["phases"].items()))


if __name__ == "__main__":
    main()
