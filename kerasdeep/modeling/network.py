"""From planned layers to a functional Keras model."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import keras

from kerasdeep.backends.keras_private import producing_layer
from kerasdeep.catalog import Choice, to_plain
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.errors import InputError
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.factory import create, keras_errors_at

TensorFunction: TypeAlias = Callable[[keras.KerasTensor], keras.KerasTensor]
MULTI_ARGUMENT_LAYERS = ("MultiHeadAttention", "GroupQueryAttention")
"""Layers that take query, value and key as separate arguments, not as a list."""
PIXEL_RANGES = {"auto": [0.0, 1.0], "unit": [0.0, 1.0], "minmax": [0.0, 1.0], "none": [0.0, 255.0]}
"""Least and greatest pixel under each `data.scaling`; a standardized image has no bounds."""


class Parts(Protocol):
    """What builds pretrained bodies, and names the draws of the layers around them."""

    def apply(self, planned: PlannedLayer, tensor: keras.KerasTensor) -> keras.KerasTensor: ...

    def seed_name(self, planned: PlannedLayer) -> str: ...


def build_functional_model(
    layers: Sequence[PlannedLayer],
    input_shapes: dict[str, tuple[int, ...]],
    augmentation: Sequence[Choice] = (),
    seed: int = 0,
    scaling: str = "auto",
    input_transform: TensorFunction | None = None,
    parts: Parts | None = None,
) -> keras.Model:
    """The functional model of the planned layers, named as planned.

    The model takes one array, or a mapping where the data has several inputs; it returns one, or a mapping by head.
    Every random draw (initial weights, dropout, augmentation) depends on `seed` and the layer's name alone, so a
    layer more or less changes nothing in the others.

    Args:
        layers: The planned layers; the model's layers have their names.
        input_shapes: Shape of one row of each input, by name.
        augmentation: Random layers between the inputs and everything else; active in training only.
        seed: Seed of every draw.
        scaling: `data.scaling`, which decides the range of the pixels that augmentation expects.
        input_transform: What every input goes through before the first layer.
        parts: Builds the layers that are pretrained bodies.

    Raises:
        InputError: At the line of a layer that does not fit its input.
    """
    inputs = {name: keras.Input(shape, name=name) for name, shape in input_shapes.items()}
    tensors = dict(inputs)
    pictures = [name for name, shape in input_shapes.items() if len(shape) in (2, 3)] or list(inputs)
    for name in pictures:
        suffix = "" if name == pictures[0] else f"_{name}"
        tensors[name] = _augment(name, inputs[name], augmentation, seed, scaling, suffix)
    if input_transform is not None:
        tensors = {name: input_transform(tensor) for name, tensor in tensors.items()}
    layers_by_name: dict[str, keras.Layer] = {}
    outputs = {}
    for planned in layers:
        layer_inputs = [tensors[source] for source in planned.inputs]
        if parts is not None and planned.role == "pretrained":
            tensors[planned.name] = parts.apply(planned, layer_inputs[0])
            continue
        with seed_scope(seed, parts.seed_name(planned) if parts else written_name(planned.name)):
            layer = layers_by_name[planned.name] = _create_layer(planned, layers_by_name)
            tensors[planned.name] = _call_layer(layer, planned.layer, layer_inputs)
        if planned.role == "output":
            outputs[planned.head or planned.name] = _check_vector_output(tensors[planned.name], planned)
    model_inputs, model_outputs = (
        structure if len(structure) > 1 else next(iter(structure.values())) for structure in (inputs, outputs)
    )
    return keras.Model(model_inputs, model_outputs, name="network")


@contextmanager
def seed_scope(seed: int, name: str) -> Iterator[None]:
    """Seeds what Keras makes inside from (seed, name).

    Keras draws the default seed of every initializer and random layer from Python's generator, whose state outside
    stays as it was.
    """
    state = random.getstate()
    random.seed(f"{seed}/{name}")
    try:
        yield
    finally:
        random.setstate(state)


def _create_layer(planned: PlannedLayer, layers_by_name: dict[str, keras.Layer]) -> keras.Layer:
    choice = planned.layer
    if choice.name == "TransposedDense":
        # The one argument that is a layer of the same network.
        tied = layers_by_name[choice.arguments["layer"]]
        arguments = {key: value for key, value in choice.arguments.items() if key != "layer"}
        return create(Choice(choice.family, choice.name, arguments, choice.location), name=planned.name, layer=tied)
    if choice.arguments.get("return_state"):
        message = f"{choice.name}: `return_state` returns several outputs; a layer in a list must return one."
        raise InputError(f"{message} Remove it.", "several-outputs", choice.location)
    return create(choice, name=planned.name)


_ADD_HINT = (
    "Shapes that are added must agree; a `Residual` adds what its layers give to what they take. Otherwise name the "
    "two paths, bring both to one shape (`- Dense: {units: 64, inputs: [stem]}`) and join them: "
    "`- Add: {inputs: [a, b]}`"
)


def _call_layer(layer: keras.Layer, choice: Choice, inputs: list[keras.KerasTensor]) -> keras.KerasTensor:
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs)
    mismatch = f" does not fit its input of shape {shapes}"
    if choice.name == "Add":
        mismatch += f". {_ADD_HINT}"
    with keras_errors_at(choice, mismatch):
        if choice.name in MULTI_ARGUMENT_LAYERS:
            return layer(*inputs) if len(inputs) > 1 else layer(inputs[0], inputs[0])
        return layer(inputs if len(inputs) > 1 else inputs[0])


def _check_vector_output(tensor: keras.KerasTensor, planned: PlannedLayer) -> keras.KerasTensor:
    """An output must be one vector per row; Dense on (28, 28) would silently return 28 of them."""
    if len(tensor.shape) != 2:
        message = f"`{written_name(planned.name)}` returns an array of shape {tuple(tensor.shape[1:])} for each row. "
        message += "Expected one vector: add a Flatten, pooling or recurrent layer before it."
        raise InputError(message, "not-per-row", planned.location)
    return tensor


def _augment(
    name: str, tensor: keras.KerasTensor, augmentation: Sequence[Choice], seed: int, scaling: str, suffix: str
) -> keras.KerasTensor:
    """The input after the random layers, which are active in training only; `suffix` is of their names."""
    if not augmentation:
        return tensor
    rank = len(tensor.shape) - 1
    if rank not in (2, 3):
        message = (
            f"`data.augmentation` works on images; a row of `{written_name(name)}` has shape {tuple(tensor.shape[1:])}."
        )
        raise InputError(message, "no-picture", augmentation[0].location)
    add_channel = keras.layers.Reshape((*tensor.shape[1:], 1), name=f"{name}_to_picture")
    image = add_channel(tensor) if rank == 2 else tensor
    for number, choice in enumerate(augmentation, 1):
        layer_name = f"augmentation_{number}{suffix}"
        with seed_scope(seed, layer_name):
            if "value_range" in choice.entry.arguments and "value_range" not in choice.arguments:
                choice = choice.replace(value_range=_pixel_range(choice, scaling))
            image = _call_layer(create(choice, name=layer_name), choice, [image])
    if rank == 2:
        return keras.layers.Reshape(tensor.shape[1:], name=f"{name}_from_picture")(image)
    return image


def augmentation_model(
    name: str, shape: tuple[int, ...], augmentation: Sequence[Choice], seed: int, scaling: str
) -> keras.Model:
    """The random layers alone, for an input of pictures of this shape; they act when it is called to train."""
    pictures = keras.Input(shape, name=name)
    return keras.Model(pictures, _augment(name, pictures, augmentation, seed, scaling, ""), name="augmentation")


def _pixel_range(choice: Choice, scaling: str) -> list[float]:
    if scaling not in PIXEL_RANGES:
        message = f"{choice.name} must know the range of the pixels, and `data.scaling: {scaling}` sets no bounds. "
        raise InputError(f"{message}Use `scaling: unit`, or write its value_range.", "conflict", choice.location)
    return PIXEL_RANGES[scaling]


def describe_network(model: keras.Model, layers: Sequence[PlannedLayer]) -> dict[str, Any]:
    """The network as facts/network.json holds it: layers with shape, parameters and settings, and the totals.

    Layers that were not planned are pretrained and come first.
    """
    rows = [_describe_pretrained(layer) for layer in model.layers if _is_pretrained(layer, layers)]
    for planned in (one for one in layers if one.role != "pretrained"):
        layer = model.get_layer(planned.name)
        rows.append(
            {
                "name": written_name(planned.name),
                "class": planned.layer.name,
                "inputs": list(map(written_name, planned.inputs)),
                "output_shape": list(layer.output.shape[1:]),
                "parameters": layer.count_params(),
                "trainable": bool(layer.trainable),
                "settings": _format_arguments(planned.layer),
            }
        )
    trainable = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    total = model.count_params()
    return {"layers": rows, "parameters": total, "trainable": trainable, "non_trainable": total - trainable}


def _is_pretrained(layer: keras.Layer, layers: Sequence[PlannedLayer]) -> bool:
    """Whether a layer was neither planned nor added here to the input."""
    if isinstance(layer, keras.layers.InputLayer) or layer.name.startswith("augmentation_"):
        return False
    is_reshape = layer.name.endswith(("_to_picture", "_from_picture"))
    return not is_reshape and all(planned.name != layer.name for planned in layers)


def _describe_pretrained(layer: keras.Layer) -> dict[str, Any]:
    return {
        "name": written_name(layer.name),
        "class": type(layer).__name__,
        "inputs": [written_name(producing_layer(tensor).name) for tensor in keras.tree.flatten(layer.input)],
        "output_shape": list(keras.tree.flatten(layer.output)[0].shape[1:]),
        "parameters": layer.count_params(),
        "trainable": bool(layer.trainable),
        "settings": "",
    }


def _format_arguments(choice: Choice) -> str:
    shown = {key: value for key, value in choice.arguments.items() if value is not None}
    return ", ".join(f"{key}={_format_value(value)}" for key, value in shown.items())


def _format_value(value: Any) -> str:
    if isinstance(value, Choice):
        return f"{value.name}({_format_arguments(value)})" if value.arguments else value.name
    return str(to_plain(value))
