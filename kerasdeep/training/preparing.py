"""From a checked spec to what every stage needs; every refusal comes before a run directory exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasdeep import build
from kerasdeep.catalog import Choice
from kerasdeep.data import Dataset
from kerasdeep.errors import InputError
from kerasdeep.runtime import Runtime
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.planned import PlannedLayer
from kerasdeep.training import compilation, watching
from kerasdeep.training.compilation import Compilation

PERFORMANCE = "Performance"  # the schedule that is training's, not the optimizer's


def network(
    spec: Spec,
    planned: tuple[PlannedLayer, ...],
    dataset: Dataset,
    told: list[dict[str, Any]] | None = None,
    front: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """The model, with what it has from `pretrained` in it; `told` gets a row for each of those layers.

    `front` is what the input goes through before the first layer.
    """
    section = spec.data
    settings = {"seed": spec.seed, "scaling": section.scaling, "front": front}
    if spec.reused is None:
        return build.model(planned, dataset.input_shapes, section.augmentation, **settings)
    from kerasdeep.build import pretrained

    found = told if spec.pretrained is not None else None  # an application's new weights are no news
    return pretrained.network(
        spec.reused, planned, dataset.input_shapes, section.augmentation, told=found, **settings
    )


def said_of(reused: list[dict[str, Any]]) -> list[str]:
    """What became of pretrained layers: one line in all, one for each that was passed over or mended."""
    if not reused:
        return []
    counts = {kind: sum(row["became"] == kind for row in reused) for kind in ("loaded", "skipped", "new")}
    said = [f"Pretrained layers: {', '.join(f'{count} {kind}' for kind, count in counts.items())}."]
    odd = [
        row
        for row in reused
        if row["became"] == "mended" or (row["became"] != "loaded" and row["why"] != "not kept")
    ]
    return said + [f"  {row['became']:8} {row['layer']}: {row['why']}" for row in odd[:20]]


def steps_per_epoch(spec: Spec, dataset: Dataset) -> int:
    return -(-len(dataset.train) // spec.training.batch_size)


def check_devices(spec: Spec, machine: Runtime) -> None:
    """Raises InputError when a batch cannot be split evenly over the devices that share it."""
    size, devices = spec.training.batch_size, machine.devices
    if size % devices:
        near = ", ".join(str(one) for one in (size // devices * devices, -(-size // devices) * devices) if one)
        message = f"A batch of {size} rows cannot be split evenly over {devices} devices. Expected a multiple of "
        raise InputError(f"{message}{devices}, such as {near}.", "batch-size", spec.training.mark("batch_size"))


def compile_rule(spec: Spec, model: keras.Model, steps: int, machine: Runtime) -> Compilation:
    """How the run is compiled, whose stages have so many steps in all."""
    return compilation.choose(
        model,
        spec.runtime.compile,
        device=machine.device,
        steps=steps,
        backend=machine.backend,
        mark=spec.runtime.mark("compile"),
    )


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
