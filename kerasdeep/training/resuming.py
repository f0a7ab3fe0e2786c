"""Continuing a run: the same numerics, the same configuration, the same data, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerasdeep.errors import InputError
from kerasdeep.run_dir import RunDir
from kerasdeep.spec import resolved
from kerasdeep.spec.load import Loaded

HARMLESS = (
    "name",
    "description",
    "report",
    "allow",
    "data.cache",
    "training.epochs",
    "training.checkpoint",
    "runtime.chunk",
)
RATE_BY_METRIC = "Performance"  # the one schedule that knows no planned end


def as_begun(loaded: Loaded, run: RunDir) -> Loaded:
    """`loaded` with the thread count and compilation that the run began with.

    Raises InputError when the configuration changed in a way that would give another run.
    """
    environment, engine = run.read_environment(), run.read_fact("engine") or {}
    section = loaded.spec.runtime
    if section.threads == "auto":
        section = replace(section, threads=environment.get("threads", section.threads))
    if section.compile == "auto":
        section = replace(section, compile=engine.get("compile", section.compile))
    loaded = replace(loaded, spec=replace(loaded.spec, runtime=section))
    _refuse_changes(loaded, run)
    return loaded


def check_data(run: RunDir, digest: str) -> None:
    """Raises InputError when the data are not those that the run began with."""
    begun = run.read_environment().get("data_hash")
    if begun not in (None, digest):
        raise InputError(
            f"The data changed since {run.path} began: their hash was {begun[:12]}, now it is {digest[:12]}. "
            "Start a new run, or bring the old data back.",
            "data-changed",
        )


def other_versions(run: RunDir, environment: dict[str, Any]) -> list[str]:
    """What is not as it was when the run began and may change its last digits."""
    begun = run.read_environment()
    before, now = ({**found.get("versions", {}), "device": found.get("device")} for found in (begun, environment))
    return [f"{name} {before[name]} → {now.get(name)}" for name in before if before[name] != now.get(name)]


def _refuse_changes(loaded: Loaded, run: RunDir) -> None:
    before = resolved.leaves(run.resolved.read_text(encoding="utf-8"))
    now = resolved.leaves(resolved.text(loaded.spec))
    changed = [
        key
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key) and not key.startswith(HARMLESS)
    ]
    if changed:
        shown = "; ".join(f"{key}: {before.get(key, 'absent')} → {now.get(key, 'absent')}" for key in changed[:10])
        raise InputError(
            f"The configuration changed since {run.path} began ({shown}). Start a new run, or undo the change.",
            "config-changed",
        )
    epochs = before.get("training.epochs"), now.get("training.epochs")
    schedule = loaded.spec.schedule
    if epochs[0] != epochs[1] and schedule is not None and schedule.name != RATE_BY_METRIC:
        raise InputError(
            f"The schedule {schedule.name} was planned over {epochs[0]} epochs; with {epochs[1]} it would be "
            "another one. Start a new run.",
            "config-changed",
        )
