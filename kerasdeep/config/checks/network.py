"""Checks of the network: names and inputs, layers where they cannot be, defaults that meet no layer."""

from collections.abc import Iterator
from itertools import pairwise

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import DROPOUT_LAYERS
from kerasdeep.config.checks.context import MAX_LAYERS, CheckContext, inner_layers
from kerasdeep.config.lowering import kernels
from kerasdeep.errors import Problems, suggest

_NETWORK_WORDS = ("Output", "Input", "Repeat", "Residual", "Pretrained")
_CONSTANT_INITIALIZERS = ("Zeros", "Ones", "Constant")
_FADING_ACTIVATIONS = ("silu", "gelu", "mish")
_MAX_FADING_DEPTH = 20
"""Hidden layers past which swish, GELU and mish with He initialization let the signal fade (facts: 4e-3 at 20)."""


def _layer_count(context: CheckContext, problems: Problems) -> None:
    if context.unrolled_count > MAX_LAYERS:
        message = f"the network unrolls to {context.unrolled_count:,} layers. Expected at most {MAX_LAYERS:,}."
        problems.error("too-many-layers", message, context.config.network.location("layers"))


def _nesting(context: CheckContext, problems: Problems) -> None:
    for layer in context.layers:
        wrapper = layer.name not in ("Repeat", "Residual")
        for inner in inner_layers(layer):
            if inner.name in _NETWORK_WORDS if wrapper else inner.name in ("Output", "Input", "Pretrained"):
                message = f"{inner.name} cannot stand inside {layer.name}. Write it in the network's own list."
                problems.error("misplaced-layer", message, inner.location)
            elif wrapper and "inputs" in inner.arguments:
                message = f"a layer in {layer.name} has no inputs of its own. Give them to {layer.name}."
                problems.error("misplaced-layer", message, inner.location)


def _names(context: CheckContext, problems: Problems) -> None:
    """Duplicate names, inputs that are not there, outputs that are missing or idle: what lowering finds."""
    duplicates = set()
    for problem in context.lowering_problems:
        # The parts of a block share its name; the block's own is said once.
        if problem.name != "duplicate-name" or problem.location not in duplicates:
            problems.items.append(problem)
        if problem.name == "duplicate-name":
            duplicates.add(problem.location)


def _settings_without_effect(context: CheckContext, problems: Problems) -> None:
    if not context.planned:
        return
    config, section = context.config, context.config.regularization
    roles = {layer.role for layer in context.planned}
    hidden = [kernels.unwrap(layer) for layer in context.layers if kernels.layer_kernels(layer)]
    reasons = {}
    if section.dropout and section.dropout.rate and not section.dropout.input and "dropout" not in roles:
        reasons["regularization.dropout"] = "the network has no hidden Dense layer"
    if section.batch_norm and not section.batch_norm.input and "norm" not in roles:
        reasons["regularization.batch_norm"] = "it meets no hidden layer"
    if section.max_norm and not hidden:
        reasons["regularization.max_norm"] = "the network has no hidden layer"
    if config.differs_from_default("activation") and all("activation" in layer.arguments for layer in hidden):
        reasons["activation"] = "every hidden layer states its own" if hidden else "the network has no hidden layer"
    if config.differs_from_default("initializer") and not _takes_initializer([*hidden, *context.outputs]):
        reasons["initializer"] = "every layer states its own"
    for path, reason in reasons.items():
        location = config.location(path) or section.location(path.removeprefix("regularization."))
        problems.warn("no-effect", f"`{path}` has no effect: {reason}.", location)


def _takes_initializer(layers: list[Choice]) -> bool:
    return any(
        f"{kernel.prefix}_initializer" not in layer.arguments
        for layer in layers
        for kernel in kernels.KERNELS_BY_LAYER.get(layer.name, kernels.KERNELS_BY_LAYER["Dense"])
    )


def _biased_batch_norm(context: CheckContext, problems: Problems) -> None:
    for group in _layer_lists(context.config.network.layers):
        for previous, layer in pairwise(group):
            biased = "use_bias" in previous.entry.arguments and previous.arguments.get("use_bias", True)
            if layer.name == "BatchNormalization" and biased and _is_linear(previous):
                message = f"{previous.name}'s bias is undone by the BatchNormalization after it. Add `use_bias: false`."
                problems.warn("biased-batch-norm", message, previous.location)
    norm = context.config.regularization.batch_norm
    for layer in context.layers:
        inner = kernels.unwrap(layer)
        has_bias = inner.arguments.get("use_bias") and kernels.layer_kernels(layer)
        if norm and norm.placement == "before" and has_bias:
            message = f"{inner.name}'s bias is undone by `regularization.batch_norm`. Remove `use_bias: true`."
            problems.warn("biased-batch-norm", message, layer.location)


