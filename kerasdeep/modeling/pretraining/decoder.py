"""The mirror image of a backbone: every layer inverted in turn, from the code back to the shape of the input.

Dense becomes Dense (or the transposed kernel), convolutions become transposed ones, pooling becomes upsampling, and
a changed shape is changed back. Activations, norms and dropout follow the file's sections as in the backbone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import keras

from kerasdeep.backends.keras_private import producing_layer, tensors_before
from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import ACTIVATION_BY_LAYER
from kerasdeep.config.lowering import blocks, kernels
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.custom_objects import TransposedDense
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.factory import create
from kerasdeep.modeling.network import seed_scope
from kerasdeep.modeling.pretraining.backbone import Backbone

ApplyLayer: TypeAlias = Callable[[keras.Layer, keras.KerasTensor], keras.KerasTensor]
PREFIX = "decoder_"
_NORMALIZATIONS = (
    *("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"),
)
_WEIGHTED_ACTIVATIONS = ("PReLU", "LearnedSwish", "ParametricActivation")
"""With the normalizations, the layers with weights that need no inverse: the mirrored block has its own."""


@dataclass(frozen=True)
class DecoderSettings:
    """How a backbone is inverted, and the setting that asks for it, where errors are reported."""

    config: Config
    tied: bool
    output_activation: str
    config_path: str
    location: SourceLocation | None

    def error(self, message: str) -> InputError:
        return InputError(f"`{self.config_path}`: {message}", "no-mirror", self.location)

    def not_invertible(self, layer: keras.Layer) -> InputError:
        kind = type(layer).__name__
        return self.error(
            f"`{written_name(layer.name)}` ({kind}) cannot be inverted. End the encoder before it with `until`."
        )


def layer_chain(body: Backbone, settings: DecoderSettings) -> list[keras.Layer]:
    """The backbone's layers from the input to its end. Raises InputError where they are not one chain."""
    layers: list[keras.Layer] = []
    tensor = body.output
    while True:
        layer = producing_layer(tensor)
        if isinstance(layer, keras.layers.InputLayer):
            return layers[::-1]
        inputs = keras.tree.flatten(tensors_before(tensor))
        if len(inputs) != 1 or not isinstance(layer, keras.Layer) or isinstance(layer, keras.Model):
            message = f"a decoder can only mirror a sequential chain; `{written_name(layer.name)}` has several inputs "
            raise settings.error(message + "or is a nested model. End the encoder before it with `until`.")
        layers.append(layer)
        (tensor,) = inputs


def split_at_kernels(layers: Sequence[keras.Layer]) -> list[list[keras.Layer]]:
    """The chain cut before each kernel but the first: what a greedy autoencoder learns in turn."""
    kernel_segments: list[list[keras.Layer]] = [[]]
    for layer in layers:
        if has_kernel(layer) and any(has_kernel(previous) for previous in kernel_segments[-1]):
            kernel_segments.append([])
        kernel_segments[-1].append(layer)
    return kernel_segments


def has_kernel(layer: keras.Layer) -> bool:
    return type(layer).__name__ in kernels.KERNELS_BY_LAYER


def decode(
    layers: Sequence[keras.Layer],
    tensor: keras.KerasTensor,
    body: Backbone,
    settings: DecoderSettings,
    lower_layers: Sequence[keras.Layer] = (),
) -> tuple[keras.KerasTensor, list[str]]:
    """`tensor`, the output of the last of `layers`, brought back to the input of the first; and the new layers' names.

    The result has the activation of `lower_layers`, those below; there are none where it is compared with the data.
    """
    decoder_layers: list[keras.Layer] = []

    def apply(layer: keras.Layer, tensor: keras.KerasTensor) -> keras.KerasTensor:
        decoder_layers.append(layer)
        return layer(tensor)

    for index in range(len(layers) - 1, -1, -1):
        layer = layers[index]
        lower = [*lower_layers, *layers[:index]]
        tensor = _decode_layer(layer, tensor, lower, body.planned, settings, apply)
    if prod(tensor.shape[1:]) != prod(layers[0].input.shape[1:]):
        raise settings.error(f"the decoder ends in shape {tuple(tensor.shape[1:])}; the input has another size.")
    return tensor, [layer.name for layer in decoder_layers]


def _decode_layer(
    layer: keras.Layer,
    tensor: keras.KerasTensor,
    below: Sequence[keras.Layer],
    planned: Sequence[PlannedLayer],
    settings: DecoderSettings,
    apply: ApplyLayer,
) -> keras.KerasTensor:
    kind, target_shape = type(layer).__name__, tuple(layer.input.shape)
    if has_kernel(layer):
        for name, make in _kernel_block(layer, below, planned, settings):
            with seed_scope(settings.config.seed, name):
                tensor = apply(make(name), tensor)
        return _crop_or_pad(layer, tensor, target_shape, apply)
    if "Pooling" in kind:
        size = layer.input.shape[1:-1] if kind.startswith("Global") else layer.pool_size
        rank = len(layer.input.shape) - 2
        if kind.startswith("Global") and len(tensor.shape) == 2:
            tensor = apply(
                keras.layers.Reshape((*[1] * rank, target_shape[-1]), name=f"{PREFIX}{layer.name}_place"), tensor
            )
        upsampling = getattr(keras.layers, f"UpSampling{rank}D")
        size = size if rank > 1 else next(iter(size))
        return _crop_or_pad(layer, apply(upsampling(size, name=PREFIX + layer.name), tensor), target_shape, apply)
    if layer.weights and kind not in (*_NORMALIZATIONS, *_WEIGHTED_ACTIVATIONS):
        raise settings.not_invertible(layer)
    if tuple(layer.output.shape) == target_shape:
        return tensor
    if prod(target_shape[1:]) == prod(tensor.shape[1:]):
        return apply(keras.layers.Reshape(target_shape[1:], name=PREFIX + layer.name), tensor)
    raise settings.not_invertible(layer)


