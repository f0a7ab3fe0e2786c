"""From a checked spec to what every stage needs; every refusal comes before a run directory exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasdeep import data
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.data.hardware import gpu_memory_bytes
from kerasdeep.data.streaming import stream_if_exceeds_device
from kerasdeep.engine import compile_policy
from kerasdeep.engine.compile_policy import CompileDecision
from kerasdeep.errors import InputError
from kerasdeep.training import callbacks


def pretrained_summary(pretrained_log: list[dict[str, Any]]) -> list[str]:
    """What became of pretrained layers: one line in all, one for each that was passed over or mended."""
    if not pretrained_log:
        return []
    counts = {kind: sum(row["became"] == kind for row in pretrained_log) for kind in ("loaded", "skipped", "new")}
    lines = [f"Pretrained layers: {', '.join(f'{count} {kind}' for kind, count in counts.items())}."]
    unusual = [
        row
        for row in pretrained_log
        if row["became"] == "mended" or (row["became"] != "loaded" and row["why"] != "not kept")
    ]
    return lines + [f"  {row['became']:8} {row['layer']}: {row['why']}" for row in unusual[:20]]


def load_data(config: Config, machine: RuntimeContext, say: Callable[[str], None] | None) -> Dataset:
    """The run's data, to be placed in chunks where they would fill the card."""
    dataset = data.load(config.data, config.task, config.training.batch_size, say=say)
    return stream_if_exceeds_device(dataset, config.data, gpu_memory_bytes() if machine.device == "gpu" else None)


def check_devices(config: Config, machine: RuntimeContext) -> None:
    """Raises InputError when a batch cannot be split evenly over the devices that share it."""
    size, devices = config.training.batch_size, machine.devices
    if size % devices:
        nearest = ", ".join(
            str(multiple) for multiple in (size // devices * devices, -(-size // devices) * devices) if multiple
        )
        message = f"A batch of {size} rows cannot be split evenly over {devices} devices. Expected a multiple of "
        raise InputError(
            f"{message}{devices}, such as {nearest}.", "batch-size", config.training.location("batch_size")
        )


def choose_compilation(config: Config, model: keras.Model, steps: int, machine: RuntimeContext) -> CompileDecision:
    """How the run is compiled, whose stages have so many steps in all."""
    return compile_policy.choose(
        model,
        config.runtime.compile,
        device=machine.device,
        steps=steps,
        backend=machine.backend,
        location=config.runtime.location("compile"),
    )


def build_callbacks(config: Config, model: keras.Model, history_columns: list[str]) -> dict[str, Any]:
    """Early stopping and performance scheduling, where the spec asks for them."""
    built: dict[str, Any] = {}
    early_stopping, schedule = config.training.early_stopping, config.schedule
    if schedule is not None and schedule.name == PLATEAU_SCHEDULE:
        settings = _schedule_arguments(schedule)
        callbacks.check_monitor(settings["monitor"], history_columns, schedule.location)
        built["performance"] = callbacks.ReduceLROnPlateau(settings, model)
    if early_stopping is not None:
        location = early_stopping.location("monitor") or config.training.location("early_stopping")
        callbacks.check_monitor(early_stopping.monitor, history_columns, location)
        built["early_stopping"] = callbacks.EarlyStoppingCallback(early_stopping, model)
    return built


def _schedule_arguments(choice: Choice) -> dict[str, Any]:
    return {name: choice.value(name) for name in choice.entry.arguments}
