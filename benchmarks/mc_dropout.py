"""Monte Carlo dropout in one compiled call against calling `model.predict` once for each copy.

    python benchmarks/mc_dropout.py [ROWS [SAMPLES]]

The nets are chapter 11's 300-100 on 28 × 28 pictures, with dropout behind both hidden layers, and on the pictures
themselves too, which is the most that there is to draw. `predict` is timed on one call and multiplied, since its
calls are alike. Of each the least time counts, taken in turns, since other jobs only ever add to it. It ends
with 1 where one call is not ten times as fast as `predict` at its default batch size, or slower than `predict` at
batch size 1,000.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import numpy as np

from kerasdeep.backends import runtime
from kerasdeep.config.sections.runtime import RuntimeConfig

ROUNDS = 4
MIN_SPEEDUP = {32: 10, 1000: 1}


def min_seconds(calls: dict[str | int, Callable[[], object]]) -> dict[str | int, float]:
    """The least of ROUNDS times of each call, in seconds."""
    seconds = dict.fromkeys(calls, math.inf)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def make_model(on_input: bool) -> object:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            *([layers.Dropout(0.2)] if on_input else []),
            layers.Dense(300, "relu"),
            layers.Dropout(0.2),
            layers.Dense(100, "relu"),
            layers.Dropout(0.2),
            layers.Dense(10, "softmax"),
        ]
    )


def main(rows: int = 10_000, samples: int = 100) -> int:
    runtime.prepare(RuntimeConfig(), 0)
    from kerasdeep.inference import mc_dropout

    x = np.random.default_rng(0).random((rows, 28, 28), np.float32)
    failed = False
    for on_input in (False, True):
        model = make_model(on_input)
        calls: dict[str | int, Callable[[], object]] = {
            "ours": lambda model=model: mc_dropout.sample_outputs(model, x, samples, 0)
        }
        for batch in MIN_SPEEDUP:
            model.predict(x, batch_size=batch, verbose=0)  # traces
            calls[batch] = lambda model=model, batch=batch: model.predict(x, batch_size=batch, verbose=0)
        seconds = min_seconds(calls)
        print("with dropout on the input too:" if on_input else "dropout behind the hidden layers:")
        print(f"  {samples} copies of {rows:,} rows in one call, tracing included: {seconds['ours']:.1f} s")
        for batch, min_ratio in MIN_SPEEDUP.items():
            ratio = samples * seconds[batch] / seconds["ours"]
            print(f"  {samples} calls of predict at batch size {batch}: {ratio:.1f} times as long")
            failed |= ratio < min_ratio
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
