"""Random numbers that XLA draws fast on a CPU.

TensorFlow's `auto_select` makes XLA use a generator that takes 17 to 49 times as long as Threefry (measured by
`benchmarks/xla_random.py`): with dropout, a compiled net was slower than an uncompiled one. Keras offers no
choice, so the choice is made while its step is traced. Only the masks depend on it, and those differ between XLA
and plain TensorFlow anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import tensorflow as tf

_RANDOM_FUNCTIONS = (
    (tf.nn.experimental, "stateless_dropout", "rng_alg"),
    (tf.random, "stateless_uniform", "alg"),
    (tf.random, "stateless_normal", "alg"),
    (tf.random, "stateless_truncated_normal", "alg"),
)


@contextmanager
def threefry() -> Iterator[None]:
    """Inside, TensorFlow's stateless draws use Threefry (Salmon et al. 2011) unless they say otherwise.

    For tracing what XLA compiles for a CPU only: without XLA a CPU has no Threefry, and a GPU's own choice is
    fast.
    """
    originals = [(module, name, getattr(module, name)) for module, name, _ in _RANDOM_FUNCTIONS]
    try:
        for module, name, argument in _RANDOM_FUNCTIONS:
            setattr(module, name, partial(getattr(module, name), **{argument: "threefry"}))
        yield
    finally:
        for module, name, function in originals:
            setattr(module, name, function)
