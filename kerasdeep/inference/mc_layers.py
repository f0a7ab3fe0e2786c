"""Which layers drop units at random, and how to let them, and them alone, stay random outside training.

Monte Carlo dropout must not switch the whole model to training: batch normalization would then answer by the batch
and augmentation alter the rows. So a model is called in inference, with its dropout-like layers forced to train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from kerasdeep.backends.keras_private import nested_layers

DROPOUT_LIKE = (
    keras.layers.Dropout,  # and SpatialDropout1D to 3D, which derive from it
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
)
MAX_FAST_RATE = 0.99
"""The rate from which on Keras's own dropout is called."""
DropoutFunction = Callable[[Any, float, Any], Any]
_RATE_NAMES = ("rate", "dropout", "recurrent_dropout")


def random_layers(model: keras.Model) -> list[keras.Layer]:
    """Every layer, however deep, that drops units in training, in the model's order.

    Dropout-like layers, also inside wrappers, nested models and attention; and recurrent layers whose cells drop
    inputs or state.
    """
    return [layer for layer in _all_layers(model) if isinstance(layer, DROPOUT_LIKE) or _drops_in_cells(layer)]


def has_positive_rate(layers: list[keras.Layer]) -> bool:
    """Whether any of them has a rate above 0, so that two calls can differ."""
    return any(getattr(part, name, 0) for layer in layers for part in _all_layers(layer) for name in _RATE_NAMES)


def _all_layers(root: keras.Layer) -> list[keras.Layer]:
    return list(dict.fromkeys(nested_layers(root, include_self=True)))


def _drops_in_cells(layer: keras.Layer) -> bool:
    if not isinstance(layer, keras.layers.RNN):
        return False
    return any(getattr(cell, "dropout", 0) or getattr(cell, "recurrent_dropout", 0) for cell in _all_layers(layer))


@contextmanager
def dropout_enabled(
    layers: list[keras.Layer], seed: int, copy_number: Callable[[], Any], fast_dropout: DropoutFunction | None = None
) -> Iterator[None]:
    """While the block traces a model, `layers` drop units although the model is called in inference.

    Each draw gets the seed (a number from `seed`, the layer and the draw; the tensor `copy()`): a pure function,
    so that a compiled loop over copies changes no variable and repeats itself bit for bit. `dropped` stands in for
    Keras's plain dropout where it is given: (values, rate, seed) -> values.
    """
    generators = {
        id(part.seed_generator): part.seed_generator
        for layer in layers
        for part in _all_layers(layer)
        if getattr(part, "seed_generator", None) is not None
    }
    patched: list[tuple[Any, str]] = []
    try:
        for generator_number, generator in enumerate(generators.values()):
            _patch(patched, generator, "next", _numbered_seeds(generator, seed, generator_number, copy_number))
        for layer in layers:
            is_plain_dropout = (
                type(layer) is keras.layers.Dropout and layer.noise_shape is None and layer.rate < MAX_FAST_RATE
            )
            _patch(
                patched,
                layer,
                "call",
                _fast_call(layer, fast_dropout) if fast_dropout and is_plain_dropout else _training_call(layer.call),
            )
        yield
    finally:
        for owner, name in patched:
            object.__delattr__(owner, name)


def _patch(patched: list[tuple[Any, str]], owner: Any, name: str, function: Callable[..., Any]) -> None:
    # Past Keras's own __setattr__, which looks for variables to track.
    object.__setattr__(owner, name, function)
    patched.append((owner, name))


def _fast_call(layer: keras.layers.Dropout, fast_dropout: DropoutFunction) -> Callable[..., Any]:
    def call(inputs: Any, training: bool = False) -> Any:
        return fast_dropout(inputs, layer.rate, layer.seed_generator.next()) if layer.rate else inputs

    return call


def _training_call(call: Callable[..., Any]) -> Callable[..., Any]:
    def in_training(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **{**kwargs, "training": True})

    return in_training


def _numbered_seeds(
    generator: Any, seed: int, generator_number: int, copy_number: Callable[[], Any]
) -> Callable[..., Any]:
    draws = 0

    def next_seed(ordered: bool = True) -> Any:
        nonlocal draws
        draws += 1
        (key,) = np.random.SeedSequence([seed, generator_number, draws]).generate_state(1)
        dtype = generator.state.dtype
        key = keras.ops.convert_to_tensor(int(key) >> 1, dtype)  # fits a signed number too
        return keras.ops.stack([key, keras.ops.cast(copy_number(), dtype)])

    return next_seed