def _kernel_block(
    layer: keras.Layer, below: Sequence[keras.Layer], planned: Sequence[PlannedLayer], settings: DecoderSettings
) -> list[tuple[str, Callable[[str], keras.Layer]]]:
    """The block that inverts a layer with a kernel, as (name, maker)."""
    kind, input_shape = type(layer).__name__, layer.input.shape
    dense = kind == "Dense"
    if not dense and settings.tied:
        raise settings.error("`tied` transposes Dense kernels, and the network has convolutions. Use `stacked`.")
    if not dense and (layer.data_format != "channels_last" or "Transpose" in kind):
        raise settings.not_invertible(layer)
    if dense:
        base_choice = Choice("layer", "Dense", {"units": input_shape[-1]})
    else:
        rank = len(input_shape) - 2
        padding = "same" if layer.padding == "causal" else layer.padding
        conv_arguments = {"filters": input_shape[-1], "kernel_size": list(layer.kernel_size), "padding": padding}
        base_choice = Choice("layer", f"Conv{rank}DTranspose", {**conv_arguments, "strides": list(layer.strides)})
    is_lowest = not any(has_kernel(lower_layer) for lower_layer in below)
    block = (
        [("", _output_choice(settings, base_choice))]
        if is_lowest
        else _hidden_choices(settings.config, base_choice, below, planned)
    )
    name = PREFIX + layer.name
    tied = dense and settings.tied

    def maker(suffix: str, choice: Choice) -> Callable[[str], keras.Layer]:
        if tied and not suffix:
            return lambda name: _tied_layer(layer, choice, name)
        return lambda name: create(choice, name=name)

    return [(name + suffix, maker(suffix, choice)) for suffix, choice in block]


def _output_choice(settings: DecoderSettings, base_choice: Choice) -> Choice:
    """The layer whose output is compared with the data: no norm, no dropout, the stated activation."""
    config, activation = settings.config, Choice("activation", settings.output_activation)
    initializer = (
        config.initializer if isinstance(config.initializer, Choice) else kernels.default_initializer(activation.name)
    )
    choice = base_choice.replace(activation=activation, kernel_initializer=initializer)
    if config.runtime.precision.startswith("mixed"):
        choice = choice.replace(dtype="float32")
    return blocks.with_penalties(config.regularization, choice)


def _hidden_choices(
    config: Config, base_choice: Choice, below: Sequence[keras.Layer], planned: Sequence[PlannedLayer]
) -> list[tuple[str, Choice]]:
    activation = _activation_below(below, planned)
    if activation is not None:
        base_choice = base_choice.replace(activation=activation)
    return [(suffix, choice) for suffix, choice, _ in blocks.hidden_block(config, base_choice, [])]


def _activation_below(below: Sequence[keras.Layer], planned: Sequence[PlannedLayer]) -> Choice | None:
    """The activation that follows the last kernel of `below`, which the mirrored layer gets."""
    planned_by_name = {layer.name: layer for layer in planned}
    start = max(index for index, layer in enumerate(below) if has_kernel(layer))
    for layer in below[start:]:
        planned_layer = planned_by_name.get(layer.name)
        if planned_layer is None:
            continue
        if (
            planned_layer.role == "hidden"
            and (activation := planned_layer.layer.arguments.get("activation"))
            and activation.name != "linear"
        ):
            return activation
        if planned_layer.layer.name == "Activation":
            return planned_layer.layer.arguments["activation"]
        if planned_layer.role == "activation" or planned_layer.layer.name in ACTIVATION_BY_LAYER:
            return planned_layer.layer
    return None


def _tied_layer(layer: keras.Layer, choice: Choice, name: str) -> keras.Layer:
    return TransposedDense(layer, activation=create(choice.arguments["activation"]), name=name)


def _crop_or_pad(
    layer: keras.Layer, tensor: keras.KerasTensor, target_shape: tuple[int | None, ...], apply: ApplyLayer
) -> keras.KerasTensor:
    """Cut off or filled with zeros at the far ends where strides did not divide the image."""
    current_size, target_size = tensor.shape[1:-1], target_shape[1:-1]
    if tuple(current_size) == tuple(target_size):
        return tensor
    rank = len(target_size)
    for operation, amounts in (
        ("Cropping", [max(0, a - b) for a, b in zip(current_size, target_size, strict=True)]),
        ("ZeroPadding", [max(0, b - a) for a, b in zip(current_size, target_size, strict=True)]),
    ):
        if any(amounts):
            pairs = [(0, amount) for amount in amounts]
            shape = pairs if rank > 1 else pairs[0]
            tensor = apply(
                getattr(keras.layers, f"{operation}{rank}D")(shape, name=f"{PREFIX}{layer.name}_{operation.lower()}"),
                tensor,
            )
    return tensor
