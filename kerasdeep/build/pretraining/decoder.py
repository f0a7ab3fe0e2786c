"""The mirror image of a body: every layer undone in turn, from the code back to the shape of the input.

Dense becomes Dense (or the transposed kernel), convolutions become transposed ones, pooling becomes upsampling;
what changes shape only is changed back. Activations, norms and dropout follow the file's sections as in the body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import keras

from kerasdeep.build.create import create
from kerasdeep.build.network import drawing_from
from kerasdeep.build.pretraining.body import Body
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError, Mark
from kerasdeep.extras import TransposedDense
from kerasdeep.spec import blocks, kernels
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.planned import PlannedLayer

PREFIX = "decoder_"
_CONV = ("Conv", "SeparableConv", "DepthwiseConv")
_SAME_SHAPE = (
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "UnitNormalization",
)
_ACTIVATIONS = ("PReLU", "LearnedSwish")
"""Layers with weights that need no undoing: the mirrored block has its own."""


@dataclass(frozen=True)
class Mirror:
    """How a body is undone. `loudly` says where a layer that cannot be undone was asked for."""

    spec: Spec
    tied: bool
    output_activation: str
    where: str
    mark: Mark | None

    def refuse(self, message: str) -> InputError:
        return InputError(f"`{self.where}`: {message}", "no-mirror", self.mark)


def chain(body: Body, mirror: Mirror) -> list[keras.Layer]:
    """The body's layers from the input to its end. Raises InputError where it is no chain."""
    found, tensor = [], body.end
    while True:
        layer = tensor._keras_history.operation
        if isinstance(layer, keras.layers.InputLayer):
            return found[::-1]
        inputs = keras.tree.flatten(layer._inbound_nodes[tensor._keras_history.node_index].input_tensors)
        if len(inputs) != 1 or not isinstance(layer, keras.Layer) or isinstance(layer, keras.Model):
            message = f"a decoder mirrors a chain of layers, and `{layer.name}` is no link of one. "
            raise mirror.refuse(message + "End the encoder in front of it with `until`.")
        found.append(layer)
        (tensor,) = inputs


def segments(layers: Sequence[keras.Layer]) -> list[list[keras.Layer]]:
    """The chain cut in front of each kernel but the first: what a greedy autoencoder learns in turn."""
    found: list[list[keras.Layer]] = [[]]
    for layer in layers:
        if is_kernel(layer) and any(is_kernel(one) for one in found[-1]):
            found.append([])
        found[-1].append(layer)
    return found


def is_kernel(layer: keras.Layer) -> bool:
    return type(layer).__name__ in kernels.KERNELS


def undo(
    layers: Sequence[keras.Layer], tensor: Any, body: Body, mirror: Mirror, into: Sequence[keras.Layer] = ()
) -> tuple[Any, list[str]]:
    """`tensor`, the output of the last of `layers`, brought back to what the first one was given; and the names of
    the layers that do it.

    `into` are the layers below, whose activation the result shall have; none where it is the data.
    """
    made: list[keras.Layer] = []

    def put(layer: keras.Layer, tensor: Any) -> Any:
        made.append(layer)
        return layer(tensor)

    for place in range(len(layers) - 1, -1, -1):
        layer = layers[place]
        below = [*into, *layers[:place]]
        tensor = _undone(layer, tensor, below, body.planned, mirror, put)
    if prod(tensor.shape[1:]) != prod(layers[0].input.shape[1:]):
        raise mirror.refuse(f"the decoder ends in shape {tuple(tensor.shape[1:])}; the input has another size.")
    return tensor, [layer.name for layer in made]


def _undone(
    layer: keras.Layer,
    tensor: Any,
    below: Sequence[keras.Layer],
    planned: Sequence[PlannedLayer],
    mirror: Mirror,
    put: Callable[[keras.Layer, Any], Any],
) -> Any:
    kind, wanted = type(layer).__name__, tuple(layer.input.shape)
    if is_kernel(layer):
        for name, make in _kernel(layer, below, planned, mirror):
            with drawing_from(mirror.spec.seed, name):
                tensor = put(make(name), tensor)
        return _fitted(layer, tensor, wanted, put)
    if "Pooling" in kind:
        size = layer.input.shape[1:-1] if kind.startswith("Global") else layer.pool_size
        rank = len(layer.input.shape) - 2
        if kind.startswith("Global") and len(tensor.shape) == 2:
            tensor = put(
                keras.layers.Reshape((*[1] * rank, wanted[-1]), name=f"{PREFIX}{layer.name}_place"), tensor
            )
        stretch = getattr(keras.layers, f"UpSampling{rank}D")
        size = size if rank > 1 else next(iter(size))
        return _fitted(layer, put(stretch(size, name=PREFIX + layer.name), tensor), wanted, put)
    if layer.weights and kind not in (*_SAME_SHAPE, *_ACTIVATIONS):
        raise mirror.refuse(
            f"there is no mirror image of {kind} (`{layer.name}`). End the encoder in front of it."
        )
    if tuple(layer.output.shape) == wanted:
        return tensor
    if prod(wanted[1:]) == prod(tensor.shape[1:]):
        return put(keras.layers.Reshape(wanted[1:], name=PREFIX + layer.name), tensor)
    raise mirror.refuse(f"there is no mirror image of {kind} (`{layer.name}`). End the encoder in front of it.")


