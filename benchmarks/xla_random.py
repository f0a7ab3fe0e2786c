"""XLA's random numbers on a CPU: TensorFlow's own choice of generator beside Threefry, in one run.

python benchmarks/xla_random.py
"""

from __future__ import annotations

import time
from contextlib import nullcontext

from kerasdeep.backends.system import suppress_startup_output

with suppress_startup_output():
    import tensorflow as tf

    from kerasdeep.backends.xla_rng_patch import threefry

STEPS = 500


def dropout_milliseconds(units: int, generator_context) -> float:
    """Time of one dropout mask of 32 × units numbers inside a compiled loop."""

    def loop(end: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            masked = tf.nn.experimental.stateless_dropout(tf.ones((32, units)), 0.2, seed=tf.stack([step, 7]))
            return step + 1, total + tf.reduce_sum(masked)

        with generator_context():
            return tf.while_loop(lambda step, total: step < end, body, [tf.constant(0), tf.constant(0.0)])[1]

    compiled = tf.function(loop, jit_compile=True, autograph=False)
    compiled(tf.constant(2))
    start = time.perf_counter()
    compiled(tf.constant(STEPS)).numpy()
    return (time.perf_counter() - start) / STEPS * 1000


print(f"{'units':>6} {'own choice':>12} {'Threefry':>12} {'ratio':>7}")
for units in (100, 300, 784):
    default_ms, threefry_ms = dropout_milliseconds(units, nullcontext), dropout_milliseconds(units, threefry)
    print(f"{units:>6} {default_ms:>9.3f} ms {threefry_ms:>9.3f} ms {default_ms / threefry_ms:>7.1f}")
