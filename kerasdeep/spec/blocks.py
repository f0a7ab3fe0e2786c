"""What the sections put on and around layers: the scopes of activation, initializer and regularization.

l1 and l2 go on kernels of Dense and Conv layers, the output's included, never on biases. Max-norm, batch norm and
dropout concern hidden layers, in the order layer, batch norm, activation, dropout. A layer's own setting always
beats the section's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerasdeep.catalog import Choice
from kerasdeep.errors import Mark
from kerasdeep.spec import kernels
from kerasdeep.spec.planned import Head
from kerasdeep.spec.regularization import BatchNorm, Regularization

if TYPE_CHECKING:
    from kerasdeep.spec.experiment import Spec

DROPOUTS = (
    "Dropout",
    "AlphaDropout",
    "GaussianDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)
LINEAR = Choice("activation", "linear")
HEAD_ACTIVATIONS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}


def hidden(spec: Spec, layer: Choice, following: list[Choice]) -> Iterator[tuple[str, Choice, str]]:
    """The block that a hidden Dense or Conv layer becomes: (suffix of the name, layer, role), in order.

    `following` are the layers written after it: a BatchNormalization or Dropout that stands right behind the layer
    replaces the section's, and the activation that follows a linear layer decides its initializer.
    """
    norm, dropout, mark = spec.regularization.batch_norm, spec.regularization.dropout, layer.mark
    next_name = following[0].name if following else ""
    if next_name == "BatchNormalization":
        norm = None
    before = norm is not None and norm.placement == "before"
    inner = kernels.core(layer)
    activation = inner.arguments.get("activation", spec.activation) or LINEAR
    as_layer = _as_layer(activation)
    apart = before or as_layer is not None
    inner = _with_hidden_defaults(spec, inner, activation, following)
    inner = inner.replace(activation=LINEAR if apart else activation)
    if before:
        # Batch norm's own offset replaces the bias.
        inner = _with_defaults(inner, {"use_bias": False})
    yield "", kernels.with_core(layer, inner), "hidden"
    if before:
        yield "_bn", _batch_norm(norm, mark), "norm"
    if apart and activation.name != "linear":
        yield (
            "_activation",
            as_layer or Choice("layer", "Activation", {"activation": activation}, mark),
            "activation",
        )
    if norm and not before:
        yield "_bn", _batch_norm(norm, mark), "norm"
    if dropout and dropout.rate and inner.name == "Dense" and next_name not in DROPOUTS:
        yield "_dropout", _dropout(dropout.rate, activation, mark), "dropout"


def output(spec: Spec, layer: Choice, head: Head) -> Choice:
    """The Dense layer that an `Output` is: units and activation by the head where it does not state its own."""
    unset = ("units", "activation", "kernel_initializer")
    arguments = {
        key: value
        for key, value in layer.arguments.items()
        if key not in ("name", "inputs") and not (key in unset and value is None)
    }
    activation = arguments.setdefault("activation", Choice("activation", HEAD_ACTIVATIONS[head.kind]))
    arguments.setdefault("units", head.units)
    arguments.setdefault("kernel_initializer", _initializer(spec, activation.name))
    if spec.runtime.precision.startswith("mixed"):
        # In half precision a softmax loses small probabilities.
        arguments.setdefault("dtype", "float32")
    return penalised(spec.regularization, Choice("layer", "Dense", arguments, layer.mark))


def front(spec: Spec, mark: Mark | None) -> Iterator[tuple[str, Choice]]:
    """What stands between the data and the first layer: noise, batch norm, dropout."""
    section = spec.regularization
    if section.input_noise:
        yield "_noise", Choice("layer", "GaussianNoise", {"stddev": section.input_noise}, mark)
    if section.batch_norm and section.batch_norm.input:
        yield "_bn", _batch_norm(section.batch_norm, mark)
    if section.dropout and section.dropout.input and section.dropout.rate:
        yield "_dropout", _dropout(section.dropout.rate, spec.activation, mark)


def penalised(section: Regularization, layer: Choice) -> Choice:
    """The Dense or Conv layer with l1 and l2 on those of its kernels that state no penalty."""
    amounts = {key: getattr(section, key) for key in ("l1", "l2") if getattr(section, key)}
    if not amounts:
        return layer
    penalty = Choice("regularizer", "".join(amounts).upper(), amounts)
    prefixes = [kernel.prefix for kernel in kernels.KERNELS[layer.name]]
    return _with_defaults(layer, {f"{prefix}_regularizer": penalty for prefix in prefixes})


def _with_hidden_defaults(spec: Spec, layer: Choice, activation: Choice, following: list[Choice]) -> Choice:
    name = activation.name
    if name == "linear":
        name = kernels.activation_after(following) or name
    name = kernels.LAYER_ACTIVATIONS.get(name, name)
    limit = spec.regularization.max_norm
    defaults: dict[str, object] = {}
    for kernel in kernels.KERNELS[layer.name]:
        defaults[f"{kernel.prefix}_initializer"] = _initializer(spec, name)
        if limit is not None:
            axis = kernel.axes if isinstance(kernel.axes, int) else list(kernel.axes)
            bound = Choice("constraint", "MaxNorm", {"max_value": limit, "axis": axis})
            defaults[f"{kernel.prefix}_constraint"] = bound
    return penalised(spec.regularization, _with_defaults(layer, defaults))


def _initializer(spec: Spec, activation: str) -> Choice:
    section = spec.initializer
    return section if isinstance(section, Choice) else kernels.initializer_for(activation)


def _as_layer(activation: Choice) -> Choice | None:
    """The layer that an activation stands for, where it is no mere function."""
    if activation.family == "layer":
        return activation
    if activation.entry.layer:
        return Choice("layer", activation.entry.layer, activation.arguments, activation.mark)
    return None


def _batch_norm(section: BatchNorm, mark: Mark | None) -> Choice:
    settings = {"momentum": section.momentum, "epsilon": section.epsilon}
    return Choice("layer", "BatchNormalization", settings, mark)


def _dropout(rate: float, activation: Choice, mark: Mark | None) -> Choice:
    """Alpha dropout keeps the mean and deviation that SELU lives on (Klambauer et al. 2017)."""
    name = "AlphaDropout" if activation.name == "selu" else "Dropout"
    return Choice("layer", name, {"rate": rate}, mark)


def _with_defaults(layer: Choice, defaults: dict[str, object]) -> Choice:
    return layer.replace(**{key: value for key, value in defaults.items() if key not in layer.arguments})
