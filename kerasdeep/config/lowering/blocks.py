"""What the sections put on and around layers: the scopes of activation, initializer and regularization.

l1 and l2 go on kernels of Dense and Conv layers, the output's included, never on biases. Max-norm, batch norm and
dropout concern hidden layers, in the order layer, batch norm, activation, dropout. A layer's own setting always
beats the section's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import ACTIVATION_BY_LAYER, DROPOUT_LAYERS
from kerasdeep.config.lowering import kernels
from kerasdeep.config.lowering.planned import Head
from kerasdeep.config.sections.regularization import BatchNormConfig, RegularizationConfig
from kerasdeep.errors import SourceLocation
from kerasdeep.tasks import TASKS

if TYPE_CHECKING:
    from kerasdeep.config.root import Config

LINEAR_ACTIVATION = Choice("activation", "linear")


def hidden_block(config: Config, layer: Choice, following: list[Choice]) -> Iterator[tuple[str, Choice, str]]:
    """The block that a hidden Dense or Conv layer becomes: (suffix of the name, layer, role), in order.

    `following` are the layers written after it: a BatchNormalization or Dropout that stands right behind the layer
    replaces the section's, and the activation that follows a linear layer decides its initializer.
    """
    batch_norm, dropout, location = config.regularization.batch_norm, config.regularization.dropout, layer.location
    next_name = following[0].name if following else ""
    if next_name == "BatchNormalization":
        batch_norm = None
    norm_before = batch_norm if batch_norm and batch_norm.placement == "before" else None
    inner = kernels.unwrap(layer)
    activation = inner.arguments.get("activation", config.activation) or LINEAR_ACTIVATION
    activation_layer = _activation_layer(activation)
    activation_apart = norm_before is not None or activation_layer is not None
    inner = _with_section_defaults(config, inner, activation, following)
    inner = inner.replace(activation=LINEAR_ACTIVATION if activation_apart else activation)
    if norm_before:
        # Batch norm's own offset replaces the bias.
        inner = _with_default_arguments(inner, {"use_bias": False})
    yield "", kernels.rewrap(layer, inner), "hidden"
    if norm_before:
        yield "_bn", _batch_norm_layer(norm_before, location), "norm"
    if activation_apart and activation.name != "linear":
        default = Choice("layer", "Activation", {"activation": activation}, location)
        yield "_activation", activation_layer or default, "activation"
    if batch_norm and not norm_before:
        yield "_bn", _batch_norm_layer(batch_norm, location), "norm"
    if dropout and dropout.rate and inner.name == "Dense" and next_name not in DROPOUT_LAYERS:
        yield "_dropout", _dropout_layer(dropout.rate, activation, location), "dropout"


def output_layer(config: Config, layer: Choice, head: Head) -> Choice:
    """The Dense layer that an `Output` is: units and activation by the head where it does not state its own."""
    unset = [key for key in ("units", "activation", "kernel_initializer") if layer.arguments.get(key) is None]
    arguments = {key: value for key, value in layer.arguments.items() if key not in ("name", "inputs", *unset)}
    activation = arguments.setdefault("activation", Choice("activation", TASKS[head.kind].activation))
    arguments.setdefault("units", head.units)
    arguments.setdefault("kernel_initializer", _initializer_for(config, activation.name))
    if config.runtime.precision.startswith("mixed"):
        # In half precision a softmax loses small probabilities.
        arguments.setdefault("dtype", "float32")
    return with_penalties(config.regularization, Choice("layer", "Dense", arguments, layer.location))


def input_layers(config: Config, location: SourceLocation | None) -> Iterator[tuple[str, Choice]]:
    """What stands between the data and the first layer: noise, batch norm, dropout."""
    section = config.regularization
    if section.input_noise:
        yield "_noise", Choice("layer", "GaussianNoise", {"stddev": section.input_noise}, location)
    if section.batch_norm and section.batch_norm.input:
        yield "_bn", _batch_norm_layer(section.batch_norm, location)
    if section.dropout and section.dropout.input and section.dropout.rate:
        yield "_dropout", _dropout_layer(section.dropout.rate, config.activation, location)


def with_penalties(section: RegularizationConfig, layer: Choice) -> Choice:
    """The Dense or Conv layer with l1 and l2 on those of its kernels that state no penalty."""
    amounts = {key: getattr(section, key) for key in ("l1", "l2") if getattr(section, key)}
    if not amounts:
        return layer
    penalty = Choice("regularizer", "".join(amounts).upper(), amounts)
    prefixes = [kernel.prefix for kernel in kernels.KERNELS_BY_LAYER[layer.name]]
    return _with_default_arguments(layer, {f"{prefix}_regularizer": penalty for prefix in prefixes})


def _with_section_defaults(config: Config, layer: Choice, activation: Choice, following: list[Choice]) -> Choice:
    name = activation.name
    if name == "linear":
        name = kernels.activation_after(following) or name
    name = ACTIVATION_BY_LAYER.get(name, name)
    max_norm = config.regularization.max_norm
    defaults: dict[str, object] = {}
    for kernel in kernels.KERNELS_BY_LAYER[layer.name]:
        defaults[f"{kernel.prefix}_initializer"] = _initializer_for(config, name)
        if max_norm is not None:
            axis = kernel.axes if isinstance(kernel.axes, int) else list(kernel.axes)
            constraint = Choice("constraint", "MaxNorm", {"max_value": max_norm, "axis": axis})
            defaults[f"{kernel.prefix}_constraint"] = constraint
    return with_penalties(config.regularization, _with_default_arguments(layer, defaults))


def _initializer_for(config: Config, activation: str) -> Choice:
    section = config.initializer
    return section if isinstance(section, Choice) else kernels.default_initializer(activation)


def _activation_layer(activation: Choice) -> Choice | None:
    """The layer that an activation stands for, where it is no mere function."""
    if activation.family == "layer":
        return activation
    if activation.entry.layer:
        return Choice("layer", activation.entry.layer, activation.arguments, activation.location)
    return None


def _batch_norm_layer(section: BatchNormConfig, location: SourceLocation | None) -> Choice:
    settings = {"momentum": section.momentum, "epsilon": section.epsilon}
    return Choice("layer", "BatchNormalization", settings, location)


def _dropout_layer(rate: float, activation: Choice, location: SourceLocation | None) -> Choice:
    """Alpha dropout keeps the mean and deviation that SELU lives on (Klambauer et al. 2017)."""
    name = "AlphaDropout" if activation.name == "selu" else "Dropout"
    return Choice("layer", name, {"rate": rate}, location)


def _with_default_arguments(layer: Choice, defaults: dict[str, object]) -> Choice:
    return layer.replace(**{key: value for key, value in defaults.items() if key not in layer.arguments})
