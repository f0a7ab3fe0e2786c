"""`plan`: what a training would do, found by preparing it like `train` and stopping before the first step.

Nothing as large as the network is put into memory: its variables are declared and never filled, so that a plan
also tells that a network would not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import accumulate
from typing import Any

import keras
import numpy as np

from kerasdeep import build
from kerasdeep.build import bottom, selection
from kerasdeep.build.optimizer import innermost
from kerasdeep.build.unfilled import unfilled
from kerasdeep.catalog import dump
from kerasdeep.data import Dataset
from kerasdeep.errors import InputError
from kerasdeep.extras import MovingMomentum
from kerasdeep.runtime import Runtime
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.load import Loaded
from kerasdeep.spec.lowering import lower
from kerasdeep.spec.origins import origins
from kerasdeep.spec.planned import PlannedLayer
from kerasdeep.training import lessons, memory, preparing
from kerasdeep.training.engine import CHUNK_SECONDS, evaluation_batch, shortest
from kerasdeep.training.lessons import Lesson
from kerasdeep.training.memory import Memory
from kerasdeep.training.parts import Part, parts

CURVE_POINTS = 60


def make(loaded: Loaded, machine: Runtime, say: Callable[[str], None] | None = None) -> dict[str, Any]:
    """The plan as plain data; `kerasdeep.training.plan` says what it holds and what is raised."""
    try:
        return _made(loaded, machine, say)
    finally:
        # Keras remembers variables without values, and would fill them at its next opportunity.
        keras.utils.clear_session(free_memory=False)


def _made(loaded: Loaded, machine: Runtime, say: Callable[[str], None] | None) -> dict[str, Any]:
    spec = loaded.spec
    preparing.check_devices(spec, machine)
    before = memory.high_water()
    dataset = preparing.data_of(spec, machine, say)
    reading = memory.high_water() - before
    planned = lower(spec, build.heads_of(dataset), dataset.input_shapes, build.features_of(dataset))
    model = _network(spec, planned, dataset)
    taught = _lessons(spec, planned, model, dataset, say)
    problems = [*loaded.warnings, *lessons.warnings(taught, dataset), *lessons.step_problems(spec, taught)]
    described = build.describe(model, planned)
    choice = preparing.compile_rule(spec, model, lessons.steps(spec, taught), machine)
    stages, needed = [], []
    for part in parts(spec, taught):
        stage, needs = _stage(part, machine, reading)
        stages.append(stage)
        needed.append(needs)
    fullest = max(needed, key=lambda needs: needs.peak)
    return {
        "name": spec.name,
        "config": str(loaded.path),
        "source": spec.data.source,
        "rows": dataset.profile["rows"],
        "input_shapes": {name: list(shape) for name, shape in dataset.input_shapes.items()},
        "targets": [asdict(target) for target in dataset.targets],
        **described,
        "stages": stages,
        "epochs": sum(stage["epochs"] for stage in stages),
        "batch_size": spec.training.batch_size,
        "evaluation_batch": evaluation_batch(model),
        "steps_per_epoch": build.steps_per_epoch(spec, dataset),
        "steps": sum(stage["steps"] for stage in stages),
        "rates": _joined(stages),
        "compile": {"choice": choice.choice, "reason": choice.reason},
        "chunk": _chunk(spec.runtime.chunk),
        "stream": dataset.profile["stream"],
        "backend": machine.backend,
        "device": machine.device,
        "precision": machine.precision,
        "threads": machine.threads,
        "memory_bytes": fullest.peak,
        "memory": {"fullest": fullest.fullest, "parts": fullest.parts, "phases": fullest.phases},
        "warnings": [problem.as_dict() for problem in problems if problem.name not in spec.allow],
        "origins": {origin.path: {"value": origin.value, "from": origin.source} for origin in origins(loaded)},
    }


def _chunk(setting: str | int) -> dict[str, Any]:
    """How many steps a compiled call runs, and why."""
    if setting == "auto":
        return {"choice": "auto", "reason": f"as many steps a call as take about {CHUNK_SECONDS:g} s"}
    return {"choice": setting, "reason": f"{setting} steps a call, set by runtime.chunk"}


def _stage(part: Part, machine: Runtime, reading: int) -> tuple[dict[str, Any], Memory]:
    """What the stage trains, for how long and how fast; and what it needs."""
    spec, lesson, per_epoch, steps = part.spec, part.lesson, part.steps_per_epoch, part.steps
    model, dataset, as_built = lesson.model, lesson.dataset, lesson.as_built
    selection.set_trainable(model, part.trained, as_built)
    rates = {
        selector: (factor, selection.variables_of(model, names))
        for selector, (factor, names) in part.rates.items()
    }
    if part.cached:
        bottom.split(model, f"{part.where}.cache_features", part.cached)
    build.compile_model(model, spec, dataset, per_epoch, steps, rates=rates)
    slots = memory.slots_per_parameter(model.optimizer, model.trainable_variables)
    _check_monitors(spec, lesson)
    stopping = spec.training.early_stopping
    needs = memory.estimate(
        model,
        dataset,
        spec.training.batch_size,
        slots=slots,
        device=machine.device,
        keeps_best=stopping is not None and stopping.restore_best_weights,
        reading=reading,
    )
    described = {
        "name": part.name,
        "train": part.said,
        "pretrain": lesson.kind or None,
        "steps_per_epoch": per_epoch,
        "trainable": memory.numbers(model.trainable_variables),
        "epochs": part.epochs,
        "steps": steps,
        "optimizer": dump(spec.optimizer),
        "schedule": dump(spec.schedule),
        "rates": curve(model.optimizer, steps),
        "factors": {selector: factor for selector, (factor, _) in part.rates.items()},
    }
    selection.set_trainable(model, as_built.keys(), as_built)
    return described, needs


def _joined(stages: list[dict[str, Any]]) -> dict[str, Any]:
    """The curves of all stages one after the other, their steps counted through the run."""
    starts = [0, *accumulate(stage["steps"] for stage in stages)]
    curves = [(start, stage["rates"]) for start, stage in zip(starts, stages, strict=False)]
    momenta = [value for _, rates in curves for value in rates["momentum"] or [None] * len(rates["steps"])]
    return {
        "steps": [start + step for start, rates in curves for step in rates["steps"]],
        "learning_rate": [value for _, rates in curves for value in rates["learning_rate"]],
        "momentum": momenta if any(value is not None for value in momenta) else None,
    }


def curve(optimizer: keras.optimizers.Optimizer, steps: int) -> dict[str, Any]:
    """Learning rate and momentum before the steps listed: {"steps", "learning_rate", "momentum"}.

    `momentum` is None for an optimizer without one. A rate that reacts to results is shown as it starts.
    """
    inner = innermost(optimizer)
    batches = inner.gradient_accumulation_steps or 1
    points = sorted({round(point) for point in np.linspace(0, max(0, steps - 1), CURVE_POINTS)})
    rate = inner._learning_rate
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rates = [shortest(rate(step)) for step in points]
    else:
        rates = [shortest(rate)] * len(points)
    if isinstance(inner, MovingMomentum):
        momenta = [shortest(inner.momentum_schedule(step // batches)) for step in points]
    else:
        fixed = build.applied_momentum(optimizer)
        momenta = None if fixed is None else [shortest(fixed)] * len(points)
    return {"steps": points, "learning_rate": rates, "momentum": momenta}


def _check_monitors(spec: Spec, lesson: Lesson) -> None:
    """Raises InputError when something watches a figure that will not be recorded."""
    with unfilled():
        lesson.model._symbolic_build(data_batch=lesson.first_row())
        names = ["loss", "data_loss", *lesson.model.get_metrics_result()]
    held_out = [f"val_{name}" for name in names] if lesson.dataset.validation is not None else []
    preparing.watchers(spec, lesson.model, [*names, *held_out])


def _lessons(
    spec: Spec,
    planned: tuple[PlannedLayer, ...],
    network: keras.Model,
    dataset: Dataset,
    say: Callable[[str], None] | None,
) -> list[list[Lesson]]:
    """What the stages learn; their models without values too, where Keras can build them so."""
    if spec.reused is not None:
        return lessons.of(spec, planned, network, dataset, say)
    with unfilled():
        return lessons.of(spec, planned, network, dataset, say)


def _network(spec: Spec, planned: tuple[PlannedLayer, ...], dataset: Dataset) -> keras.Model:
    """The network without its values, where Keras can build it so; what is pretrained has values."""
    if spec.reused is not None:
        return build.network_of(spec, planned, dataset)
    try:
        with unfilled():
            return build.network_of(spec, planned, dataset)
    except InputError:
        # A few layers compute while they are built; what is really wrong is wrong here too.
        return build.network_of(spec, planned, dataset)
