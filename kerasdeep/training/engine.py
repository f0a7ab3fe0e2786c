"""The engine: many of Keras's own training steps inside one compiled call.

`model.fit` returns to Python after every batch, which for small nets costs several times the arithmetic. Here the
data lie on the device and one call runs a chunk of steps; each step is `model.train_step`, so metrics, penalties,
constraints, clipping, batch normalization and dropout stay Keras's. Results do not depend on how an epoch is cut
into chunks, and the order of the rows is a pure function of seed and epoch: Keras's own shuffle repeats itself on
TensorFlow (tensorflow#35682).
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasdeep.build.batches import evaluation_batch, permutation
from kerasdeep.training import streaming, together
from kerasdeep.training.streaming import Passing, Whole

CHUNK_SECONDS = 0.5  # Ctrl-C and checkpoints act at a chunk's end


class Engine:
    """Trains, evaluates and predicts with a compiled model, in chunks of steps.

    One engine serves one compilation of the model: a stage that recompiles makes a new one. `place` puts data on
    the device once; what it returns outlives the engine.
    """

    def __init__(
        self,
        model: keras.Model,
        batch_size: int,
        *,
        seed: int,
        xla: bool = False,
        shuffle: bool = True,
        chunk: str | int = "auto",
        evaluation_rows: int | None = None,
    ) -> None:
        self.model = model
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.evaluation_batch = evaluation_rows or evaluation_batch(model)
        self.training_pace = Pace(chunk)
        self.evaluation_pace = Pace(chunk)
        self.steps = _backend().Steps(model, batch_size, self.evaluation_batch, xla)

    def place(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Data on the device, as (x, y) or (x, y, sample_weight); each an array or a dict of arrays.

        Streamed rows stay where they are: every pass over them places chunks.
        """
        data = (x, y) if sample_weight is None else (x, y, sample_weight)
        return data if streaming.is_streamed(data) else self.steps.place(data)

    def build(self, data: Any) -> None:
        """Create every variable that a step would create, so that a checkpoint can be put into them."""
        self.steps.build(data)

    @staticmethod
    def rows(data: Any) -> int:
        return int(keras.tree.flatten(data)[0].shape[0])

    def steps_per_epoch(self, data: Any) -> int:
        return math.ceil(self.rows(data) / self.batch_size)

    def metrics(self) -> dict[str, float]:
        """What the model's metrics say now; a metric with several numbers gets one name for each."""
        found: dict[str, float] = {}
        for name, value in self.model.get_metrics_result().items():
            value = keras.ops.convert_to_numpy(value)
            for place, number in enumerate(value.ravel()):
                found[f"{name}_{place}" if value.ndim else name] = shortest(number)
        return found

    def train(self, data: Any, epoch: int, first: int = 0) -> EpochInProgress:
        """Epoch `epoch` from its step `first` on; metrics start anew unless the epoch is continued."""
        if first == 0:
            self.model.reset_metrics()
        rows = self.rows(data)
        order = permutation(self.seed, epoch, rows) if self.shuffle else np.arange(rows, dtype=np.int32)
        return EpochInProgress(self, self._passing(data, order, self.batch_size, first), first)

    def evaluate(self, data: Any, stop: Callable[[], bool] = lambda: False) -> dict[str, float] | None:
        """Keras's metrics over all rows; None when `stop` asked to leave. Uses the model's metric variables."""
        self.model.reset_metrics()
        passing, step = self._in_order(data), 0
        total = passing.steps
        while step < total:
            chunk = passing.at(step)
            count = together.first_says(self.evaluation_pace.next(chunk.end - step))
            with self.evaluation_pace.timing(count):
                self.steps.evaluate(chunk.data, step - chunk.first, count)
            step += count
            if step < total and stop():
                return None
        return self.metrics()

    def predict(self, x: Any) -> Any:
        """The model's outputs for all rows of `x`, as NumPy arrays in the shape of the model's output."""
        passing, parts = self._in_order(x if streaming.is_streamed(x) else self.steps.place(x)), []
        for step in range(passing.steps):
            chunk = passing.at(step)
            parts.append(self.steps.predict(chunk.data, step - chunk.first))
        return keras.tree.map_structure(lambda *pieces: np.concatenate(pieces), *parts)

    def _in_order(self, data: Any) -> Whole | Passing:
        """`data` in evaluation batches."""
        if streaming.is_streamed(data):
            return self._passing(data, np.arange(self.rows(data)), self.evaluation_batch)
        return Whole(data, None, math.ceil(self.rows(data) / self.evaluation_batch))

    def _passing(self, data: Any, order: np.ndarray, batch: int, first: int = 0) -> Whole | Passing:
        if streaming.is_streamed(data):
            return Passing(data, order, batch, self.steps.place, first)
        return Whole(data, self.steps.place(order), math.ceil(len(order) / batch))


class EpochInProgress:
    """One epoch, run chunk by chunk. `loss` is its mean loss so far."""

    def __init__(self, engine: Engine, passing: Whole | Passing, step: int) -> None:
        self._engine, self._passing = engine, passing
        self.step = step
        self.steps = passing.steps
        self.loss = 0.0

    @property
    def done(self) -> bool:
        return self.step >= self.steps

    def run(self, limit: int | None = None) -> None:
        """Run the next chunk, at most `limit` steps."""
        chunk = self._passing.at(self.step)
        remaining = chunk.end - self.step
        pace = self._engine.training_pace
        count = together.first_says(pace.next(remaining if limit is None else min(limit, remaining)))
        with pace.timing(count):
            self._engine.steps.train(chunk.data, chunk.order, self.step - chunk.first, count)
            self.loss = loss_so_far(self._engine.model)  # also waits for the device
        self.step += count


class Pace:
    """How many steps the next call runs so that it lasts about half a second. Changes no result.

    The first call compiles, so its time says nothing; the second is one step long, since a step may take seconds.
    """

    def __init__(self, chunk: str | int) -> None:
        self._fixed = None if chunk == "auto" else int(chunk)
        self._calls = 0
        self._most = 1

    @property
    def steps(self) -> int:
        """Steps in a full chunk, as known so far."""
        return self._fixed or self._most

    def next(self, remaining: int) -> int:
        return max(1, min(remaining, self.steps))

    def timing(self, count: int) -> _Timing:
        return _Timing(self, count)

    def record(self, count: int, seconds: float) -> None:
        self._calls += 1
        if self._calls > 1 and count >= self._most:
            affordable = int(CHUNK_SECONDS * count / max(seconds, 1e-6))
            self._most = max(1, min(affordable, 32 * self._most))


class _Timing:
    def __init__(self, pace: Pace, count: int) -> None:
        self._pace, self._count = pace, count

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._pace.record(self._count, time.perf_counter() - self._start)


def loss_so_far(model: keras.Model) -> float:
    """Keras's first metric is its loss tracker."""
    return shortest(keras.ops.convert_to_numpy(model.metrics[0].result()))


def shortest(number: Any) -> float:
    """A float32 as the shortest decimal that means it: 0.001, not 0.0010000000474974513."""
    return float(str(np.asarray(number, np.float32)))


def _backend() -> Any:
    return importlib.import_module(f"kerasdeep.training.engine_{keras.config.backend()}")