def _layer_lists(layers: list[Choice]) -> Iterator[list[Choice]]:
    yield layers
    for layer in layers:
        if isinstance(layer.arguments.get("layers"), list):
            yield from _layer_lists(layer.arguments["layers"])


def _is_linear(layer: Choice) -> bool:
    """Whether the layer itself says that nothing nonlinear stands between it and what follows."""
    activation = layer.arguments.get("activation", "section")
    return activation is None or (isinstance(activation, Choice) and activation.name == "linear")


def _double_batch_norm(context: CheckContext, problems: Problems) -> None:
    """A BatchNormalization of the network's own behind one of the section's, nothing but activations between."""
    by_name = {layer.name: layer for layer in context.planned}
    for layer in context.planned:
        if layer.layer.name != "BatchNormalization" or layer.role != "other":
            continue
        previous = by_name.get(layer.inputs[0])
        while previous and (previous.role == "activation" or previous.layer.name in ("Activation", *DROPOUT_LAYERS)):
            previous = by_name.get(previous.inputs[0])
        if previous and previous.role == "norm":
            message = "`regularization.batch_norm` has normalized this layer's input already. Keep one of the two."
            problems.warn("double-batch-norm", message, layer.location)


def _equal_weights(context: CheckContext, problems: Problems) -> None:
    section = context.config.initializer
    if isinstance(section, Choice):
        if section.name in _CONSTANT_INITIALIZERS:
            message = f"{section.name} gives every unit the same weights, which then stay the same. Draw them."
            problems.warn("equal-weights", message, section.location)
        elif isinstance(section.arguments.get("seed"), int):
            message = "layers of one shape start with the same weights: the initializer has a fixed seed. "
            message += "Remove `seed`; the run's own seed makes it repeatable."
            problems.warn("equal-weights", message, section.location)
    for layer in (one for one in context.layers if one.name != "Output"):  # a head of zeros is sound
        for kernel in kernels.layer_kernels(layer):
            kernel_initializer = kernels.unwrap(layer).arguments.get(f"{kernel.prefix}_initializer")
            if isinstance(kernel_initializer, Choice) and kernel_initializer.name in _CONSTANT_INITIALIZERS:
                message = f"{kernel_initializer.name} gives every unit of this layer the same weights. Draw them."
                problems.warn("equal-weights", message, kernel_initializer.location or layer.location)


def _vanishing_activation(context: CheckContext, problems: Problems) -> None:
    name = context.config.activation.name
    plain = [layer for layer in context.planned if layer.role == "hidden" and layer.layer.name == "Dense"]
    faded = [layer for layer in plain if layer.layer.arguments["activation"].name == name]
    merges = any(len(layer.inputs) > 1 for layer in context.planned)
    norms = any(layer.layer.name.endswith("Normalization") for layer in context.planned)
    if name in _FADING_ACTIVATIONS and len(faded) > _MAX_FADING_DEPTH and not merges and not norms:
        message = f"{name} lets the signal fade over {len(faded)} layers, even with He initialization. "
        message += "Add `regularization: {batch_norm: before}`, or use selu."
        problems.warn("vanishing-activation", message, context.config.activation.location)


def _output_names(context: CheckContext, problems: Problems) -> None:
    """Losses and metrics by output name an output that is there."""
    names = [output.arguments.get("name") or "output" for output in context.outputs]
    for key in ("loss", "metrics"):
        value = getattr(context.config, key)
        for name in value if isinstance(value, dict) else ():
            if name not in names:
                message = f"`{key}` names the output {name}. The network has: {', '.join(names) or 'none'}."
                problems.error("unknown-output", message, context.config.location(key), suggest(name, names))


CHECKS = (
    *(_layer_count, _nesting, _names, _settings_without_effect, _biased_batch_norm),
    *(_double_batch_norm, _equal_weights, _vanishing_activation, _output_names),
)