def _kernel(
    layer: keras.Layer, below: Sequence[keras.Layer], planned: Sequence[PlannedLayer], mirror: Mirror
) -> list[tuple[str, Callable[[str], keras.Layer]]]:
    """The block that undoes a layer with a kernel, as (name, maker)."""
    kind, given = type(layer).__name__, layer.input.shape
    dense = kind == "Dense"
    if not dense and mirror.tied:
        raise mirror.refuse("`tied` transposes Dense kernels, and the network has convolutions. Use `stacked`.")
    if not dense and (layer.data_format != "channels_last" or "Transpose" in kind):
        raise mirror.refuse(
            f"there is no mirror image of {kind} (`{layer.name}`) here. End the encoder before it."
        )
    if dense:
        plain = Choice("layer", "Dense", {"units": given[-1]})
    else:
        rank = len(given) - 2
        padding = "same" if layer.padding == "causal" else layer.padding
        settings = {"filters": given[-1], "kernel_size": list(layer.kernel_size), "padding": padding}
        plain = Choice("layer", f"Conv{rank}DTranspose", {**settings, "strides": list(layer.strides)})
    first = not any(is_kernel(one) for one in below)
    parts = [("", _last(mirror, plain))] if first else _hidden(mirror.spec, plain, below, planned)
    name = PREFIX + layer.name
    made = []
    for suffix, choice in parts:
        if dense and mirror.tied and not suffix:
            made.append((name, lambda name, choice=choice: _transposed(layer, choice, name)))
        else:
            made.append((name + suffix, lambda name, choice=choice: create(choice, name=name)))
    return made


def _last(mirror: Mirror, plain: Choice) -> Choice:
    """The layer whose output is compared with the data: no norm, no dropout, the stated activation."""
    spec, activation = mirror.spec, Choice("activation", mirror.output_activation)
    chosen = spec.initializer if isinstance(spec.initializer, Choice) else kernels.initializer_for(activation.name)
    whole = plain.replace(activation=activation, kernel_initializer=chosen)
    if spec.runtime.precision.startswith("mixed"):
        whole = whole.replace(dtype="float32")
    return blocks.penalised(spec.regularization, whole)


def _hidden(
    spec: Spec, plain: Choice, below: Sequence[keras.Layer], planned: Sequence[PlannedLayer]
) -> list[tuple[str, Choice]]:
    activation = _activation(below, planned)
    if activation is not None:
        plain = plain.replace(activation=activation)
    return [(suffix, choice) for suffix, choice, _ in blocks.hidden(spec, plain, [])]


def _activation(below: Sequence[keras.Layer], planned: Sequence[PlannedLayer]) -> Choice | None:
    """The activation that follows the last kernel of `below`: what the mirrored layer shall give back."""
    known = {layer.name: layer for layer in planned}
    start = max(place for place, layer in enumerate(below) if is_kernel(layer))
    for layer in below[start:]:
        plan = known.get(layer.name)
        if plan is None:
            continue
        if plan.role == "hidden" and (own := plan.layer.arguments.get("activation")) and own.name != "linear":
            return own
        if plan.layer.name == "Activation":
            return plan.layer.arguments["activation"]
        if plan.role == "activation" or plan.layer.name in kernels.LAYER_ACTIVATIONS:
            return plan.layer
    return None


def _transposed(layer: keras.Layer, choice: Choice, name: str) -> keras.Layer:
    return TransposedDense(layer, activation=create(choice.arguments["activation"]), name=name)


def _fitted(
    layer: keras.Layer, tensor: Any, wanted: tuple[int | None, ...], put: Callable[[keras.Layer, Any], Any]
) -> Any:
    """Cut off or filled with zeros at the far ends where strides did not divide the picture."""
    have, want = tensor.shape[1:-1], wanted[1:-1]
    if tuple(have) == tuple(want):
        return tensor
    rank = len(want)
    for word, amounts in (
        ("Cropping", [max(0, a - b) for a, b in zip(have, want, strict=True)]),
        ("ZeroPadding", [max(0, b - a) for a, b in zip(have, want, strict=True)]),
    ):
        if any(amounts):
            pairs = [(0, amount) for amount in amounts]
            shape = pairs if rank > 1 else pairs[0]
            tensor = put(
                getattr(keras.layers, f"{word}{rank}D")(shape, name=f"{PREFIX}{layer.name}_{word.lower()}"), tensor
            )
    return tensor
