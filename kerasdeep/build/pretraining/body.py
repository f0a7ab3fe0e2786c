"""The body that a pretraining stage teaches: a twin of the network up to the layer it is handed on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerasdeep.build.selection import leaves
from kerasdeep.errors import InputError, Mark, Problem, closest
from kerasdeep.spec.planned import PlannedLayer

_OF_THE_BLOCK = ("norm", "activation", "dropout")


@dataclass(frozen=True)
class Body:
    """`network` is the twin, whose layers have the network's names; `end` the tensor that the body ends in."""

    network: keras.Model
    end: Any
    planned: tuple[PlannedLayer, ...]

    @property
    def input(self) -> Any:
        return self.network.inputs[0]

    @property
    def layers(self) -> dict[str, keras.Layer]:
        """The body's layers by name, in order."""
        return dict(leaves(keras.Model(self.network.inputs, self.end)))


def cut(
    network: keras.Model, planned: Sequence[PlannedLayer], until: str | None, where: str, mark: Mark | None
) -> Body:
    """The body of `network` up to the block of the layer `until`, or to what feeds the output.

    Raises InputError for several inputs, a layer that is not there, and a body without weights.
    """
    if len(network.inputs) > 1:
        message = (
            f"`{where}`: the data has several inputs, and pretraining takes one. Use a network on one of them."
        )
        raise InputError(message, "no-body", mark)
    body = Body(network, _end(network, planned, until, where, mark), tuple(planned))
    if not any(layer.weights for layer in body.layers.values()):
        message = (
            f"`{where}`: no layer with weights stands in front of the output, so there is nothing to pretrain."
        )
        raise InputError(f"{message} Add hidden layers to the network.", "no-body", mark)
    return body


def _end(
    network: keras.Model, planned: Sequence[PlannedLayer], until: str | None, where: str, mark: Mark | None
) -> Any:
    heads = [layer for layer in planned if layer.role == "output"]
    if until is None:
        ends = {head.inputs for head in heads}
        if len(ends) > 1:
            message = f"`{where}`: the outputs stand on different layers. Say where the body ends: `until: NAME`."
            raise InputError(message, "no-body", mark)
        return network.get_layer(heads[0].name).input
    names = [layer.name for layer in network.layers if layer.name not in {head.name for head in heads}]
    if until not in names:
        message = f"`{where}.until`: the network has no layer `{until}`. It has: {', '.join(names[:40])}."
        raise InputError([Problem("error", "unknown-layers", message, mark, closest(until, names))])
    return network.get_layer(_end_of_block(until, planned)).output


def _end_of_block(name: str, planned: Sequence[PlannedLayer]) -> str:
    """The last layer of the block that begins with `name`: its batch norm, activation and dropout belong to it."""
    for layer in planned:
        if layer.inputs == (name,) and layer.role in _OF_THE_BLOCK:
            name = layer.name
    return name
