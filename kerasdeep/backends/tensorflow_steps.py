"""The engine's compiled calls on TensorFlow.

Traps this file avoids (all measured): a Python or `tf.range` start value recompiles for every chunk, a counter
does not. Padding the last batch would corrupt batch normalization, so the remainder has a body of its own; it runs
once an epoch, so it is never compiled with XLA. Shapes are static in both, because other shapes give other bits.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import keras
import tensorflow as tf

from kerasdeep.backends.xla_rng_patch import threefry


class TensorFlowSteps:
    """`model.train_step`, `test_step` and `predict_step` in compiled loops over placed data."""

    def __init__(self, model: keras.Model, batch_size: int, evaluation_batch: int, xla: bool) -> None:
        self._model = model
        self._batch_size = batch_size

        draws = threefry if xla and not tf.config.list_logical_devices("GPU") else nullcontext

        def full_batches(data: Any, order: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
            def step(position: tf.Tensor) -> None:
                model.train_step(_gather_rows(data, tf.slice(order, [position * batch_size], [batch_size])))

            with draws():
                return _loop(step, start, end)

        def remainder(data: Any, order: tf.Tensor) -> None:
            model.train_step(_gather_rows(data, order[order.shape[0] // batch_size * batch_size :]))

        def evaluation(data: Any, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
            def step(position: tf.Tensor) -> None:
                model.test_step(_batch_at(data, position, evaluation_batch))

            return _loop(step, start, end)

        def prediction(x: Any, position: tf.Tensor) -> Any:
            return model.predict_step((_batch_at(x, position, evaluation_batch),))

        self._full_batches = tf.function(full_batches, autograph=False, jit_compile=xla)
        self._remainder = tf.function(remainder, autograph=False)
        self._evaluation = tf.function(evaluation, autograph=False)
        self._prediction = tf.function(prediction, autograph=False)

    def to_device(self, arrays: Any) -> Any:
        return keras.tree.map_structure(tf.convert_to_tensor, arrays)

    def train(self, data: Any, order: tf.Tensor, start: int, count: int) -> None:
        """Run steps start … start + count - 1 of the epoch that `order` describes."""
        full, end = order.shape[0] // self._batch_size, start + count
        if start < full:
            self._full_batches(data, order, tf.constant(start), tf.constant(min(end, full)))
        if end > full:
            self._remainder(data, order)

    def evaluate(self, data: Any, start: int, count: int) -> None:
        self._evaluation(data, tf.constant(start), tf.constant(start + count))

    def metric_results(self) -> dict[str, Any]:
        return self._model.get_metrics_result()

    def running_loss(self) -> Any:
        return self._model.metrics[0].result()  # Keras's tracker of the loss comes first

    def predict(self, x: Any, position: int) -> Any:
        return keras.tree.map_structure(lambda output: output.numpy(), self._prediction(x, tf.constant(position)))


def _loop(step: Callable[[tf.Tensor], None], start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    def body(position: tf.Tensor) -> tf.Tensor:
        step(position)
        return position + 1

    return tf.while_loop(lambda position: position < end, body, [start])


def _gather_rows(data: Any, rows: tf.Tensor) -> Any:
    return keras.tree.map_structure(lambda array: tf.gather(array, rows), data)


def _batch_at(data: Any, position: tf.Tensor, size: int) -> Any:
    """The batch at `position`; the last one is shorter."""
    start = position * size
    return keras.tree.map_structure(lambda array: array[start : tf.minimum(start + size, tf.shape(array)[0])], data)


def fast_dropout(values: Any, rate: float, seed: Any) -> Any:
    """Dropout with eight random bits for each value, where Keras's draws thirty-two and makes floats of them.

    Drawing is most of what input dropout costs. The bits are held against a threshold that each column draws anew,
    one or the other of the 256ths beside `rate`, so that every value is dropped with the probability `rate`, and
    within a row independently. `rate` must be below 255 / 256.
    """
    whole_threshold, share = divmod(256 * rate, 1)
    columns = tf.random.stateless_uniform(tf.shape(values)[-1:], seed + tf.constant([1, 0], seed.dtype))
    thresholds = tf.where(
        columns < share, tf.constant(int(whole_threshold) + 1, tf.uint8), tf.constant(int(whole_threshold), tf.uint8)
    )
    size = tf.size(values)
    words = tf.random.stateless_uniform([(size + 3) // 4], seed, None, None, tf.uint32)
    bits = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:size], tf.shape(values))
    keep_mask = tf.cast(bits >= thresholds, values.dtype)
    return tf.ensure_shape(keep_mask, values.shape) * (values * tf.cast(1 / (1 - rate), values.dtype))
