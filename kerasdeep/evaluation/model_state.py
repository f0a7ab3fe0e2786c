"""Trying something on a model and leaving it, bit for bit, as it was."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


@contextmanager
def preserve_state(model: keras.Model, extra_variables: Iterable[Any] = ()) -> Iterator[None]:
    """Puts back what the block changes, also when it raises.

    That is: weights, moving statistics and dropout's seed states, the optimizer's slots, step count and learning
    rate, `extra_variables`, and the states of Python's and NumPy's global generators. `model` must be compiled; its
    optimizer is built if it was not. Metrics begin anew.
    """
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables, *extra_variables]
    values = [keras.ops.convert_to_numpy(variable.value) for variable in variables]
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        random.setstate(state)
        np.random.set_state(numpy_state)
        model.reset_metrics()
