"""From a checked spec to what every stage needs; every refusal comes before a run directory exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasdeep import data
from kerasdeep.catalog import Choice
from kerasdeep.data import Dataset
from kerasdeep.data.machine_memory import card_memory
from kerasdeep.data.streamed import within_card
from kerasdeep.errors import InputError
from kerasdeep.runtime import Runtime
from kerasdeep.spec.experiment import Spec
from kerasdeep.training import compilation, watching
from kerasdeep.training.compilation import Compilation

PERFORMANCE = "Performance"  # the schedule that is training's, not the optimizer's


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


def data_of(spec: Spec, machine: Runtime, say: Callable[[str], None] | None) -> Dataset:
    """The run's data, to be placed in chunks where they would fill the card."""
    dataset = data.load(spec.data, spec.task, spec.training.batch_size, say=say)
    return within_card(dataset, spec.data, card_memory() if machine.device == "gpu" else None)


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


def _arguments(choice: Choice) -> dict[str, Any]:
    return {name: choice.value(name) for name in choice.entry.arguments}
