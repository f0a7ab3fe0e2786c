"""Whole commands: `kerasdeep train`, validation and report included, beside a Keras script that trains alone.

    python benchmarks/whole_process.py [ROUNDS]

Both run turn by turn as processes of their own, imports included; the median wall times are compared. `fashion`:
ten epochs of 784-300-100-10 with SGD on Fashion-MNIST, downloaded where KERAS_HOME does not hold it. `quickstart`:
the shipped file, and the same net as a script. Ends with 1 where a ratio is missed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FASHION = """\
name: fashion
data: {source: fashion_mnist, validation: {last: 5000}}
network: {layers: [Flatten, {Dense: 300}, {Dense: 100}, Output]}
initializer: glorot_uniform
optimizer: {SGD: {learning_rate: 0.01}}
training: {epochs: 10, batch_size: 32}
"""
FASHION_SCRIPT = """\
import keras
(x, y), _ = keras.datasets.fashion_mnist.load_data()
x, y = x[:55000] / 255.0, y[:55000]
model = keras.Sequential([
    keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(300, "relu"),
    keras.layers.Dense(100, "relu"), keras.layers.Dense(10, "softmax"),
])
model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=10, verbose=0)
"""
QUICKSTART_SCRIPT = """\
import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
x, y = load_digits(return_X_y=True)
x, x_test, y, y_test = train_test_split(x / 16.0, y, test_size=0.2, stratify=y, random_state=0)
x, x_val, y, y_val = train_test_split(x, y, test_size=0.125, stratify=y, random_state=0)
layers = [keras.Input((64,))]
for _ in range(2):
    layers += [
        keras.layers.Dense(200, use_bias=False, kernel_initializer="he_normal"),
        keras.layers.BatchNormalization(), keras.layers.Activation("relu"), keras.layers.Dropout(0.2),
    ]
model = keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])
model.compile(keras.optimizers.Nadam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(patience=8, restore_best_weights=True)
model.fit(x, y, batch_size=32, epochs=20, validation_data=(x_val, y_val), callbacks=[stop], verbose=0)
model.evaluate(x_test, y_test, verbose=0)
"""
MAX_RATIO = {"fashion": 0.6, "quickstart": 1.2}


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    missed = 0
    print("| command | kerasdeep, s | script, s | ratio | needed |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "fashion.yaml"
        config.write_text(FASHION, encoding="utf-8")
        pairs = {"fashion": (str(config), FASHION_SCRIPT), "quickstart": ("quickstart", QUICKSTART_SCRIPT)}
        for name, (experiment, script) in pairs.items():
            train = ["-m", "kerasdeep", "train", experiment, "--out", f"{folder}/runs", "--quiet"]
            seconds: dict[str, list[float]] = {"kerasdeep": [], "script": []}
            for _ in range(rounds):
                seconds["kerasdeep"].append(_time_command(train))
                seconds["script"].append(_time_command(["-c", script]))
            ours, theirs = (statistics.median(times) for times in seconds.values())
            print(f"| {name} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} | ≤ {MAX_RATIO[name]} |", flush=True)
            missed += ours / theirs > MAX_RATIO[name]
    return min(missed, 1)


def _time_command(arguments: list[str]) -> float:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, env=environment, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
