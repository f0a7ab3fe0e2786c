"""What is only described is never filled, not even by the next network that is."""

import keras
import pytest

from kerasdeep.modeling.shape_only import shape_only_variables


def test_a_described_layer_takes_no_memory_later_either():
    with shape_only_variables():
        huge = keras.layers.Dense(2_000_000)
        huge.build((None, 1_000_000))
    assert huge.count_params() == 2_000_002_000_000
    with keras.StatelessScope():  # where Keras leaves it, every waiting variable gets its values
        small = keras.layers.Dense(2)
        small.build((None, 3))
    assert small.kernel.numpy().shape == (3, 2)


def test_it_forgets_after_an_error_as_well():
    with pytest.raises(ValueError), shape_only_variables():
        keras.layers.Dense(2_000_000).build((None, 1_000_000))
        raise ValueError
    with keras.StatelessScope():
        keras.layers.Dense(2).build((None, 3))
