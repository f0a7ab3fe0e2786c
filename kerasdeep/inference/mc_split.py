"""A model cut in two: what is the same for every random copy, and what is not."""

from __future__ import annotations

from typing import Any

import keras

from kerasdeep.backends.keras_private import functional_graph, graph_nodes, nested_layers


def split_at_dropout(model: keras.Model, layers: list[keras.Layer]) -> tuple[keras.Model, keras.Model] | None:
    """(before, after): `before` takes the model's inputs and gives a list that `after` turns into its outputs.

    Nothing in `before` depends on one of `layers`, so its answers can serve all copies. Both share the model's
    layers. None where nothing is gained (a random layer comes first), and for a model that is no graph, has a head
    without randomness, or passes masks along, which do not survive the cut.
    """
    graph = functional_graph(model)
    nodes = graph_nodes(graph)
    if not nodes or any(_produces_masks(layer) for layer in nested_layers(model)):
        return None
    random_tensor_ids: set[int] = set()
    boundary_by_id: dict[int, Any] = {}
    random_layer_ids = {id(layer) for layer in layers}
    for node in nodes:
        inputs = node.input_tensors
        if any(id(tensor) in random_tensor_ids for tensor in inputs) or _contains_layer(
            node.operation, random_layer_ids
        ):
            random_tensor_ids |= {id(tensor) for tensor in node.outputs}
            boundary_by_id |= {id(tensor): tensor for tensor in inputs if id(tensor) not in random_tensor_ids}
    # Keras makes no model of which an output is an input.
    if any(id(tensor) not in random_tensor_ids for tensor in graph.outputs):
        return None
    if set(boundary_by_id) <= {id(tensor) for tensor in graph.inputs}:
        return None
    boundary = list(boundary_by_id.values())
    return keras.Model(graph.input, boundary), keras.Model(boundary, graph.output)


def _produces_masks(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.Masking) or bool(getattr(layer, "mask_zero", False))


def _contains_layer(operation: Any, layer_ids: set[int]) -> bool:
    layers = nested_layers(operation, include_self=True) if isinstance(operation, keras.Layer) else [operation]
    return any(id(layer) in layer_ids for layer in layers)
