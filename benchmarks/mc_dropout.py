"""Monte Carlo dropout in one compiled call against calling `model.predict` once for each copy.

    python benchmarks/mc_dropout.py [ROWS [SAMPLES]]

The net is chapter 11's 300-100 on 28 × 28 pictures, with dropout behind both hidden layers. `predict` is timed on
one call and multiplied, since its calls are alike. The script ends with 1 where one call is not ten times as fast
as `predict` at its default batch size, or slower than `predict` at batch size 1,000.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from kerasdeep import runtime
from kerasdeep.spec.runtime import Runtime

ROUNDS = 3
NEEDED = {32: 10, 1000: 1}


def seconds(call: Callable[[], object]) -> float:
    """The least of ROUNDS times: other jobs on the machine only ever add to it."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def main(rows: int = 10_000, samples: int = 100) -> int:
    runtime.prepare(Runtime(), 0)
    import keras
    from keras import layers

    from kerasdeep.inference import monte_carlo

    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(300, "relu"),
            layers.Dropout(0.2),
            layers.Dense(100, "relu"),
            layers.Dropout(0.2),
            layers.Dense(10, "softmax"),
        ]
    )
    x = np.random.default_rng(0).random((rows, 28, 28), np.float32)
    ours = seconds(lambda: monte_carlo.sample(model, x, samples, 0))
    print(f"{samples} copies of {rows:,} rows in one compiled call, tracing included: {ours:.1f} s")
    failed = False
    for batch, least in NEEDED.items():
        model.predict(x, batch_size=batch, verbose=0)
        theirs = samples * seconds(lambda batch=batch: model.predict(x, batch_size=batch, verbose=0))
        print(
            f"{samples} calls of predict at batch size {batch}: {theirs:.1f} s, {theirs / ours:.1f} times as long"
        )
        failed |= theirs < least * ours
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
