"""What helps, as YAML for the experiment at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from kerasdeep.catalog import Choice, dump
from kerasdeep.probes.rate_in_file import line_of, written
from kerasdeep.probes.rate_setting import rate_setting
from kerasdeep.spec.experiment import Spec

if TYPE_CHECKING:
    from kerasdeep.probes.examining import Examination

BATCH_NORM = "regularization: {batch_norm: before}"
INITIALIZER = "initializer: auto"


def rate(spec: Spec, factor: float) -> str:
    """The learning rate times `factor`, where it stands."""
    setting = rate_setting(spec)
    if setting is None or setting.value is None:
        return "optimizer: {Nadam: {learning_rate: 0.001}}"
    return line_of(setting.path, written(setting.value * factor))


def plain_output(spec: Spec) -> str:
    """The network with outputs and losses that follow from the task."""
    layers = [_plain(layer) if layer.name == "Output" else layer for layer in spec.network.layers]
    return _yaml({"network": {"layers": dump(layers)}, "loss": "auto"})


def scaling(found: Examination) -> str:
    """Pictures between 0 and 1, everything else (and all that feeds SELU) with mean 0 and deviation 1."""
    shapes = found.subject.dataset.input_shapes.values()
    picture = all(len(shape) > 1 for shape in shapes)
    selu = any(site.activation == "selu" for site in found.sites)
    return "data: {scaling: unit}" if picture and not selu else "data: {scaling: standardize}"


def calmer(found: Examination) -> str:
    if not _initializer_is_auto(found):
        return INITIALIZER
    if not _has_batch_norm(found):
        return BATCH_NORM
    optimizer = found.subject.spec.optimizer
    if "clipnorm" not in optimizer.entry.arguments:
        return rate(found.subject.spec, 0.1)
    return _yaml({"optimizer": dump(optimizer.replace(clipnorm=1.0))})


def living() -> str:
    return f"activation: leaky_relu\n{INITIALIZER}"


def unsaturated(found: Examination) -> str:
    return f"activation: relu\n{INITIALIZER}" if _initializer_is_auto(found) else INITIALIZER


def passing(saturating: bool) -> str:
    return f"activation: relu\n{INITIALIZER}" if saturating else BATCH_NORM


def carrying(found: Examination) -> str:
    """Swish, GELU and Mish shrink the signal in every layer, with any initializer; batch norm holds it."""
    return INITIALIZER if _has_batch_norm(found) else f"{INITIALIZER}\n{BATCH_NORM}"


def self_normalizing(found: Examination) -> str:
    scaled = found.subject.spec.data.scaling == "standardize"
    return INITIALIZER if scaled else f"data: {{scaling: standardize}}\n{INITIALIZER}"


def regularized(spec: Spec) -> str:
    """Early stopping where there is none, else more dropout."""
    if spec.training.early_stopping is None:
        return "training: {early_stopping: {patience: 10}}"
    dropout = spec.regularization.dropout
    return f"regularization: {{dropout: {written(min(0.5, 0.2 + (dropout.rate if dropout else 0.0)))}}}"


def longer(spec: Spec) -> str:
    return f"training: {{epochs: {2 * spec.training.epochs}}}"


def larger(spec: Spec) -> str:
    """More freedom to fit: without what holds the weights back, else a net with another layer."""
    section = spec.regularization
    if section.l1 or section.l2 or section.dropout or section.max_norm:
        return "regularization: {l1: 0, l2: 0, dropout: null, max_norm: null}"
    *before, output = spec.network.layers
    return _yaml({"network": {"layers": dump([*before, Choice("layer", "Dense", {"units": 100}), output])}})


def _plain(layer: Choice) -> Choice:
    kept = {key: value for key, value in layer.arguments.items() if key in ("name", "inputs")}
    return Choice(layer.family, layer.name, kept, layer.mark)


def _initializer_is_auto(found: Examination) -> bool:
    return found.subject.spec.initializer == "auto"


def _has_batch_norm(found: Examination) -> bool:
    return any(type(layer).__name__ == "BatchNormalization" for layer in found.subject.model.layers)


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=None, sort_keys=False, width=100).rstrip()
