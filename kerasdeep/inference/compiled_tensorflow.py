"""Compiling a function of arrays on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def compiled(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    """`function` as one graph. Without XLA: on a CPU it draws random numbers fifteen times as slowly."""
    return tf.function(function, autograph=False)
