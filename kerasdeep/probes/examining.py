"""Reading a network's health: at initialisation and after a few real steps, or as it was saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from kerasdeep import build
from kerasdeep.measuring.signals import Reading, Site, catch, change, kernels, read, rows_for, sites
from kerasdeep.probes.subject import Subject, without_xla

STEPS = 20
WORTH_TRACING = 20
"""From so many variables on, a graph for a few steps costs less than taking them one operation at a time."""
WATCHED = 5
"""The last steps, whose changes of the weights are measured."""


@dataclass(frozen=True)
class Steps:
    """`losses` of the steps that were taken; `rate` the mean one applied, `peak` the highest that is planned.

    `moved` is how far the kernels went from where they began, relative to their size: the median over the sites.
    `planned` counts all steps of the training.
    """

    losses: list[float]
    moved: float
    rate: float
    peak: float
    planned: int


@dataclass(frozen=True)
class Examination:
    """What was read of a network: `initial` and `after` (with `steps`) of a new one, `saved` of a trained one.

    There is no `after` when the steps did not end with finite weights.
    """

    subject: Subject
    sites: list[Site]
    readings: dict[str, Reading]
    steps: Steps | None = None

    @property
    def first(self) -> Reading:
        """The network as it stands: as initialised, or as saved."""
        return next(iter(self.readings.values()))

    @property
    def hidden(self) -> list[Site]:
        return [site for site in self.sites if not site.is_output]

    def gradient_ratio(self, moment: str) -> float | None:
        """Root mean square gradient of the first hidden kernel over that of the last; None for less than two."""
        hidden, signals = self.hidden, self.readings[moment].signals
        if len(hidden) < 2:
            return None
        first, last = (signals[site.name].gradient for site in (hidden[0], hidden[-1]))
        return first / last if last else None


def of_new(subject: Subject) -> Examination:
    """Reads a fresh network, trains it for a few real steps and reads it again."""
    spec, model = subject.spec, subject.model
    places = sites(model)
    batch = subject.rows(rows_for(model))
    _catch(subject)
    initial = read(model, places, batch)
    readings = {"initial": initial}
    if not math.isfinite(initial.loss):
        return Examination(subject, places, readings)
    planned = subject.steps_per_epoch * spec.training.epochs
    build.compile_model(model, spec, subject.dataset, subject.steps_per_epoch, planned)
    model.run_eagerly = len(model.trainable_variables) < WORTH_TRACING
    without_xla(model)
    steps, ratios = _steps(subject, places, planned)
    if math.isfinite(steps.losses[-1]) and all(np.isfinite(kernel).all() for kernel in kernels(places).values()):
        _catch(subject)
        after = read(model, places, batch)
        signals = {name: replace(signal, update_ratio=ratios[name]) for name, signal in after.signals.items()}
        readings["after"] = replace(after, signals=signals)
    return Examination(subject, places, readings, steps)


def of_saved(subject: Subject) -> Examination:
    """Reads a trained network as it is."""
    _catch(subject)
    places = sites(subject.model)
    batch = subject.rows(rows_for(subject.model))
    return Examination(subject, places, {"saved": read(subject.model, places, batch)})


def _catch(subject: Subject) -> None:
    catch(subject.model, build.all_losses(subject.spec, subject.dataset))


def _steps(subject: Subject, places: list[Site], planned: int) -> tuple[Steps, dict[str, float | None]]:
    """A few steps of real training, and each kernel's change by a step relative to its size."""
    model, losses, rates = subject.model, [], []
    changes: dict[str, list[float]] = {site.name: [] for site in places}
    began = kernels(places)
    for number, (x, y, weights) in zip(range(STEPS), subject.batches(), strict=False):
        before = kernels(places) if number >= STEPS - WATCHED else {}
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y, weights, return_dict=True)["loss"]))
        rates.append(build.applied_rate(model.optimizer))
        for name, kernel in kernels(places).items() if before else ():
            changes[name].append(change(before[name], kernel))
        if not math.isfinite(losses[-1]):
            break
    ratios = {name: _mean(values) for name, values in changes.items()}
    moved = _mean([change(began[name], kernel) for name, kernel in kernels(places).items()], np.median) or 0.0
    peak = max(*rates, _peak(model, planned)) if len(rates) > 1 else rates[0]
    return Steps(losses, moved, float(np.mean(rates)), peak, planned), ratios


def _mean(values: list[float], of: Callable[[list[float]], Any] = np.mean) -> float | None:
    """Without what has no size to compare with; None where nothing is left."""
    finite = [value for value in values if math.isfinite(value)]
    return float(of(finite)) if finite else None


def _peak(model: Any, planned: int) -> float:
    """The highest rate of the plan, looked up at a hundred of its steps."""
    from kerasdeep.build.optimizer import innermost

    rate = innermost(model.optimizer)._learning_rate
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return float(rate)
    return max(float(rate(int(step))) for step in np.linspace(0, planned, 100))
