"""Checks of the network: names and inputs, layers where they cannot be, defaults that meet no layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from kerasdeep.catalog import Choice
from kerasdeep.errors import Report, closest
from kerasdeep.spec import kernels
from kerasdeep.spec.blocks import DROPOUTS
from kerasdeep.spec.conflicts.view import MOST_LAYERS, View, stated, within

_NETWORK_WORDS = ("Output", "Input", "Repeat", "Residual")
_CONSTANT = ("Zeros", "Ones", "Constant")
_FADING = ("silu", "gelu", "mish")
_DEEP = 20
"""Hidden layers past which swish, GELU and mish with He initialization let the signal fade (facts: 4e-3 at 20)."""


def _size(view: View, report: Report) -> None:
    if view.count > MOST_LAYERS:
        message = f"the network unrolls to {view.count:,} layers. Expected at most {MOST_LAYERS:,}."
        report.error("too-many-layers", message, view.spec.network.mark("layers"))


def _nesting(view: View, report: Report) -> None:
    for layer in view.layers:
        wrapper = layer.name not in ("Repeat", "Residual")
        for inner in within(layer):
            if inner.name in _NETWORK_WORDS if wrapper else inner.name in ("Output", "Input"):
                message = f"{inner.name} cannot stand inside {layer.name}. Write it in the network's own list."
                report.error("misplaced-layer", message, inner.mark)
            elif wrapper and "inputs" in inner.arguments:
                message = f"a layer in {layer.name} has no inputs of its own. Give them to {layer.name}."
                report.error("misplaced-layer", message, inner.mark)


def _names(view: View, report: Report) -> None:
    """Duplicate names, inputs that are not there, outputs that are missing or idle: what lowering finds."""
    twice = set()
    for problem in view.lowering_problems:
        # The parts of a block share its name; the block's own is said once.
        if problem.name != "duplicate-name" or problem.mark not in twice:
            report.problems.append(problem)
        if problem.name == "duplicate-name":
            twice.add(problem.mark)


def _without_effect(view: View, report: Report) -> None:
    if not view.planned:
        return
    spec, section = view.spec, view.spec.regularization
    roles = {layer.role for layer in view.planned}
    hidden = [kernels.core(layer) for layer in view.layers if kernels.kernels_of(layer)]
    idle = []
    if section.dropout and section.dropout.rate and not section.dropout.input and "dropout" not in roles:
        idle.append((section.mark("dropout"), "regularization.dropout", "the network has no hidden Dense layer"))
    if section.batch_norm and not section.batch_norm.input and "norm" not in roles:
        idle.append((section.mark("batch_norm"), "regularization.batch_norm", "it meets no hidden layer"))
    if section.max_norm and not hidden:
        idle.append((section.mark("max_norm"), "regularization.max_norm", "the network has no hidden layer"))
    if stated(spec, "activation") and all("activation" in layer.arguments for layer in hidden):
        why = "every hidden layer states its own" if hidden else "the network has no hidden layer"
        idle.append((spec.mark("activation"), "activation", why))
    if stated(spec, "initializer") and not _takes_initializer([*hidden, *view.outputs]):
        idle.append((spec.mark("initializer"), "initializer", "every layer states its own"))
    for mark, key, why in idle:
        report.warn("no-effect", f"`{key}` has no effect: {why}.", mark)


def _takes_initializer(layers: list[Choice]) -> bool:
    return any(
        f"{kernel.prefix}_initializer" not in layer.arguments
        for layer in layers
        for kernel in kernels.KERNELS.get(layer.name, kernels.KERNELS["Dense"])
    )


def _biased_batch_norm(view: View, report: Report) -> None:
    for group in _lists(view.spec.network.layers):
        for before, layer in pairwise(group):
            biased = "use_bias" in before.entry.arguments and before.arguments.get("use_bias", True)
            if layer.name == "BatchNormalization" and biased and _is_linear(before):
                message = (
                    f"{before.name}'s bias is undone by the BatchNormalization after it. Add `use_bias: false`."
                )
                report.warn("biased-batch-norm", message, before.mark)
    norm = view.spec.regularization.batch_norm
    for layer in view.layers:
        inner = kernels.core(layer)
        own_bias = inner.arguments.get("use_bias") and kernels.kernels_of(layer)
        if norm and norm.placement == "before" and own_bias:
            message = f"{inner.name}'s bias is undone by `regularization.batch_norm`. Remove `use_bias: true`."
            report.warn("biased-batch-norm", message, layer.mark)


def _lists(layers: list[Choice]) -> Iterator[list[Choice]]:
    yield layers
    for layer in layers:
        if isinstance(layer.arguments.get("layers"), list):
            yield from _lists(layer.arguments["layers"])


def _is_linear(layer: Choice) -> bool:
    """Whether the layer itself says that nothing nonlinear stands between it and what follows."""
    activation = layer.arguments.get("activation", "section")
    return activation is None or (isinstance(activation, Choice) and activation.name == "linear")


def _double_batch_norm(view: View, report: Report) -> None:
    """A BatchNormalization of the network's own behind one of the section's, nothing but activations between."""
    by_name = {layer.name: layer for layer in view.planned}
    for layer in view.planned:
        if layer.layer.name != "BatchNormalization" or layer.role != "other":
            continue
        before = by_name.get(layer.inputs[0])
        while before and (before.role == "activation" or before.layer.name in ("Activation", *DROPOUTS)):
            before = by_name.get(before.inputs[0])
        if before and before.role == "norm":
            message = "`regularization.batch_norm` has normalized this layer's input already. Keep one of the two."
            report.warn("double-batch-norm", message, layer.origin)


def _equal_weights(view: View, report: Report) -> None:
    section = view.spec.initializer
    if isinstance(section, Choice):
        if section.name in _CONSTANT:
            message = f"{section.name} gives every unit the same weights, which then stay the same. Draw them."
            report.warn("equal-weights", message, section.mark)
        elif isinstance(section.arguments.get("seed"), int):
            message = "layers of one shape start with the same weights: the initializer has a fixed seed. "
            message += "Remove `seed`; the run's own seed makes it repeatable."
            report.warn("equal-weights", message, section.mark)
    for layer in view.layers:
        for kernel in kernels.kernels_of(layer):
            own = kernels.core(layer).arguments.get(f"{kernel.prefix}_initializer")
            if isinstance(own, Choice) and own.name in _CONSTANT:
                message = f"{own.name} gives every unit of this layer the same weights. Draw them."
                report.warn("equal-weights", message, own.mark or layer.mark)


def _vanishing_activation(view: View, report: Report) -> None:
    name = view.spec.activation.name
    plain = [layer for layer in view.planned if layer.role == "hidden" and layer.layer.name == "Dense"]
    faded = [layer for layer in plain if layer.layer.arguments["activation"].name == name]
    merges = any(len(layer.inputs) > 1 for layer in view.planned)
    norms = any(layer.layer.name.endswith("Normalization") for layer in view.planned)
    if name in _FADING and len(faded) > _DEEP and not merges and not norms:
        message = f"{name} lets the signal fade over {len(faded)} layers, even with He initialization. "
        message += "Add `regularization: {batch_norm: before}`, or use selu."
        report.warn("vanishing-activation", message, view.spec.activation.mark)


def _heads(view: View, report: Report) -> None:
    """Losses and metrics by output name an output that is there."""
    names = [output.arguments.get("name") or "output" for output in view.outputs]
    for key in ("loss", "metrics"):
        value = getattr(view.spec, key)
        for name in value if isinstance(value, dict) else ():
            if name not in names:
                message = f"`{key}` names the output {name}. The network has: {', '.join(names) or 'none'}."
                report.error("unknown-output", message, view.spec.mark(key), closest(name, names))


CHECKS = (
    _size,
    _nesting,
    _names,
    _without_effect,
    _biased_batch_norm,
    _double_batch_norm,
    _equal_weights,
    _vanishing_activation,
    _heads,
)
