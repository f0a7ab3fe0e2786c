"""An epoch of training: kerasdeep's engine beside `model.fit`, a loop fused by hand, and PyTorch.

    python benchmarks/engine.py [--net dense|regularized|cnn] [--backend tensorflow|jax] [--rounds 5]

Without options every net on every installed backend, each in a process of its own. All ways train the same network
on the same rows, one epoch a round, turn by turn, after a first epoch that compiles and is not counted. The table
has the median seconds of an epoch and how many times kerasdeep is as fast. Rows are made up: the arithmetic does
not depend on them.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

NETS = {"dense": (55_000, (784,), 32), "regularized": (55_000, (784,), 32), "cnn": (10_000, (32, 32, 3), 64)}
"""Rows, shape of a row, batch size."""
MIN_SPEEDUP = {
    ("dense", "tensorflow"): {"fit": 4.0, "fused by hand": 0.8},
    ("regularized", "tensorflow"): {"fit": 3.0, "fused by hand": 0.8},
    ("cnn", "tensorflow"): {"fit": 1.0, "fit, tuned": 1.0},
    ("dense", "jax"): {"fit": 1.4},
    ("regularized", "jax"): {"fit": 1.4},
    ("cnn", "jax"): {"fit": 1.0},
}
"""How many times as fast as each way kerasdeep is to be."""

RunEpoch = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", choices=NETS)
    parser.add_argument("--backend", choices=["tensorflow", "jax"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--torch", action="store_true", help="one epoch of PyTorch for each line of standard input")
    arguments = parser.parse_args()
    if arguments.torch:
        return _serve_torch(arguments.net)
    if arguments.net and arguments.backend:
        sys.exit(measure(arguments.net, arguments.backend, arguments.rounds))
    backends = [arguments.backend] if arguments.backend else [b for b in ("tensorflow", "jax") if _is_installed(b)]
    missed = 0
    for backend in backends:
        for net in [arguments.net] if arguments.net else NETS:
            command = [sys.executable, __file__, "--net", net, "--backend", backend, "--rounds", str(arguments.rounds)]
            missed += subprocess.run(command, check=False).returncode
    sys.exit(min(missed, 1))


def measure(net: str, backend: str, rounds: int) -> int:
    """Prints a row for each way; 1 where kerasdeep is not as much faster as is needed."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    (rows, _, batch), (x, y) = NETS[net], _make_rows(net)
    ways = {"kerasdeep": _kerasdeep(net, x, y, batch, backend), "fit": _fit(net, x, y, batch)}
    if backend == "tensorflow":
        ways |= {"fit, tuned": _tuned_fit(net, x, y, batch), "fused by hand": _fused_tensorflow(net, x, y, batch)}
        if _is_installed("torch"):
            ways["PyTorch by hand"] = _torch_subprocess(net)
    elif net != "cnn":  # XLA's convolutions are slow in a loop on a CPU: no limit to compare with
        ways["fused by hand"] = _fused_jax(net, x, y, batch)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_index in range(rounds + 1):
        for name, epoch in ways.items():
            start = time.perf_counter()
            epoch()
            if round_index:
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ratios = {name: median / medians["kerasdeep"] for name, median in medians.items()}
    min_speedup = MIN_SPEEDUP[net, backend]
    print(f"\n{net}, {backend}: {rows:,} rows, batch {batch}, median of {rounds} epochs\n")
    print("| way | s an epoch | ÷ kerasdeep | needed |\n|---|---|---|---|")
    for name, median in medians.items():
        required = f"≥ {min_speedup[name]:g}" if name in min_speedup else ""
        print(f"| {name} | {median:.3f} | {ratios[name]:.2f} | {required} |", flush=True)
    return int(any(ratios[name] < minimum for name, minimum in min_speedup.items()))


def _make_rows(net: str) -> tuple[np.ndarray, np.ndarray]:
    rows, shape, _ = NETS[net]
    rng = np.random.default_rng(0)
    return rng.random((rows, *shape), np.float32), rng.integers(0, 10, rows).astype(np.int32)


