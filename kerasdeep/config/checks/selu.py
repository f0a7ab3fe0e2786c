"""The conditions on which SELU keeps mean 0 and deviation 1 from layer to layer (Klambauer et al. 2017)."""

from collections.abc import Iterator

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import PLAIN_DROPOUT_LAYERS, RECURRENT_LAYERS
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.checks.data import kind_from_name
from kerasdeep.config.lowering import kernels
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.errors import Problems


def _selu(context: CheckContext, problems: Problems) -> None:
    activated = list(_selu_layers(context.planned))
    if not activated:
        return
    _layer_settings(context, activated, problems)
    _inputs(context, problems)
    _sections(context, problems)
    for layer in context.planned:
        if layer.layer.name in PLAIN_DROPOUT_LAYERS:
            problems.warn("selu-dropout", "Dropout breaks SELU's scale. Use AlphaDropout.", layer.location)
        if layer.layer.name == "BatchNormalization" and layer.role == "other":
            problems.warn("selu-batch-norm", "a SELU network needs no BatchNormalization.", layer.location)
        if len(layer.inputs) > 1:
            message = "skips and merges break SELU's scale. Use another activation with them."
            problems.warn("selu-topology", message, layer.location)


def _selu_layers(planned: tuple[PlannedLayer, ...]) -> Iterator[PlannedLayer]:
    """The layers whose result SELU takes, be it their own activation or the layer after them."""
    by_name = {layer.name: layer for layer in planned}
    for layer in planned:
        if not _is_selu(kernels.unwrap(layer.layer).arguments.get("activation")):
            continue
        while layer.layer.name in ("Activation", "BatchNormalization") and layer.inputs[0] in by_name:
            layer = by_name[layer.inputs[0]]
        yield layer


def _is_selu(activation: object) -> bool:
    return isinstance(activation, Choice) and activation.name == "selu"


def _layer_settings(context: CheckContext, activated: list[PlannedLayer], problems: Problems) -> None:
    section = context.config.regularization
    for layer in activated:
        arguments = kernels.unwrap(layer.layer).arguments
        initializer, penalty = arguments.get("kernel_initializer"), arguments.get("kernel_regularizer")
        if isinstance(initializer, Choice) and not _keeps_variance(initializer):
            message = f"{initializer.name} does not keep SELU's scale. Use lecun_normal, or `initializer: auto`."
            problems.warn("selu-initializer", message, initializer.location or layer.location)
        if isinstance(penalty, Choice) and not (section.l1 or section.l2):
            problems.warn("selu-penalty", f"{penalty.name} breaks SELU's scale. Use alpha dropout.", penalty.location)
        if isinstance(arguments.get("kernel_constraint"), Choice) and not section.max_norm:
            message = "a constraint on the weights breaks SELU's scale."
            problems.warn("selu-max-norm", message, arguments["kernel_constraint"].location)
        if layer.layer.name in RECURRENT_LAYERS:
            message = f"SELU keeps its scale in plain stacks only, not in {layer.layer.name}."
            problems.warn("selu-topology", message, layer.location)


def _keeps_variance(initializer: Choice) -> bool:
    """LeCun's variance, 1 / fan_in, under its own name or as the general form."""
    general = initializer.name == "VarianceScaling"
    lecun = general and (initializer.value("scale"), initializer.value("mode")) == (1.0, "fan_in")
    return lecun or initializer.name.startswith("Lecun")


def _inputs(context: CheckContext, problems: Problems) -> None:
    config = context.config
    if config.regularization.batch_norm and config.regularization.batch_norm.input:
        return
    if config.data.scaling in ("unit", "minmax", "robust", "none"):
        message = f"`data.scaling: {config.data.scaling}` does not standardize the inputs. Use `scaling: standardize`."
        problems.warn("selu-inputs", message, config.data.location("scaling"))
    elif config.data.scaling == "auto" and kind_from_name(config.data) == "image":
        message = "pictures are scaled to 0 .. 1, but SELU expects standardized inputs. "
        message += "Add `data: {scaling: standardize}`."
        problems.warn("selu-inputs", message, config.data.location("scaling") or config.data.location("source"))


def _sections(context: CheckContext, problems: Problems) -> None:
    section = context.config.regularization
    if section.batch_norm:
        message = "a SELU network needs no batch normalization."
        problems.warn("selu-batch-norm", message, section.location("batch_norm"))
    for key in ("l1", "l2", "weight_decay"):
        if getattr(section, key):
            message = f"`{key}` breaks SELU's scale. Use alpha dropout."
            problems.warn("selu-penalty", message, section.location(key))
    if section.max_norm:
        problems.warn("selu-max-norm", "`max_norm` breaks SELU's scale.", section.location("max_norm"))


CHECKS = (_selu,)
