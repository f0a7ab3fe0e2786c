"""The conditions on which SELU keeps mean 0 and deviation 1 from layer to layer (Klambauer et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator

from kerasdeep.catalog import Choice
from kerasdeep.errors import Report
from kerasdeep.spec import kernels
from kerasdeep.spec.conflicts.data import kind_of
from kerasdeep.spec.conflicts.view import View
from kerasdeep.spec.planned import PlannedLayer

_RECURRENT = ("SimpleRNN", "LSTM", "GRU")
_DROPOUTS = ("Dropout", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")


def _selu(view: View, report: Report) -> None:
    activated = list(_activated(view.planned))
    if not activated:
        return
    _layers(view, activated, report)
    _inputs(view, report)
    _sections(view, report)
    for layer in view.planned:
        if layer.layer.name in _DROPOUTS:
            report.warn("selu-dropout", "Dropout breaks SELU's scale. Use AlphaDropout.", layer.origin)
        if layer.layer.name == "BatchNormalization" and layer.role == "other":
            report.warn("selu-batch-norm", "a SELU network needs no BatchNormalization.", layer.origin)
        if len(layer.inputs) > 1:
            message = "skips and merges break SELU's scale. Use another activation with them."
            report.warn("selu-topology", message, layer.origin)


def _activated(planned: tuple[PlannedLayer, ...]) -> Iterator[PlannedLayer]:
    """The layers whose result SELU takes, be it their own activation or the layer after them."""
    by_name = {layer.name: layer for layer in planned}
    for layer in planned:
        if not _is_selu(kernels.core(layer.layer).arguments.get("activation")):
            continue
        while layer.layer.name in ("Activation", "BatchNormalization") and layer.inputs[0] in by_name:
            layer = by_name[layer.inputs[0]]
        yield layer


def _is_selu(activation: object) -> bool:
    return isinstance(activation, Choice) and activation.name == "selu"


def _layers(view: View, activated: list[PlannedLayer], report: Report) -> None:
    section = view.spec.regularization
    for layer in activated:
        arguments = kernels.core(layer.layer).arguments
        initializer, penalty = arguments.get("kernel_initializer"), arguments.get("kernel_regularizer")
        if isinstance(initializer, Choice) and not _keeps_variance(initializer):
            message = f"{initializer.name} does not keep SELU's scale. Use lecun_normal, or `initializer: auto`."
            report.warn("selu-initializer", message, initializer.mark or layer.origin)
        if isinstance(penalty, Choice) and not (section.l1 or section.l2):
            report.warn("selu-penalty", f"{penalty.name} breaks SELU's scale. Use alpha dropout.", penalty.mark)
        if isinstance(arguments.get("kernel_constraint"), Choice) and not section.max_norm:
            message = "a constraint on the weights breaks SELU's scale."
            report.warn("selu-max-norm", message, arguments["kernel_constraint"].mark)
        if layer.layer.name in _RECURRENT:
            message = f"SELU keeps its scale in plain stacks only, not in {layer.layer.name}."
            report.warn("selu-topology", message, layer.origin)


def _keeps_variance(initializer: Choice) -> bool:
    """LeCun's variance, 1 / fan_in, under its own name or as the general form."""
    general = initializer.name == "VarianceScaling"
    lecun = general and (initializer.value("scale"), initializer.value("mode")) == (1.0, "fan_in")
    return lecun or initializer.name.startswith("Lecun")


def _inputs(view: View, report: Report) -> None:
    spec = view.spec
    if spec.regularization.batch_norm and spec.regularization.batch_norm.input:
        return
    if spec.data.scaling in ("unit", "minmax", "none"):
        message = (
            f"`data.scaling: {spec.data.scaling}` does not standardize the inputs. Use `scaling: standardize`."
        )
        report.warn("selu-inputs", message, spec.data.mark("scaling"))
    elif spec.data.scaling == "auto" and kind_of(spec.data) == "image":
        message = "pictures are scaled to 0 .. 1, but SELU expects standardized inputs. "
        message += "Add `data: {scaling: standardize}`."
        report.warn("selu-inputs", message, spec.data.mark("scaling") or spec.data.mark("source"))


def _sections(view: View, report: Report) -> None:
    section = view.spec.regularization
    if section.batch_norm:
        message = "a SELU network needs no batch normalization."
        report.warn("selu-batch-norm", message, section.mark("batch_norm"))
    for key in ("l1", "l2", "weight_decay"):
        if getattr(section, key):
            message = f"`{key}` breaks SELU's scale. Use alpha dropout."
            report.warn("selu-penalty", message, section.mark(key))
    if section.max_norm:
        report.warn("selu-max-norm", "`max_norm` breaks SELU's scale.", section.mark("max_norm"))


CHECKS = (_selu,)
