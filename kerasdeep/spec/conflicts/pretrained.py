"""Checks of `pretrained` and `network.application`: what acts in front of the first layer has no place there."""

from __future__ import annotations

from kerasdeep.errors import Report, closest
from kerasdeep.spec.applications import APPLICATIONS
from kerasdeep.spec.conflicts.view import View
from kerasdeep.spec.pretrained import APPLICATION, is_body

_SCALES = ("auto", "unit", "none")


def _application(view: View, report: Report) -> None:
    section = view.spec.reused
    if section is None:
        return
    name, mark = section.application, section.mark("from")
    if name is None:
        for key in ("arguments", "weights"):
            if section.mark(key) and getattr(section, key) not in ({}, "imagenet"):
                message = f"`pretrained.{key}` is for {APPLICATION}NAME; a file has its own. Remove it."
                report.error("conflict", message, section.mark(key))
        return
    if name not in APPLICATIONS:
        message = f"`{name}` is no model of keras.applications. Expected one of: {', '.join(APPLICATIONS)}."
        report.error("unknown-application", message, mark, closest(name, APPLICATIONS))
    if view.spec.data.scaling not in _SCALES:
        message = f"{name} must know between what pixels lie. Use `data.scaling: unit`."
        report.error("conflict", message, view.spec.data.mark("scaling"))
    for key in section.arguments:
        if key in ("weights", "include_top", "input_shape", "input_tensor", "classes"):
            message = f"`arguments.{key}` is decided by the other settings, the data or the task. Remove it."
            report.error("conflict", message, section.mark("arguments"))


def _new_weights(view: View, report: Report) -> None:
    """An application in `network` is the whole body, and its weights are new."""
    network, mark = view.spec.network, view.spec.network.mark("application")
    if network.application is None:
        if network.arguments:
            message = "`network.arguments` are those of an application, and `network.application` names none."
            report.error("conflict", message, network.mark("arguments"))
        return
    if view.spec.pretrained is not None:
        message = "`network.application` has new weights, and `pretrained` brings others. Keep one of them."
        report.error("conflict", message, mark)
    if not is_body(network.layers):
        message = f"{network.application} is the whole body. Only `Output` can follow; remove the other layers."
        report.error("conflict", message, mark)


def _front(view: View, report: Report) -> None:
    spec = view.spec
    if spec.reused is None or not is_body(spec.network.layers):
        return
    section = spec.regularization
    written = {
        "input_noise": bool(section.input_noise),
        "batch_norm": section.batch_norm is not None and section.batch_norm.input,
        "dropout": section.dropout is not None and section.dropout.input,
    }
    for key, stands_in_front in written.items():
        if stands_in_front:
            message = f"`regularization.{key}` would act behind the body, not on the input. Remove it."
            report.error("conflict", message, section.mark(key))


CHECKS = (_application, _new_weights, _front)
