"""From a checked spec to what every stage needs; every refusal comes before a run directory exists."""

from __future__ import annotations

from typing import Any

import keras

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.config.root import Config
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
