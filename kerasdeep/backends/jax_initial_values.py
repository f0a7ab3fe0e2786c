"""Initial values on JAX by few programs: constants by none, random draws by one for each kind and shape.

Keras computes them an operation at a time, and JAX compiles a program for each operation and shape: several for every
layer, of which a GPU takes a fraction of a second each. The values are the same, bit for bit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import jax
import keras
import numpy as np

from kerasdeep.backends.keras_private import jax_variable_class

_CONSTANTS = {keras.initializers.Zeros: 0, keras.initializers.Ones: 1}
_RANDOM = (
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.VarianceScaling,
)
JaxVariable = jax_variable_class()
_initialize = JaxVariable._initialize_with_initializer


class _TracedSeed(keras.random.SeedGenerator):
    """A seed that is an argument of a compiled program."""

    def __init__(self, value: jax.Array) -> None:
        self._value = value

    def next(self, ordered: bool = True) -> jax.Array:
        return self._value


def install() -> None:
    """Let every variable that Keras makes from now on take its initial value this way."""
    JaxVariable._initialize_with_initializer = _initialize_by_few_programs


def _initialize_by_few_programs(variable: Any, initializer: Any) -> None:
    shape, dtype = variable._shape, variable._dtype
    variable._initialize_layout()
    if variable._layout is not None:
        _initialize(variable, initializer)
    elif type(initializer) in _CONSTANTS:
        variable._initialize(jax.device_put(np.full(shape, _CONSTANTS[type(initializer)], jax.numpy.dtype(dtype))))
    elif _is_seeded_draw(initializer):
        arguments = json.dumps({**initializer.get_config(), "seed": 0}, sort_keys=True)
        draw = _drawing_program(type(initializer).__name__, arguments, shape, dtype)
        variable._initialize(draw(np.array([initializer.seed, 0], np.uint32)))
    else:
        _initialize(variable, initializer)


def _is_seeded_draw(initializer: Any) -> bool:
    """Whether it is one of Keras's draws from a number, around zero: with a mean, XLA rounds once less than Keras."""
    is_keras_own = isinstance(initializer, _RANDOM) and type(initializer).__module__.startswith("keras.")
    return is_keras_own and isinstance(initializer.seed, int) and getattr(initializer, "mean", 0) == 0


@cache
def _drawing_program(
    name: str, arguments: str, shape: tuple[int, ...], dtype: str
) -> Callable[[np.ndarray], jax.Array]:
    initializer = getattr(keras.initializers, name).from_config(json.loads(arguments))

    @jax.jit
    def draw(seed: jax.Array) -> jax.Array:
        initializer.seed = _TracedSeed(seed)
        with _barriers_behind_draws():
            return initializer(shape, dtype=dtype)

    return draw


@contextmanager
def _barriers_behind_draws() -> Iterator[None]:
    """Inside, while tracing, XLA cannot merge the scale of a draw with the arithmetic of the draw itself."""
    originals = {name: getattr(jax.random, name) for name in ("normal", "truncated_normal")}

    def barred(original: Callable[..., jax.Array], *args: Any, **options: Any) -> jax.Array:
        return jax.lax.optimization_barrier(original(*args, **options))

    try:
        for name, original in originals.items():
            setattr(jax.random, name, partial(barred, original))
        yield
    finally:
        for name, original in originals.items():
            setattr(jax.random, name, original)
