"""Types for annotations: Keras has none that fits the tensors of every backend."""

from collections.abc import Sequence
from typing import Any, TypeAlias

Tensor: TypeAlias = Any
"""A tensor of the backend, a `keras.KerasTensor`, or what Keras converts to one."""
Shape: TypeAlias = Sequence[int | None]
ObjectConfig: TypeAlias = dict[str, Any]
"""What `get_config` returns: plain data for JSON."""
