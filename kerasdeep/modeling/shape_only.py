"""Networks that are described and never filled: shapes and counts without the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from kerasdeep.backends import keras_private


@contextmanager
def shape_only_variables() -> Iterator[None]:
    """Keras's variables made inside have a shape and no values, for good.

    Keras keeps a list of variables that wait for their values and fills all of them at the next chance, however
    large they are; what was made inside is taken off that list again. Keras has no public way to do so.
    """
    uninitialized = keras_private.uninitialized_variables()
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        keras_private.set_uninitialized_variables(uninitialized)