def make_model(net: str, **compile_options: object):
    """A fresh network, compiled."""
    import keras

    layers, clip = keras.layers, {"clipnorm": 1.0}
    keras.utils.set_random_seed(0)
    if net == "dense":
        hidden_layers = [layers.Dense(300, "relu"), layers.Dense(100, "relu")]
        optimizer = keras.optimizers.SGD(0.01)
    elif net == "regularized":
        hidden_layers = []
        for _ in range(3):
            dense = layers.Dense(
                100,
                use_bias=False,
                kernel_regularizer=keras.regularizers.L2(1e-4),
                kernel_constraint=keras.constraints.MaxNorm(1.0),
            )
            hidden_layers += [dense, layers.BatchNormalization(), layers.Activation("swish"), layers.Dropout(0.2)]
        optimizer = keras.optimizers.Nadam(1e-3, **clip)
    else:
        hidden_layers = []
        for filters in (32, 64, 64):
            hidden_layers += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
        hidden_layers.append(layers.Flatten())
        optimizer = keras.optimizers.Adam(1e-3)
    model = keras.Sequential([keras.Input(NETS[net][1]), *hidden_layers, layers.Dense(10, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **compile_options)
    return model


def _kerasdeep(net: str, x: np.ndarray, y: np.ndarray, batch: int, backend: str) -> RunEpoch:
    from kerasdeep.backends import runtime
    from kerasdeep.config.sections.runtime import RuntimeConfig
    from kerasdeep.engine import compile_policy
    from kerasdeep.engine.engine import Engine

    runtime.prepare(RuntimeConfig(backend=backend), 0)
    model = make_model(net)
    choice = compile_policy.choose(model, "auto", device="cpu", steps=10**6, backend=backend)
    engine = Engine(model, batch, seed=0, xla=choice.xla)
    data = engine.to_device(x, y)
    epoch_numbers = iter(range(10**6))

    def epoch() -> None:
        running = engine.train(data, next(epoch_numbers))
        while not running.done:
            running.run()
        engine.metrics()

    return epoch


def _fit(net: str, x: np.ndarray, y: np.ndarray, batch: int) -> RunEpoch:
    model = make_model(net)
    return lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0)


def _tuned_fit(net: str, x: np.ndarray, y: np.ndarray, batch: int) -> RunEpoch:
    """What Keras's guides advise: many steps in one execution, XLA (not for convolutions), a cached pipeline."""
    import tensorflow as tf

    model = make_model(net, steps_per_execution=100, jit_compile=net != "cnn")
    rows = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(10_000)
    data = rows.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    return lambda: model.fit(data, epochs=1, verbose=0)


def _fused_tensorflow(net: str, x: np.ndarray, y: np.ndarray, batch: int) -> RunEpoch:
    """The limit: one compiled call an epoch that does nothing but Keras's training steps."""
    import tensorflow as tf

    model = make_model(net)
    data, targets, steps = tf.constant(x), tf.constant(y), len(x) // batch
    model._symbolic_build(data_batch=(data[:batch], targets[:batch]))

    @tf.function(jit_compile=net != "cnn", autograph=False)
    def run_epoch(order: tf.Tensor) -> tf.Tensor:
        def step(position: tf.Tensor) -> tf.Tensor:
            rows = tf.slice(order, [position * batch], [batch])
            model.train_step((tf.gather(data, rows), tf.gather(targets, rows)))
            return position + 1

        return tf.while_loop(lambda position: position < steps, step, [tf.constant(0)])

    rng = np.random.default_rng(0)
    return lambda: run_epoch(tf.constant(rng.permutation(len(x)).astype(np.int32)))[0].numpy()


def _fused_jax(net: str, x: np.ndarray, y: np.ndarray, batch: int) -> RunEpoch:
    import jax
    import jax.numpy as jnp

    model, steps = make_model(net), len(x) // batch
    data, targets = jnp.asarray(x), jnp.asarray(y)
    model._symbolic_build(data_batch=(data[:batch], targets[:batch]))
    state = model._get_jax_state(
        trainable_variables=True, non_trainable_variables=True, optimizer_variables=True, metrics_variables=True
    )

    @jax.jit
    def run_epoch(state: tuple, order: jax.Array) -> tuple:
        def step(state: tuple, rows: jax.Array) -> tuple:
            _, state = model.train_step(state, (data[rows], targets[rows]))
            return state, None

        return jax.lax.scan(step, state, order[: steps * batch].reshape(steps, batch))[0]

    rng, state_box = np.random.default_rng(0), [state]

    def epoch() -> None:
        state_box[0] = jax.block_until_ready(run_epoch(state_box[0], jnp.asarray(rng.permutation(len(x)))))

    return epoch


def _torch_subprocess(net: str) -> RunEpoch:
    """PyTorch's turns in a process of its own: imported behind TensorFlow, it crashes."""
    command = [sys.executable, __file__, "--net", net, "--torch"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def epoch() -> None:
        child.stdin.write("\n")
        child.stdin.flush()
        if not child.stdout.readline():
            raise RuntimeError("the process with PyTorch has ended")

    return epoch


def _serve_torch(net: str) -> None:
    epoch = _torch(net, *_make_rows(net), NETS[net][2])
    for _ in sys.stdin:
        epoch()
        print(flush=True)


def _torch(net: str, x: np.ndarray, y: np.ndarray, batch: int) -> RunEpoch:
    """A plain loop as its users write it; the regularized net has no Nadam with clipping and max-norm built in."""
    import torch
    from torch import nn

    if net == "dense":
        model = nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
    elif net == "regularized":
        sizes = [784, 100, 100, 100]
        body = []
        for in_features, out_features in itertools.pairwise(sizes):
            body += [
                nn.Linear(in_features, out_features, bias=False),
                nn.BatchNorm1d(out_features),
                nn.SiLU(),
                nn.Dropout(0.2),
            ]
        model = nn.Sequential(*body, nn.Linear(100, 10))
        optimizer = torch.optim.NAdam(model.parameters(), 1e-3, weight_decay=1e-4)
    else:
        body, in_features = [], 3
        for filters in (32, 64, 64):
            body += [nn.Conv2d(in_features, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            in_features = filters
        model = nn.Sequential(*body, nn.Flatten(), nn.Linear(64 * 4 * 4, 10))
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        x = x.transpose(0, 3, 1, 2).copy()
    data, targets, loss_fn = torch.from_numpy(x), torch.from_numpy(y).long(), nn.CrossEntropyLoss()

    def epoch() -> None:
        order = torch.randperm(len(data))
        for start in range(0, len(data), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss_fn(model(data[rows]), targets[rows]).backward()
            if net == "regularized":
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

    return epoch


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


if __name__ == "__main__":
    main()
