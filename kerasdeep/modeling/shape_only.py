"""Networks without values: shapes and counts without the memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from kerasdeep.backends import keras_private


@contextmanager
def shape_only_variables() -> Iterator[None]:
    """Keras variables that are created inside have a shape and never get values.

    Keras keeps a list of variables without values and fills them all at its next chance, however large they are;
    those created inside are taken off that list again. Keras has no public way to do so.
    """
    uninitialized = keras_private.uninitialized_variables()
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        keras_private.set_uninitialized_variables(uninitialized)
