"""Types for annotations: Keras has none that fits the tensors of every backend."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import keras

Tensor: TypeAlias = Any
"""A tensor of the backend, a `keras.KerasTensor`, or what Keras converts to one."""
Shape: TypeAlias = Sequence[int | None]
ObjectConfig: TypeAlias = dict[str, Any]
"""What `get_config` returns: plain data for JSON."""

if TYPE_CHECKING:
    OptimizerBase: TypeAlias = keras.optimizers.Optimizer
else:
    OptimizerBase = object
    """What mixins of optimizers have at hand: Keras's class must come last among the bases."""
