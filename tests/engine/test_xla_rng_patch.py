"""Inside `threefry`, what XLA compiles draws other numbers, fast ones, with the same statistics."""

import numpy as np
import tensorflow as tf

from kerasdeep.backends.xla_rng_patch import threefry


def test_masks_keep_their_rate_and_scale_and_follow_the_seed():
    def draw(seed):
        with threefry():
            return tf.nn.experimental.stateless_dropout(tf.ones((200, 500)), 0.2, seed=seed)

    compiled = tf.function(draw, jit_compile=True, autograph=False)
    first, again, other = (compiled(tf.constant(seed)).numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_allclose((first == 0).mean(), 0.2, atol=0.005)  # 4 standard errors
    np.testing.assert_allclose(first[first != 0], 1.25)


def test_the_generator_is_tensorflows_own_again_outside():
    before = tf.random.stateless_normal
    with threefry():
        assert tf.random.stateless_normal is not before
    assert tf.random.stateless_normal is before
