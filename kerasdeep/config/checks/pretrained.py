"""Checks of pretrained layers and of `network.application`, wherever they are written."""

from kerasdeep.config.applications import APPLICATIONS
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.lowering.planned import feeding_layer
from kerasdeep.config.sections.pretrained import APPLICATION_PREFIX, PRETRAINED_LAYER, PretrainedConfig
from kerasdeep.errors import Problems, SourceLocation, suggest

_APPLICATION_SCALINGS = ("auto", "unit", "none")
_DECIDED_ARGUMENTS = ("weights", "include_top", "input_shape", "input_tensor", "classes")


def _sources(context: CheckContext, problems: Problems) -> None:
    for section in context.config.pretrained_sources:
        if section.application is None:
            _file(section, problems)
        else:
            _application(section, section.application, context, problems)


def _file(section: PretrainedConfig, problems: Problems) -> None:
    for key in ("arguments", "weights"):
        if section.location(key) and getattr(section, key) not in ({}, "imagenet"):
            message = f"`pretrained.{key}` is for {APPLICATION_PREFIX}NAME; a file has its own. Remove it."
            problems.error("conflict", message, section.location(key))


def _application(section: PretrainedConfig, name: str, context: CheckContext, problems: Problems) -> None:
    if name not in APPLICATIONS:
        message = f"`{name}` is not a model of keras.applications. Expected one of: {', '.join(APPLICATIONS)}."
        problems.error("unknown-application", message, section.location("from"), suggest(name, APPLICATIONS))
    if context.config.data.scaling not in _APPLICATION_SCALINGS:
        message = f"{name} needs pixels in a known range. Use `data.scaling: unit`."
        problems.error("conflict", message, context.config.data.location("scaling"))
    for key in section.arguments:
        if key in _DECIDED_ARGUMENTS:
            message = f"`arguments.{key}` is decided by the other settings, the data or the task. Remove it."
            problems.error("conflict", message, section.location("arguments"))
    if section.head == "keep":
        message = f"{name} is read without its head, so that there is none to keep. Write `head: new`, or leave it out."
        problems.error("conflict", message, section.location("head"))


def _one_kind(context: CheckContext, problems: Problems) -> None:
    """The three ways to write a body exclude each other."""
    config, network = context.config, context.config.network
    layer = next((layer for layer in network.layers if layer.name == PRETRAINED_LAYER), None)
    written: dict[str, SourceLocation | None] = {}
    if network.application is not None:
        written["network.application"] = network.location("application")
    elif network.arguments:
        message = "`network.arguments` are those of an application, and `network.application` names none."
        problems.error("conflict", message, network.location("arguments"))
    if config.pretrained is not None:
        written["pretrained"] = config.location("pretrained")
    if layer is not None:
        written[f"the layer {PRETRAINED_LAYER}"] = layer.location
    if len(written) > 1:
        message = f"{' and '.join(written)} each bring a body. Keep one of them."
        problems.error("conflict", message, next(iter(written.values())))


def _input_regularization(context: CheckContext, problems: Problems) -> None:
    section, layers = context.config.regularization, context.planned
    data_feeds_body = bool(layers) and next((one.role for one in layers if one.role != "input"), "") == "pretrained"
    if data_feeds_body and section.batch_norm is not None and section.batch_norm.input:
        message = "`regularization.batch_norm.input` would change the range of the inputs that the body has learnt. "
        problems.error("conflict", message + "Remove it.", section.location("batch_norm"))


def _kept_heads(context: CheckContext, problems: Problems) -> None:
    """A trained head goes on only where nothing but dropout stands between it and its body."""
    bodies = {layer.name: layer for layer in context.planned if layer.role == "pretrained"}
    continued = {feeding_layer(layer, context.planned) for layer in context.planned if layer.role == "output"}
    for name, layer in bodies.items():
        if layer.layer.arguments.get("head") == "keep" and name not in continued:
            message = "`head: keep` needs `Output` right behind the body: the trained head knows no other layer. "
            problems.error("conflict", message + "Remove the layers between them, or `head`.", layer.location)


CHECKS = (_sources, _one_kind, _input_regularization, _kept_heads)
