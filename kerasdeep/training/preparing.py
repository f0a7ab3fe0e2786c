"""From a checked spec to a stage that is ready to run; every refusal comes before a run directory exists."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasdeep import build
from kerasdeep.catalog import Choice
from kerasdeep.data import Dataset
from kerasdeep.runtime import Runtime
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.planned import PlannedLayer
from kerasdeep.training import compilation, watching
from kerasdeep.training.compilation import Compilation
from kerasdeep.training.engine import Engine
from kerasdeep.training.stage import Stage

PERFORMANCE = "Performance"  # the schedule that is training's, not the optimizer's


def network(spec: Spec, planned: tuple[PlannedLayer, ...], dataset: Dataset) -> keras.Model:
    section = spec.data
    return build.model(
        planned, dataset.input_shapes, section.augmentation, seed=spec.seed, scaling=section.scaling
    )


def compile_rule(spec: Spec, model: keras.Model, dataset: Dataset, machine: Runtime) -> Compilation:
    steps = -(-len(dataset.train) // spec.training.batch_size) * spec.training.epochs
    return compilation.choose(
        model,
        spec.runtime.compile,
        device=machine.device,
        steps=steps,
        backend=machine.backend,
        mark=spec.runtime.mark("compile"),
    )


def stages(spec: Spec, model: keras.Model, dataset: Dataset, xla: bool) -> list[Stage]:
    """The stages of the run, the first of them compiled and built.

    Raises InputError when something watches a figure that will not be recorded.
    """
    steps_per_epoch = -(-len(dataset.train) // spec.training.batch_size)
    build.compile_model(model, spec, dataset, steps_per_epoch, steps_per_epoch * spec.training.epochs)
    engine = Engine(
        model,
        spec.training.batch_size,
        seed=spec.seed,
        xla=xla,
        shuffle=spec.training.shuffle,
        chunk=spec.runtime.chunk,
    )
    train = engine.place(dataset.train.x, dataset.train.y, sample_weights(dataset))
    held_out = dataset.validation
    validation = None if held_out is None else engine.place(held_out.x, held_out.y)
    engine.build(train)
    stage = Stage(0, "main", spec.training.epochs, 0, model, build.heads_of(dataset), engine, train, validation)
    stage.watchers = watchers(spec, model, stage.columns())
    return [stage]


def watchers(spec: Spec, model: keras.Model, columns: list[str]) -> dict[str, Any]:
    """Early stopping and performance scheduling, where the spec asks for them."""
    found: dict[str, Any] = {}
    stopping, schedule = spec.training.early_stopping, spec.schedule
    if schedule is not None and schedule.name == PERFORMANCE:
        settings = _arguments(schedule)
        watching.check_monitor(settings["monitor"], columns, schedule.mark)
        found["performance"] = watching.Performance(settings, model)
    if stopping is not None:
        mark = stopping.mark("monitor") or spec.training.mark("early_stopping")
        watching.check_monitor(stopping.monitor, columns, mark)
        found["early_stopping"] = watching.EarlyStopping(stopping, model)
    return found


def sample_weights(dataset: Dataset) -> np.ndarray | None:
    """Class weights as a weight for every training row: shape (rows,), float32."""
    if dataset.class_weight is None:
        return None
    table = np.ones(max(dataset.class_weight) + 1, np.float32)
    for number, weight in dataset.class_weight.items():
        table[number] = weight
    return table[dataset.train.y]


def _arguments(choice: Choice) -> dict[str, Any]:
    return {name: choice.value(name) for name in choice.entry.arguments}
