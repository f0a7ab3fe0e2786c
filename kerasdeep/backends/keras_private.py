"""Every name of Keras that is not public, in one file: what an upgrade of Keras may break.

Two uses stay where they are: subclasses of Keras's classes in `custom_objects` use protected members of their own
base, and `catalog.generate` reads Keras's source to write the catalogue.
"""

from __future__ import annotations

from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.legacy.saving import legacy_h5_format, saving_options, saving_utils
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
from keras.src.saving import serialization_lib
from keras.src.utils.rng_utils import GLOBAL_RANDOM_SEED

__all__ = ["legacy_h5_format", "saving_options", "saving_utils", "serialization_lib"]
"""The readers of Keras 2's files, whose parts `load_model` applies without the scan that comes between."""


# Models as graphs


def nested_layers(layer: keras.Layer, include_self: bool = False) -> list[keras.Layer]:
    """Every layer inside `layer`, however deep; `Model.layers` stops at the first level."""
    return list(layer._flatten_layers(include_self=include_self, recursive=True))


def has_convolutions(model: keras.Model) -> bool:
    """Whether a layer convolves or pools, however deep it lies."""
    names = (type(layer).__name__ for layer in nested_layers(model))
    return any("Conv" in name or "Pooling" in name for name in names)


def functional_graph(model: keras.Model) -> Any:
    """The graph of layers of a model, with its `inputs` and `outputs`; a Sequential keeps it inside itself."""
    return getattr(model, "_functional", None) or model


def graph_nodes(graph: keras.Model) -> list[Any]:
    """The calls that a functional model consists of, those near the inputs first; empty for other models."""
    by_depth = getattr(graph, "_nodes_by_depth", None) or {}
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def call_nodes(layer: keras.Layer) -> list[Any]:
    """A node for each symbolic call of the layer: a layer called twice has no `output`, one never called neither."""
    return layer._inbound_nodes


def producing_layer(tensor: Any) -> keras.Layer:
    """The layer that gives a symbolic tensor, which Keras does not say publicly."""
    return tensor._keras_history.operation


def tensors_before(tensor: Any) -> list[Any]:
    """The tensors that the layer which gives `tensor` was called on."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index].input_tensors


def draws_at_random(layer: keras.Layer) -> bool:
    """Whether the layer has a seed generator, of which Keras keeps a private list."""
    return bool(getattr(layer, "_seed_generators", ()))


# Variables, optimizers, metrics


def build_variables(model: keras.Model, batch: Any) -> None:
    """Create metric and optimizer variables as `fit` does before its first step: no compiled loop may do it."""
    model._symbolic_build(data_batch=batch)


def has_value(variable: keras.Variable) -> bool:
    """Whether the variable has been given its value; asking for `value` would fill a shape-only variable."""
    return variable._value is not None


def learning_rate(optimizer: keras.optimizers.Optimizer) -> Any:
    """The optimizer's variable or schedule; `learning_rate` is a number that forgets the schedule."""
    return optimizer._learning_rate


def set_learning_rate(optimizer: keras.optimizers.Optimizer, schedule: Any) -> None:
    """Replace a schedule, which the public setter refuses once there is one."""
    optimizer._learning_rate = schedule


def trained_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """The variables that the optimizer was built for; publicly it lists only its own."""
    return optimizer._trainable_variables


def share_update_count(optimizer: keras.optimizers.Optimizer, other: keras.optimizers.Optimizer) -> None:
    """Let `optimizer` count the updates of `other`; `iterations` has no setter."""
    optimizer._iterations = other._iterations


def default_of_groups(optimizer: keras.optimizers.MultiOptimizer) -> keras.optimizers.Optimizer:
    """The optimizer of the variables that no group names."""
    return optimizer._optimizer_map.default_optimizer


def metric_direction(metric: keras.metrics.Metric) -> str | None:
    """`up` or `down`, where the metric says which is better; Keras's own callbacks read it there too."""
    return getattr(metric, "_direction", None)


def jax_variable_class() -> Any:
    """The class of Keras's variables on JAX, whose `_initialize_with_initializer` gives them their values.

    What replaces it reads `_shape`, `_dtype` and `_layout`, and calls `_initialize_layout` and `_initialize`.
    """
    from keras.src.backend.jax.core import JaxVariable

    return JaxVariable


# Keras's state of the process


def set_random_seed(seed: int) -> None:
    """Keras's part of `keras.utils.set_random_seed`, which imports TensorFlow on every backend."""
    global_state.set_global_attribute(GLOBAL_RANDOM_SEED, seed)
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)


def uninitialized_variables() -> list[keras.Variable]:
    """The variables that wait for their values, all of which Keras fills at the next chance."""
    return list(global_state.get_global_attribute("uninitialized_variables") or ())


def set_uninitialized_variables(variables: list[keras.Variable]) -> None:
    """Put the list of waiting variables back, so that those made since are never filled."""
    global_state.set_global_attribute("uninitialized_variables", variables)
