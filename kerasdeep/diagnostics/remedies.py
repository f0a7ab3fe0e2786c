"""Settings that mend what a measured network shows, by the paths of `--set`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasdeep.advice.remedies import Overrides, scale_inputs, scale_rate
from kerasdeep.catalog import Choice, to_plain
from kerasdeep.config.root import Config

if TYPE_CHECKING:
    from kerasdeep.diagnostics.layer_probe import LayerProbe

BATCH_NORM = {"regularization.batch_norm": "before"}
INITIALIZER = {"initializer": "auto"}
STANDARDIZE = {"data.scaling": "standardize"}


def default_output(config: Config) -> Overrides:
    """The network with outputs and losses that follow from the task."""
    layers = [_default_layer(layer) if layer.name == "Output" else layer for layer in config.network.layers]
    return {"network.layers": to_plain(layers), "loss": "auto"}


def fix_scaling(probe: LayerProbe) -> Overrides:
    ranks = map(len, probe.experiment.dataset.input_shapes.values())
    return scale_inputs(ranks, any(tap.activation == "selu" for tap in probe.taps))


def fix_exploding(probe: LayerProbe) -> Overrides:
    if not _initializer_is_auto(probe):
        return INITIALIZER
    if not _has_batch_norm(probe):
        return BATCH_NORM
    optimizer = probe.experiment.config.optimizer
    if "clipnorm" not in optimizer.entry.arguments:
        return scale_rate(probe.experiment.config, 0.1)
    return {f"optimizer.{optimizer.name}.clipnorm": 1.0}


def fix_dead_units() -> Overrides:
    return {"activation": "leaky_relu", **INITIALIZER}


def fix_saturation(probe: LayerProbe) -> Overrides:
    return {"activation": "relu", **INITIALIZER} if _initializer_is_auto(probe) else INITIALIZER


def fix_vanishing(saturating: bool) -> Overrides:
    return {"activation": "relu", **INITIALIZER} if saturating else BATCH_NORM


def fix_forward_collapse(probe: LayerProbe) -> Overrides:
    """Swish, GELU and Mish shrink the signal in every layer, with any initializer; batch norm holds it."""
    return INITIALIZER if _has_batch_norm(probe) else {**INITIALIZER, **BATCH_NORM}


def fix_self_normalization(probe: LayerProbe) -> Overrides:
    standardized = probe.experiment.config.data.scaling == "standardize"
    return INITIALIZER if standardized else {**STANDARDIZE, **INITIALIZER}


def _default_layer(layer: Choice) -> Choice:
    arguments = {key: value for key, value in layer.arguments.items() if key in ("name", "inputs")}
    return Choice(layer.family, layer.name, arguments, layer.location)


def _initializer_is_auto(probe: LayerProbe) -> bool:
    return probe.experiment.config.initializer == "auto"


def _has_batch_norm(probe: LayerProbe) -> bool:
    return any(type(layer).__name__ == "BatchNormalization" for layer in probe.experiment.model.layers)
