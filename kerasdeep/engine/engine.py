"""The engine: many of Keras's own training steps inside one compiled call.

`model.fit` returns to Python after every batch, which for small nets costs several times the arithmetic. Here the
data lie on the device and one call runs a chunk of steps; each step is `model.train_step`, so metrics, penalties,
constraints, clipping, batch normalization and dropout stay Keras's. Results do not depend on how an epoch is cut
into chunks, and the order of the rows is a pure function of seed and epoch: Keras's own shuffle repeats itself on
TensorFlow (tensorflow#35682).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasdeep.backends import current_backend, distributed
from kerasdeep.backends.keras_private import build_variables
from kerasdeep.engine import feeder
from kerasdeep.engine.feeder import InMemoryPass, StreamedPass
from kerasdeep.modeling.batches import epoch_permutation, evaluation_batch_size

TARGET_CHUNK_SECONDS = 0.5  # Ctrl-C and checkpoints act at a chunk's end


class Engine:
    """Trains, evaluates and predicts with a compiled model, in chunks of steps.

    One engine serves one compilation of the model: a stage that recompiles makes a new one. `to_device` puts data on
    the device once; what it returns outlives the engine.

    Args:
        model: Compiled; built no later than with its first batch.
        batch_size: Rows of a training step; the last step of an epoch has what is left.
        seed: Of the order of the rows, together with the epoch.
        xla: Whether TensorFlow compiles with XLA; JAX always does.
        shuffle: Whether each epoch has an order of its own.
        chunk: Steps of one compiled call, or `auto`: as many as take half a second.
        evaluation_rows: Rows of an evaluation batch; by default what the width of the model's outputs suggests.
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
        self.evaluation_batch = evaluation_rows or evaluation_batch_size(model)
        self.training_sizer = ChunkSizer(chunk)
        self.evaluation_sizer = ChunkSizer(chunk)
        self.steps = current_backend().make_steps(model, batch_size, self.evaluation_batch, xla)
        self._built = False

    def to_device(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Put data on the device.

        Args:
            x: Inputs, (rows, ...): an array, or a dict of arrays by input.
            y: Targets, (rows, ...): likewise, by output.
            sample_weight: (rows,), likewise by output; None where every row counts the same.

        Returns:
            (x, y) or (x, y, sample_weight). Streamed rows stay where they are: every pass over them places chunks.
        """
        data = (x, y) if sample_weight is None else (x, y, sample_weight)
        return data if feeder.is_streamed(data) else self.steps.to_device(data)

    def build(self, data: Any) -> None:
        """Create every variable that a step would create, outside compiled loops, so that a checkpoint fits in."""
        if not self._built:
            build_variables(self.model, keras.tree.map_structure(self._symbolic_batch, data))
            self._built = True

    def _symbolic_batch(self, array: Any) -> keras.KerasTensor:
        rows, *shape = array.shape
        dtype = keras.backend.standardize_dtype(array.dtype)
        return keras.KerasTensor((min(rows, self.batch_size), *shape), dtype)

    @staticmethod
    def count_rows(data: Any) -> int:
        """The length of the first axis of all arrays in `data`."""
        return int(keras.tree.flatten(data)[0].shape[0])

    def metrics(self) -> dict[str, float]:
        """What the model's metrics say now; a metric with several numbers gets one name for each."""
        results: dict[str, float] = {}
        for name, value in self.steps.metric_results().items():
            value = keras.ops.convert_to_numpy(value)
            for index, component in enumerate(value.ravel()):
                results[f"{name}_{index}" if value.ndim else name] = shortest_float(component)
        return results

    def train(self, data: Any, epoch: int, start_step: int = 0) -> EpochRunner:
        """An epoch, ready to be run chunk by chunk.

        Args:
            data: What `to_device` returned.
            epoch: Its number, from 0, which decides the order of the rows.
            start_step: The step to begin with; beyond 0, metrics go on from where they are.
        """
        if start_step == 0:
            self.model.reset_metrics()
        rows = self.count_rows(data)
        order = epoch_permutation(self.seed, epoch, rows) if self.shuffle else np.arange(rows, dtype=np.int32)
        return EpochRunner(self, self._data_pass(data, order, self.batch_size, start_step), start_step)

    def evaluate(self, data: Any, stop_requested: Callable[[], bool] = lambda: False) -> dict[str, float] | None:
        """Keras's metrics over all rows, by name, computed in the model's own metric variables.

        Args:
            data: What `to_device` returned.
            stop_requested: Is asked after every chunk.

        Returns:
            The metrics; None where `stop_requested` said so before all rows were seen.
        """
        self.model.reset_metrics()
        data_pass, step = self._sequential_pass(data), 0
        total = data_pass.steps
        while step < total:
            chunk = data_pass.chunk_at(step)
            count = distributed.broadcast_from_primary(self.evaluation_sizer.next_steps(chunk.end - step))
            self.build(chunk.data)
            with self.evaluation_sizer.timed(count):
                self.steps.evaluate(chunk.data, step - chunk.start, count)
            step += count
            if step < total and stop_requested():
                return None
        return self.metrics()

    def predict(self, x: Any) -> Any:
        """The model's outputs for all rows of `x`, as NumPy arrays in the shape of the model's output."""
        data_pass, batch_outputs = (self._sequential_pass(x if feeder.is_streamed(x) else self.steps.to_device(x)), [])
        for step in range(data_pass.steps):
            chunk = data_pass.chunk_at(step)
            batch_outputs.append(self.steps.predict(chunk.data, step - chunk.start))
        return keras.tree.map_structure(lambda *pieces: np.concatenate(pieces), *batch_outputs)

    def _sequential_pass(self, data: Any) -> InMemoryPass | StreamedPass:
        """`data` in evaluation batches."""
        if feeder.is_streamed(data):
            return self._data_pass(data, np.arange(self.count_rows(data)), self.evaluation_batch)
        return InMemoryPass(data, None, math.ceil(self.count_rows(data) / self.evaluation_batch))

    def _data_pass(self, data: Any, order: np.ndarray, batch: int, start_step: int = 0) -> InMemoryPass | StreamedPass:
        if feeder.is_streamed(data):
            return StreamedPass(data, order, batch, self.steps.to_device, start_step)
        return InMemoryPass(data, self.steps.to_device(order), math.ceil(len(order) / batch))


class EpochRunner:
    """One epoch, run chunk by chunk. `loss` is its mean loss so far."""

    def __init__(self, engine: Engine, data_pass: InMemoryPass | StreamedPass, step: int) -> None:
        self._engine, self._data_pass = engine, data_pass
        self.step = step
        self.steps = data_pass.steps
        self.loss = 0.0

    @property
    def done(self) -> bool:
        """Whether every step has run."""
        return self.step >= self.steps

    def run(self, limit: int | None = None) -> None:
        """Run the next chunk, at most `limit` steps."""
        chunk = self._data_pass.chunk_at(self.step)
        remaining = chunk.end - self.step
        sizer = self._engine.training_sizer
        count = distributed.broadcast_from_primary(
            sizer.next_steps(remaining if limit is None else min(limit, remaining))
        )
        self._engine.build(chunk.data)
        with sizer.timed(count):
            self._engine.steps.train(chunk.data, chunk.order, self.step - chunk.start, count)
            # Reading it also waits for the device.
            self.loss = shortest_float(keras.ops.convert_to_numpy(self._engine.steps.running_loss()))
        self.step += count


class ChunkSizer:
    """How many steps the next call runs so that it lasts about half a second. Changes no result.

    The first call compiles, so its time says nothing; the second is one step long, since a step may take seconds.
    """

    def __init__(self, chunk: str | int) -> None:
        self._fixed = None if chunk == "auto" else int(chunk)
        self._calls = 0
        self._max_steps = 1

    @property
    def steps_per_call(self) -> int:
        """Steps in a full chunk, as known so far."""
        return self._fixed or self._max_steps

    def next_steps(self, remaining: int) -> int:
        """Steps of the next call, of `remaining`."""
        return max(1, min(remaining, self.steps_per_call))

    def timed(self, count: int) -> _ChunkTimer:
        """A context that measures a call of `count` steps."""
        return _ChunkTimer(self, count)

    def record(self, count: int, seconds: float) -> None:
        """Learn from a call of `count` steps that took `seconds`."""
        self._calls += 1
        if self._calls > 1 and count >= self._max_steps:
            affordable = int(TARGET_CHUNK_SECONDS * count / max(seconds, 1e-6))
            self._max_steps = max(1, min(affordable, 32 * self._max_steps))


class _ChunkTimer:
    def __init__(self, sizer: ChunkSizer, count: int) -> None:
        self._sizer, self._count = sizer, count

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._sizer.record(self._count, time.perf_counter() - self._start)


def shortest_float(number: Any) -> float:
    """A float32 as the shortest decimal that means it: 0.001, not 0.0010000000474974513."""
    return float(str(np.asarray(number, np.float32)))
