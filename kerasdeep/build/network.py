"""From planned layers to a functional Keras model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras

from kerasdeep.build.create import blaming, create
from kerasdeep.catalog import Choice, dump
from kerasdeep.errors import InputError
from kerasdeep.spec.planned import PlannedLayer

SPREAD_INPUTS = ("MultiHeadAttention", "GroupQueryAttention")
"""Layers that take query, value and key as separate arguments, not as a list."""
MIX_LABELS = ("CutMix", "MixUp")
PIXEL_RANGES = {"auto": [0.0, 1.0], "unit": [0.0, 1.0], "minmax": [0.0, 1.0], "none": [0.0, 255.0]}
"""Between what pixels lie under each `data.scaling`; a standardized picture has no bounds."""


def model(
    layers: Sequence[PlannedLayer],
    input_shapes: dict[str, tuple[int, ...]],
    augmentation: Sequence[Choice] = (),
    seed: int = 0,
    name: str = "network",
    scaling: str = "auto",
    body: Callable[[Any], Any] | None = None,
    front: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """The functional model of the planned layers, named as planned.

    Takes one array, or a mapping where the data has several inputs; gives one, or a mapping by head.
    `augmentation` alters training pictures only; `scaling` is the data's, which says between what pixels lie;
    `body` is what stands between the one input and the layers, such as the kept layers of another model; `front`
    what every input goes through before that.
    Every random draw (initial weights, dropout, augmentation) depends on `seed` and the layer's name alone, so a
    layer more or less changes nothing in the others. Raises `InputError` at the line of a layer that does not fit
    what feeds it.
    """
    inputs = {name: keras.Input(shape, name=name) for name, shape in input_shapes.items()}
    tensors = {name: _augmented(name, tensor, augmentation, seed, scaling) for name, tensor in inputs.items()}
    for before in (one for one in (front, body) if one is not None):
        tensors = {name: before(tensor) for name, tensor in tensors.items()}
    built: dict[str, keras.Layer] = {}
    outputs = {}
    for planned in layers:
        fed = [tensors[source] for source in planned.inputs]
        with drawing_from(seed, planned.name):
            layer = built[planned.name] = _layer(planned, built)
            tensors[planned.name] = _called(layer, planned.layer, fed)
        if planned.role == "output":
            outputs[planned.head or planned.name] = _per_row(tensors[planned.name], planned)
    given, gives = (tree if len(tree) > 1 else next(iter(tree.values())) for tree in (inputs, outputs))
    return keras.Model(given, gives, name=name)


@contextmanager
def drawing_from(seed: int, name: str) -> Iterator[None]:
    """Seeds what Keras makes inside from (seed, name).

    Keras takes the default seed of every initializer and random layer from Python's generator; its state outside
    is left as it was.
    """
    state = random.getstate()
    random.seed(f"{seed}/{name}")
    try:
        yield
    finally:
        random.setstate(state)


def _layer(planned: PlannedLayer, built: dict[str, keras.Layer]) -> keras.Layer:
    choice = planned.layer
    if choice.name == "TransposedDense":
        # The one argument that is a layer of the same network.
        tied = built[choice.arguments["layer"]]
        rest = {key: value for key, value in choice.arguments.items() if key != "layer"}
        return create(Choice(choice.family, choice.name, rest, choice.mark), name=planned.name, layer=tied)
    if choice.arguments.get("return_state"):
        message = (
            f"{choice.name}: `return_state` gives several outputs, and a list of layers has no place for them."
        )
        raise InputError(f"{message} Remove it.", "several-outputs", choice.mark)
    return create(choice, name=planned.name)


def _called(layer: keras.Layer, choice: Choice, fed: list[Any]) -> Any:
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in fed)
    with blaming(choice, f" does not fit its input of shape {shapes}"):
        if choice.name in SPREAD_INPUTS:
            return layer(*fed) if len(fed) > 1 else layer(fed[0], fed[0])
        return layer(fed if len(fed) > 1 else fed[0])


def _per_row(tensor: Any, planned: PlannedLayer) -> Any:
    """An output must be one vector per row; Dense on (28, 28) would silently give 28 of them."""
    if len(tensor.shape) != 2:
        message = f"`{planned.name}` gives an array of shape {tuple(tensor.shape[1:])} for each row. Expected one "
        message += "vector: put a Flatten or a pooling layer in front."
        raise InputError(message, "not-per-row", planned.origin)
    return tensor


def _augmented(name: str, tensor: Any, augmentation: Sequence[Choice], seed: int, scaling: str) -> Any:
    """The input behind the random layers, which are active in training only."""
    if not augmentation:
        return tensor
    rank = len(tensor.shape) - 1
    if rank not in (2, 3):
        message = f"`data.augmentation` alters pictures; a row of `{name}` has shape {tuple(tensor.shape[1:])}."
        raise InputError(message, "no-picture", augmentation[0].mark)
    grey = keras.layers.Reshape((*tensor.shape[1:], 1), name=f"{name}_to_picture")
    picture = grey(tensor) if rank == 2 else tensor
    for number, choice in enumerate(augmentation, 1):
        if choice.name in MIX_LABELS:
            message = f"{choice.name} mixes the labels of pictures, which a layer of the network cannot do."
            raise InputError(f"{message} Use another augmentation.", "mixes-labels", choice.mark)
        title = f"augmentation_{number}"
        with drawing_from(seed, title):
            if "value_range" in choice.entry.arguments and "value_range" not in choice.arguments:
                choice = choice.replace(value_range=_pixel_range(choice, scaling))
            picture = _called(create(choice, name=title), choice, [picture])
    if rank == 2:
        return keras.layers.Reshape(tensor.shape[1:], name=f"{name}_from_picture")(picture)
    return picture


def _pixel_range(choice: Choice, scaling: str) -> list[float]:
    if scaling not in PIXEL_RANGES:
        message = (
            f"{choice.name} must know between what pixels lie, and `data.scaling: {scaling}` sets no bounds. "
        )
        raise InputError(f"{message}Use `scaling: unit`, or write its value_range.", "conflict", choice.mark)
    return PIXEL_RANGES[scaling]


def describe(model: keras.Model, layers: Sequence[PlannedLayer]) -> dict[str, Any]:
    """The network as facts/network.json holds it: layers with shape, parameters and settings, and the totals.

    Layers that were not planned come from what is pretrained and stand in front.
    """
    rows = [_grafted(layer) for layer in model.layers if _is_grafted(layer, layers)]
    for planned in layers:
        layer = model.get_layer(planned.name)
        rows.append(
            {
                "name": planned.name,
                "class": planned.layer.name,
                "inputs": list(planned.inputs),
                "output_shape": list(layer.output.shape[1:]),
                "parameters": layer.count_params(),
                "trainable": bool(layer.trainable),
                "settings": _settings(planned.layer),
            }
        )
    trainable = sum(_size(variable) for variable in model.trainable_variables)
    total = model.count_params()
    return {"layers": rows, "parameters": total, "trainable": trainable, "non_trainable": total - trainable}


def _is_grafted(layer: keras.Layer, layers: Sequence[PlannedLayer]) -> bool:
    """Whether a layer was neither planned nor put around the data here."""
    if isinstance(layer, keras.layers.InputLayer) or layer.name.startswith("augmentation_"):
        return False
    around = layer.name.endswith(("_to_picture", "_from_picture"))
    return not around and all(planned.name != layer.name for planned in layers)


def _grafted(layer: keras.Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "class": type(layer).__name__,
        "inputs": [tensor._keras_history.operation.name for tensor in keras.tree.flatten(layer.input)],
        "output_shape": list(keras.tree.flatten(layer.output)[0].shape[1:]),
        "parameters": layer.count_params(),
        "trainable": bool(layer.trainable),
        "settings": "",
    }


def _size(variable: Any) -> int:
    size = 1
    for dimension in variable.shape:
        size *= dimension
    return size


def _settings(choice: Choice) -> str:
    shown = {key: value for key, value in choice.arguments.items() if value is not None}
    return ", ".join(f"{key}={_short(value)}" for key, value in shown.items())


def _short(value: Any) -> str:
    if isinstance(value, Choice):
        return f"{value.name}({_settings(value)})" if value.arguments else value.name
    return str(dump(value))
