"""The backbone that a pretraining stage trains: a copy of the network up to the layer whose weights are transferred."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.errors import InputError, SourceLocation, suggest
from kerasdeep.keras_names import keras_name, written_name
from kerasdeep.modeling.freezing import leaf_layers

_BLOCK_ROLES = ("norm", "activation", "dropout")


@dataclass(frozen=True)
class Backbone:
    """`network` is the copy, whose layers have the network's names; `output` the tensor where the backbone ends."""

    network: keras.Model
    output: keras.KerasTensor
    planned: tuple[PlannedLayer, ...]

    @property
    def input(self) -> keras.KerasTensor:
        return self.network.inputs[0]

    @property
    def layers(self) -> dict[str, keras.Layer]:
        """The backbone's layers by name, in order."""
        return dict(leaf_layers(keras.Model(self.network.inputs, self.output)))


def cut_backbone(
    network: keras.Model,
    planned: Sequence[PlannedLayer],
    until: str | None,
    config_path: str,
    location: SourceLocation | None,
) -> Backbone:
    """The part of `network` up to the block of the layer `until`, or to what feeds the output.

    Raises InputError for several inputs, an unknown layer, and a backbone without weights.
    """
    if len(network.inputs) > 1:
        message = f"`{config_path}`: the data has several inputs; pretraining takes one. Use a network on one of them."
        raise InputError(message, "no-body", location)
    body = Backbone(network, _output_tensor(network, planned, until, config_path, location), tuple(planned))
    if not any(layer.weights for layer in body.layers.values()):
        message = f"`{config_path}`: no layer before the output has weights, so there is nothing to pretrain. "
        raise InputError(f"{message}Add hidden layers to the network.", "no-body", location)
    return body


def _output_tensor(
    network: keras.Model,
    planned: Sequence[PlannedLayer],
    until: str | None,
    config_path: str,
    location: SourceLocation | None,
) -> keras.KerasTensor:
    heads = [layer for layer in planned if layer.role == "output"]
    if until is None:
        output_inputs = {head.inputs for head in heads}
        if len(output_inputs) > 1:
            message = f"`{config_path}`: the outputs follow different layers. Say where to cut: `until: NAME`."
            raise InputError(message, "no-body", location)
        return network.get_layer(heads[0].name).input
    head_names = {head.name for head in heads}
    names = [written_name(layer.name) for layer in network.layers if layer.name not in head_names]
    if until not in names:
        message = f"`{config_path}.until`: the network has no layer `{until}`. It has: {', '.join(names[:40])}."
        raise InputError(message, "unknown-layers", location, suggest(until, names))
    return network.get_layer(_end_of_block(keras_name(until), planned)).output


def _end_of_block(name: str, planned: Sequence[PlannedLayer]) -> str:
    """The last layer of the block that begins with `name`: its batch norm, activation and dropout belong to it."""
    for layer in planned:
        if layer.inputs == (name,) and layer.role in _BLOCK_ROLES:
            name = layer.name
    return name
