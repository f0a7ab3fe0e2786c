"""Compiling a function of arrays on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def compile_function(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    """`function` as one graph. Without XLA: on a CPU it draws random numbers fifteen times as slowly."""
    return tf.function(function, autograph=False)


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
