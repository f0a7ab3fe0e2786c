"""A model cut in two: what is the same for every random copy, and what is not."""

from __future__ import annotations

from typing import Any

import keras


def split(model: keras.Model, layers: list[keras.Layer]) -> tuple[keras.Model, keras.Model] | None:
    """(before, after): `before` takes the model's inputs and gives a list that `after` turns into its outputs.

    Nothing in `before` depends on one of `layers`, so its answers can serve all copies. Both share the model's
    layers. None where nothing is gained (a random layer comes first), and for a model that is no graph, has a head
    without randomness, or passes masks along, which do not survive the cut.
    """
    graph = getattr(model, "_functional", None) or model
    by_depth = getattr(graph, "_nodes_by_depth", None)
    if not by_depth or any(_makes_masks(layer) for layer in model._flatten_layers(include_self=False)):
        return None
    random: set[int] = set()
    edge: dict[int, Any] = {}
    chosen = {id(layer) for layer in layers}
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            fed = node.input_tensors
            if any(id(tensor) in random for tensor in fed) or _holds(node.operation, chosen):
                random |= {id(tensor) for tensor in node.outputs}
                edge |= {id(tensor): tensor for tensor in fed if id(tensor) not in random}
    # Keras makes no model of which an output is an input.
    if any(id(tensor) not in random for tensor in graph.outputs):
        return None
    if set(edge) <= {id(tensor) for tensor in graph.inputs}:
        return None
    border = list(edge.values())
    return keras.Model(graph.input, border), keras.Model(border, graph.output)


def _makes_masks(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.Masking) or bool(getattr(layer, "mask_zero", False))


def _holds(operation: Any, chosen: set[int]) -> bool:
    inside = operation._flatten_layers() if isinstance(operation, keras.Layer) else [operation]
    return any(id(layer) in chosen for layer in inside)
