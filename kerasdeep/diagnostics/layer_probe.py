"""Measures a network: at initialization and after a few real steps, or as it was saved."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from kerasdeep import modeling
from kerasdeep.backends import current_backend, keras_private
from kerasdeep.evaluation.layer_stats import (
    LayerReader,
    LayerTap,
    NetworkStats,
    kernel_values,
    max_batch_rows,
    relative_change,
)
from kerasdeep.experiment import Experiment

STEPS = 20
MIN_VARIABLES_TO_TRACE = 20
"""From so many variables on, a graph for a few steps costs less than taking them one operation at a time."""
MEASURED_STEPS = 5
"""The last steps, whose changes of the weights are measured."""


@dataclass(frozen=True)
class ProbeSteps:
    """`losses` of the steps taken; `mean_rate` that was applied, `peak_rate` that is planned.

    `kernel_change` is how far the kernels moved from their initial values, relative to their size: the median over
    the taps. `planned_steps` counts all steps of the training.
    """

    losses: list[float]
    kernel_change: float
    mean_rate: float
    peak_rate: float
    planned_steps: int


@dataclass(frozen=True)
class LayerProbe:
    """What was measured: `initial` and `after` (with `steps`) of a new one, `saved` of a trained one.

    There is no `after` when the steps did not end with finite weights.
    """

    experiment: Experiment
    taps: list[LayerTap]
    stats_by_moment: dict[str, NetworkStats]
    steps: ProbeSteps | None = None

    @property
    def current(self) -> NetworkStats:
        """The network as it stands: as initialised, or as saved."""
        return next(iter(self.stats_by_moment.values()))

    @property
    def hidden(self) -> list[LayerTap]:
        return [tap for tap in self.taps if not tap.is_output]

    def gradient_ratio(self, moment: str) -> float | None:
        """Root mean square gradient of the first hidden kernel over that of the last; None for less than two."""
        hidden, layers = self.hidden, self.stats_by_moment[moment].layers
        if len(hidden) < 2:
            return None
        first, last = (layers[tap.name].gradient for tap in (hidden[0], hidden[-1]))
        return first / last if last else None


def probe_new(experiment: Experiment) -> LayerProbe:
    """Reads a fresh network, trains it for a few real steps and reads it again."""
    config, model = experiment.config, experiment.model
    reader, batch = _reader(experiment), experiment.first_batch(max_batch_rows(model))
    taps, initial = reader.taps, reader.read(batch)
    stats_by_moment = {"initial": initial}
    if not math.isfinite(initial.loss):
        return LayerProbe(experiment, taps, stats_by_moment)
    planned_steps = experiment.steps_per_epoch * config.training.epochs
    modeling.compile_model(model, config, experiment.dataset, experiment.steps_per_epoch, planned_steps)
    model.run_eagerly = len(model.trainable_variables) < MIN_VARIABLES_TO_TRACE
    disable_xla(model)
    steps, ratios = _train_steps(experiment, taps, planned_steps)
    if math.isfinite(steps.losses[-1]) and all(np.isfinite(kernel).all() for kernel in kernel_values(taps).values()):
        after = reader.read(batch)
        layers = {name: replace(stats, update_ratio=ratios[name]) for name, stats in after.layers.items()}
        stats_by_moment["after"] = replace(after, layers=layers)
    return LayerProbe(experiment, taps, stats_by_moment, steps)


def probe_saved(experiment: Experiment) -> LayerProbe:
    """Reads a trained network as it is."""
    reader, batch = _reader(experiment), experiment.first_batch(max_batch_rows(experiment.model))
    return LayerProbe(experiment, reader.taps, {"saved": reader.read(batch)})


def disable_xla(model: keras.Model) -> None:
    """A few hundred steps are too few to pay for compilation, and XLA refuses some layers; JAX always compiles."""
    if not current_backend().ALWAYS_XLA:
        model.jit_compile = False


def _reader(experiment: Experiment) -> LayerReader:
    return LayerReader(experiment.model, modeling.losses_from_config(experiment.config, experiment.dataset))


def _train_steps(
    experiment: Experiment, taps: list[LayerTap], planned_steps: int
) -> tuple[ProbeSteps, dict[str, float | None]]:
    """A few steps of real training, and each kernel's change by a step relative to its size."""
    model, losses, rates = experiment.model, [], []
    changes_by_layer: dict[str, list[float]] = {tap.name: [] for tap in taps}
    initial_kernels = kernel_values(taps)
    for number, (x, y, weights) in zip(range(STEPS), experiment.batches(), strict=False):
        before = kernel_values(taps) if number >= STEPS - MEASURED_STEPS else {}
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y, weights, return_dict=True)["loss"]))
        rates.append(modeling.last_learning_rate(model.optimizer))
        for name, kernel in kernel_values(taps).items() if before else ():
            changes_by_layer[name].append(relative_change(before[name], kernel))
        if not math.isfinite(losses[-1]):
            break
    ratios = {name: _finite_mean(values) for name, values in changes_by_layer.items()}
    kernel_change = (
        _finite_mean(
            [relative_change(initial_kernels[name], kernel) for name, kernel in kernel_values(taps).items()], np.median
        )
        or 0.0
    )
    peak_rate = max(*rates, _peak_rate(model, planned_steps)) if len(rates) > 1 else rates[0]
    return ProbeSteps(losses, kernel_change, float(np.mean(rates)), peak_rate, planned_steps), ratios


def _finite_mean(values: list[float], reduce: Callable[[list[float]], Any] = np.mean) -> float | None:
    """Without what has no size to compare with; None where nothing is left."""
    finite = [value for value in values if math.isfinite(value)]
    return float(reduce(finite)) if finite else None


def _peak_rate(model: Any, planned_steps: int) -> float:
    """The highest rate of the plan, looked up at a hundred of its steps."""
    from kerasdeep.modeling.optimizer import default_optimizer

    rate = keras_private.learning_rate(default_optimizer(model.optimizer))
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return float(rate)
    return max(float(rate(int(step))) for step in np.linspace(0, planned_steps, 100))
