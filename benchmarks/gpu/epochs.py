"""Epochs of a Keras net: kerasdeep's engine beside `fit`, and `fit` with many steps an execution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gpu import rows
from benchmarks.gpu.record import Options, Record

STEPS_PER_EXECUTION = (10, 100)
WIDE_UNITS, WIDE_ROWS = 8192, 65_536


def dense(options: Options, record: Record) -> None:
    keras = _prepare(options)
    x, y = rows.batches("fashion", options, 55_000)

    def make() -> Any:
        hidden = [keras.layers.Dense(units, "relu") for units in (300, 100)]
        return keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, "softmax")])

    _compare("batch 32", make, lambda: keras.optimizers.SGD(0.01), (x, y, 32), options, record)


def cnn(options: Options, record: Record) -> None:
    keras = _prepare(options)
    x, y = rows.batches("cifar", options, 50_000)

    def make() -> Any:
        layers = keras.layers
        body = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()]
        body += [
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
        ]
        body += [layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]
        return keras.Sequential([keras.Input((32, 32, 3)), *body])

    for batch in (64, 512):
        data = (x, y, min(batch, len(x)))
        _compare(f"batch {batch}", make, lambda: keras.optimizers.Adam(1e-3), data, options, record)


def wide(options: Options, record: Record) -> None:
    """Kept beside the seconds: the arithmetic of an epoch over them. `loops.wide` has the card's own pace."""
    keras = _prepare(options, "mixed_bfloat16")
    x, y, batch = wide_data(options)
    hidden = [keras.layers.Dense(wide_units(options), "relu") for _ in range(4)]
    model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, "softmax", dtype="float32")])
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    record.measure(f"batch {batch}", "kerasdeep", _engine(model, x, y, batch), options.rounds)


def wide_units(options: Options) -> int:
    return 64 if options.quick else WIDE_UNITS


def wide_data(options: Options) -> tuple[np.ndarray, np.ndarray, int]:
    count = options.row_count(WIDE_ROWS)
    x = np.random.default_rng(0).random((count, 784), np.float32)
    return x, (np.arange(count) % 10).astype(np.int32), min(8192, count)


def _prepare(options: Options, precision: str = "float32") -> Any:
    from kerasdeep.backends import runtime
    from kerasdeep.config.sections.runtime import RuntimeConfig

    runtime.prepare(RuntimeConfig(backend="jax", device=options.device, precision=precision), 0)
    import keras

    return keras


def _compare(
    case: str,
    make: Callable[[], Any],
    optimizer: Callable[[], Any],
    data: tuple[np.ndarray, np.ndarray, int],
    options: Options,
    record: Record,
) -> None:
    x, y, batch = data

    def compiled(**settings: Any) -> Any:
        model = make()
        model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
        return model

    def fit(**settings: Any) -> Callable[[], object]:
        model = compiled(**settings)
        return lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0)

    record.measure(case, "kerasdeep", _engine(compiled(), x, y, batch), options.rounds + 2)
    record.measure(case, "Keras fit", fit(), min(2, options.rounds))
    for steps in STEPS_PER_EXECUTION:
        record.measure(case, f"Keras fit, {steps} steps an execution", fit(steps_per_execution=steps), 1)


def _engine(model: Any, x: np.ndarray, y: np.ndarray, batch: int) -> Callable[[], object]:
    from kerasdeep.engine.engine import Engine

    engine = Engine(model, batch, seed=0)
    data, epochs = engine.to_device(x, y), iter(range(10**6))

    def epoch() -> None:
        running = engine.train(data, next(epochs))
        while not running.done:
            running.run()
        engine.metrics()

    return epoch
