"""Checks of `pretrained` and `network.application`: what acts in front of the first layer has no place there."""

from kerasdeep.config.applications import APPLICATIONS
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.sections.pretrained import APPLICATION_PREFIX, has_only_outputs
from kerasdeep.errors import Problems, suggest

_APPLICATION_SCALINGS = ("auto", "unit", "none")


def _application(context: CheckContext, problems: Problems) -> None:
    section = context.config.pretrained_source
    if section is None:
        return
    name, location = section.application, section.location("from")
    if name is None:
        for key in ("arguments", "weights"):
            if section.location(key) and getattr(section, key) not in ({}, "imagenet"):
                message = f"`pretrained.{key}` is for {APPLICATION_PREFIX}NAME; a file has its own. Remove it."
                problems.error("conflict", message, section.location(key))
        return
    if name not in APPLICATIONS:
        message = f"`{name}` is not a model of keras.applications. Expected one of: {', '.join(APPLICATIONS)}."
        problems.error("unknown-application", message, location, suggest(name, APPLICATIONS))
    if context.config.data.scaling not in _APPLICATION_SCALINGS:
        message = f"{name} needs pixels in a known range. Use `data.scaling: unit`."
        problems.error("conflict", message, context.config.data.location("scaling"))
    for key in section.arguments:
        if key in ("weights", "include_top", "input_shape", "input_tensor", "classes"):
            message = f"`arguments.{key}` is decided by the other settings, the data or the task. Remove it."
            problems.error("conflict", message, section.location("arguments"))


def _new_weights(context: CheckContext, problems: Problems) -> None:
    """An application in `network` is the whole body, and its weights are new."""
    network, location = context.config.network, context.config.network.location("application")
    if network.application is None:
        if network.arguments:
            message = "`network.arguments` are those of an application, and `network.application` names none."
            problems.error("conflict", message, network.location("arguments"))
        return
    if context.config.pretrained is not None:
        message = "`network.application` has new weights, and `pretrained` brings others. Keep one of them."
        problems.error("conflict", message, location)
    if not has_only_outputs(network.layers):
        message = f"{network.application} is the whole body. Only `Output` can follow; remove the other layers."
        problems.error("conflict", message, location)


def _input_regularization(context: CheckContext, problems: Problems) -> None:
    config = context.config
    if config.pretrained_source is None or not has_only_outputs(config.network.layers):
        return
    section = config.regularization
    written = {
        "input_noise": bool(section.input_noise),
        "batch_norm": section.batch_norm is not None and section.batch_norm.input,
        "dropout": section.dropout is not None and section.dropout.input,
    }
    for key, stands_in_front in written.items():
        if stands_in_front:
            message = f"`regularization.{key}` would act behind the body, not on the input. Remove it."
            problems.error("conflict", message, section.location(key))


CHECKS = (_application, _new_weights, _input_regularization)
