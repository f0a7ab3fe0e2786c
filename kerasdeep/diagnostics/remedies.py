"""Remedies, as YAML for the experiment at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from kerasdeep.catalog import Choice, to_plain
from kerasdeep.config.root import Config
from kerasdeep.diagnostics.rate_setting import find_rate_setting
from kerasdeep.diagnostics.rate_writer import format_rate, yaml_line

if TYPE_CHECKING:
    from kerasdeep.diagnostics.layer_probe import LayerProbe

BATCH_NORM = "regularization: {batch_norm: before}"
INITIALIZER = "initializer: auto"


def scale_rate(config: Config, factor: float) -> str:
    """The learning rate times `factor`, where it stands."""
    setting = find_rate_setting(config)
    if setting is None or setting.value is None:
        return "optimizer: {Nadam: {learning_rate: 0.001}}"
    return yaml_line(setting.path, format_rate(setting.value * factor))


def default_output(config: Config) -> str:
    """The network with outputs and losses that follow from the task."""
    layers = [_default_layer(layer) if layer.name == "Output" else layer for layer in config.network.layers]
    return _to_yaml({"network": {"layers": to_plain(layers)}, "loss": "auto"})


def fix_scaling(probe: LayerProbe) -> str:
    """Pictures between 0 and 1, everything else (and all that feeds SELU) with mean 0 and deviation 1."""
    shapes = probe.experiment.dataset.input_shapes.values()
    all_images = all(len(shape) > 1 for shape in shapes)
    selu = any(tap.activation == "selu" for tap in probe.taps)
    return "data: {scaling: unit}" if all_images and not selu else "data: {scaling: standardize}"


def fix_exploding(probe: LayerProbe) -> str:
    if not _initializer_is_auto(probe):
        return INITIALIZER
    if not _has_batch_norm(probe):
        return BATCH_NORM
    optimizer = probe.experiment.config.optimizer
    if "clipnorm" not in optimizer.entry.arguments:
        return scale_rate(probe.experiment.config, 0.1)
    return _to_yaml({"optimizer": to_plain(optimizer.replace(clipnorm=1.0))})


def fix_dead_units() -> str:
    return f"activation: leaky_relu\n{INITIALIZER}"


def fix_saturation(probe: LayerProbe) -> str:
    return f"activation: relu\n{INITIALIZER}" if _initializer_is_auto(probe) else INITIALIZER


def fix_vanishing(saturating: bool) -> str:
    return f"activation: relu\n{INITIALIZER}" if saturating else BATCH_NORM


def fix_forward_collapse(probe: LayerProbe) -> str:
    """Swish, GELU and Mish shrink the signal in every layer, with any initializer; batch norm holds it."""
    return INITIALIZER if _has_batch_norm(probe) else f"{INITIALIZER}\n{BATCH_NORM}"


def fix_self_normalization(probe: LayerProbe) -> str:
    standardized = probe.experiment.config.data.scaling == "standardize"
    return INITIALIZER if standardized else f"data: {{scaling: standardize}}\n{INITIALIZER}"


def fix_overfitting(config: Config) -> str:
    """Early stopping where there is none, else more dropout."""
    if config.training.early_stopping is None and not any(stage.early_stopping for stage in config.stages):
        return "training: {early_stopping: {patience: 10}}"
    dropout = config.regularization.dropout
    return f"regularization: {{dropout: {format_rate(min(0.5, 0.2 + (dropout.rate if dropout else 0.0)))}}}"


def train_longer(config: Config) -> str:
    """Twice the epochs: of the last stage, where a run has several."""
    if not config.stages:
        return f"training: {{epochs: {2 * config.training.epochs}}}"
    stage = config.stages[-1]
    return f"# in stages, {stage.name or 'the last one'}:\nepochs: {2 * (stage.epochs or config.training.epochs)}"


def enlarge_network(config: Config) -> str:
    """More freedom to fit: without what holds the weights back, else a net with another layer."""
    section = config.regularization
    if section.l1 or section.l2 or section.dropout or section.max_norm:
        return "regularization: {l1: 0, l2: 0, dropout: null, max_norm: null}"
    *hidden_layers, output = config.network.layers
    return _to_yaml(
        {"network": {"layers": to_plain([*hidden_layers, Choice("layer", "Dense", {"units": 100}), output])}}
    )


def _default_layer(layer: Choice) -> Choice:
    arguments = {key: value for key, value in layer.arguments.items() if key in ("name", "inputs")}
    return Choice(layer.family, layer.name, arguments, layer.location)


def _initializer_is_auto(probe: LayerProbe) -> bool:
    return probe.experiment.config.initializer == "auto"


def _has_batch_norm(probe: LayerProbe) -> bool:
    return any(type(layer).__name__ == "BatchNormalization" for layer in probe.experiment.model.layers)


def _to_yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=None, sort_keys=False, width=100).rstrip()
