"""The frozen bottom of a network, cut off where its outputs can be computed once and for all."""

from collections import Counter

import keras

from kerasdeep.backends.keras_private import (
    draws_at_random,
    functional_graph,
    graph_nodes,
    nested_layers,
    producing_layer,
    tensors_before,
)
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.keras_names import written_name


def split_frozen_base(
    model: keras.Model, config_path: str, location: SourceLocation | None
) -> tuple[keras.Model, keras.Model]:
    """The bottom of `model`, in which nothing is trainable and nothing random, and the rest; they share its layers.

    Raises InputError where no layer with weights is frozen below all trainable ones, and where something random is
    among the frozen ones.
    """
    tensor, bottom = _cacheable_bottom(model, config_path, location)
    return bottom, keras.Model(tensor, model.output, name=model.name)


def can_split(model: keras.Model) -> bool:
    """Whether `split_frozen_base` can split `model`."""
    try:
        _cacheable_bottom(model, "", None)
    except InputError:
        return False
    return True


def _cacheable_bottom(
    model: keras.Model, config_path: str, location: SourceLocation | None
) -> tuple[keras.KerasTensor, keras.Model]:
    """The tensor to cut at, and the bottom that gives it."""
    cuts = [tensor for tensor in _single_outputs(model) if _separates_inputs(tensor, model)]
    bottoms = [(tensor, keras.Model(model.input, tensor)) for tensor in cuts]
    frozen = [(tensor, bottom) for tensor, bottom in bottoms if not bottom.trainable_weights]
    if not frozen or not frozen[-1][1].weights:
        first_trainable = next(written_name(layer.name) for layer in model.layers if layer.trainable_weights)
        message = f"`{config_path}`: no layer with weights is frozen below `{first_trainable}`, which is trainable, so "
        message += "there is nothing to compute once. Freeze the bottom: `train: head` or `last:N`."
        raise InputError(message, "conflict", location)
    cacheable = [(tensor, bottom) for tensor, bottom in frozen if not _uncacheable_layers(bottom)]
    if not cacheable or len(cacheable[-1][1].weights) < len(frozen[-1][1].weights):
        names = ", ".join(_uncacheable_layers(frozen[-1][1])[:5])
        message = f"`{config_path}`: the frozen part is random or penalised, so it cannot be computed once: {names}. "
        raise InputError(f"{message}Remove these layers, or `cache_features`.", "conflict", location)
    return cacheable[-1]


def _single_outputs(model: keras.Model) -> list[keras.KerasTensor]:
    """The output of each layer that `model` uses once, where it has one and does not end there; near the data first.

    What is cut off shares the layers: they then have calls that are not this model's.
    """
    nodes = [node for node in graph_nodes(functional_graph(model)) if isinstance(node.operation, keras.Layer)]
    uses = Counter(id(node.operation) for node in nodes)
    ends = {id(tensor) for tensor in keras.tree.flatten(model.output)}
    return [
        node.output_tensors[0]
        for node in nodes
        if not isinstance(node.operation, keras.layers.InputLayer)
        and uses[id(node.operation)] == len(node.output_tensors) == 1
        and id(node.output_tensors[0]) not in ends
    ]


def _separates_inputs(tensor: keras.KerasTensor, model: keras.Model) -> bool:
    """Whether every path from the data to the outputs leads through `tensor`."""
    pending, visited = list(keras.tree.flatten(model.output)), {id(tensor)}
    while pending:
        current = pending.pop()
        if id(current) in visited:
            continue
        visited.add(id(current))
        if isinstance(producing_layer(current), keras.layers.InputLayer):
            return False
        pending += tensors_before(current)
    return True


def _uncacheable_layers(model: keras.Model) -> list[str]:
    """The layers that draw at random in training, or whose outputs are penalised.

    Augmentation does not count: features are those of the rows as they are.
    """
    return [
        written_name(layer.name)
        for layer in nested_layers(model)
        if (draws_at_random(layer) and not layer.name.startswith("augmentation_"))
        or getattr(layer, "activity_regularizer", None)
    ]
