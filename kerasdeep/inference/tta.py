"""Test-time augmentation: a model asked about several views of each picture."""

from __future__ import annotations

import keras
from keras import ops

from kerasdeep.errors import InputError


def averaged_over_views(model: keras.Model) -> keras.Model:
    """A model whose outputs are the mean of `model`'s over six views of the picture.

    The views are the picture and its mirror image, each as it is and moved by one pixel up-left and down-right over a
    reflected edge; those that were not moved count one half together (Jordan 2024, arXiv:2404.00498, has them). For
    pictures that mean the same when mirrored.

    Raises:
        InputError: The model does not take one picture of shape (height, width) or (height, width, channels).
    """
    shape = model.input.shape if isinstance(model.input, keras.KerasTensor) else ()
    if len(shape) not in (3, 4):
        message = (
            "--tta asks about mirrored and moved pictures, and this model does not take one picture. Leave it out."
        )
        raise InputError(message, "no-picture")
    image = keras.Input(shape[1:])
    plain = [image, ops.flip(image, axis=2)]
    padding = [[0, 0], [1, 1], [1, 1], *[[0, 0]] * (len(shape) - 3)]
    padded = [ops.pad(view, padding, mode="reflect") for view in plain]
    moved = [corner for view in padded for corner in (view[:, :-2, :-2], view[:, 2:, 2:])]
    outputs = [model(view) for view in (*plain, *moved)]
    weights = [1 / 4] * len(plain) + [1 / 8] * len(moved)
    averaged = keras.tree.map_structure(
        lambda *parts: sum(weight * part for weight, part in zip(weights, parts, strict=True)), *outputs
    )
    return keras.Model(image, averaged, name=model.name)
