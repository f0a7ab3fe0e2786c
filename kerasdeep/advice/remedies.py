"""Settings that mend a run, by the paths of `--set`."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from kerasdeep.catalog import Choice, to_plain
from kerasdeep.config.rate_setting import find_rate_setting
from kerasdeep.config.root import Config

PEAK = 10.0
"""How many times the usual rate the top of a cycle may be, where it is held for a moment only."""
MIN_EPOCHS = 20
"""As many as are trained by default."""

STOPPING_PATIENCE, DROPOUT = 20, 0.3

Overrides = dict[str, Any]


class Rate(NamedTuple):
    """The learning rate of the last stage: where it stands, what it is, and what is usual for its optimizer."""

    path: str
    value: float
    usual: float


def rate_of(config: Config) -> Rate | None:
    """None where no single number is the rate."""
    section = config.stages[-1] if config.stages else config
    setting = find_rate_setting(section)
    usual = Choice("optimizer", section.optimizer.name, {}).value("learning_rate") if setting else None
    if setting is None or not setting.value or not isinstance(usual, float):
        return None
    prefix = f"stages.{len(config.stages) - 1}." if config.stages else ""
    return Rate(prefix + setting.dotted, setting.value, usual * (PEAK if setting.is_peak else 1))


def scale_inputs(ranks: Iterable[int], into_selu: bool) -> Overrides:
    """Pictures between 0 and 1, everything else (and all that feeds SELU) with mean 0 and deviation 1."""
    return {"data.scaling": "unit" if min(ranks, default=1) > 1 and not into_selu else "standardize"}


def scale_rate(config: Config, factor: float) -> Overrides:
    """The learning rate times `factor`, where it stands; Nadam's where no single number is the rate."""
    rate = rate_of(config)
    if rate is None:
        return {"optimizer": {"Nadam": {"learning_rate": 0.001}}, "schedule": None}
    return {rate.path: float(f"{rate.value * factor:.2g}")}


def lower_rate(config: Config) -> Overrides:
    """A rate that is above the usual one half way down to it, in its logarithm; any other a tenth."""
    rate = rate_of(config)
    return scale_rate(config, min(0.1, math.sqrt(rate.usual / rate.value)) if rate else 0.1)


def train_longer(config: Config) -> Overrides:
    """Twice the epochs, at least as many as are usual: of the last stage, where a run has several."""
    if not config.stages:
        return {"training.epochs": max(MIN_EPOCHS, 2 * config.training.epochs)}
    return {f"stages.{len(config.stages) - 1}.epochs": 2 * (config.stages[-1].epochs or config.training.epochs)}


def loosen(config: Config) -> Overrides:
    """More freedom to fit: without what holds the weights back, or a hidden layer where there is none."""
    section = config.regularization
    held_back = {"l1": section.l1, "l2": section.l2, "dropout": section.dropout, "max_norm": section.max_norm}
    if any(held_back.values()):
        return {f"regularization.{key}": None for key, value in held_back.items() if value}
    *hidden, output = config.network.layers
    if config.pretrained is None and all(layer.name == "Flatten" for layer in hidden):
        return {"network.layers": to_plain([*hidden, Choice("layer", "Dense", {"units": 100}), output])}
    return {}


def hold_back(config: Config, monitor: str) -> Overrides:
    """Against overfitting: the weights of the epoch that was best by `monitor`, and dropout."""
    section = f"stages.{len(config.stages) - 1}" if config.stages else "training"
    stopping = {f"{section}.early_stopping": {"monitor": monitor, "patience": STOPPING_PATIENCE}}
    return stopping if config.regularization.dropout else {**stopping, "regularization.dropout": DROPOUT}
