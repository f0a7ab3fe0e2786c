"""Compiling a function of arrays on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import keras

fast_dropout = None  # XLA makes one loop of Keras's own dropout


def compile_function(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    """`function` as one XLA program, which takes the model's weights as arguments instead of keeping copies."""

    @jax.jit
    def stateless(values: list[Any], *args: Any) -> Any:
        with keras.StatelessScope(state_mapping=zip(model.variables, values, strict=True)):
            return function(*args)

    return lambda *args: stateless([variable.value for variable in model.variables], *args)
