"""Continuing a run: the same numerics, the same configuration, the same data, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerasdeep.errors import InputError, Problem, Report
from kerasdeep.run_dir import RunDir
from kerasdeep.spec import resolved
from kerasdeep.spec.load import Loaded
from kerasdeep.spec.training import Training

HARMLESS = (
    "name",
    "description",
    "report",
    "allow",
    "data.cache",
    "data.stream",
    "training.epochs",
    "training.schedule_epochs",  # judged apart, with the epochs
    "training.when_extended",
    "training.checkpoint",
    "training.watch",
    "runtime.chunk",
)
RATE_BY_METRIC = "Performance"  # the one schedule that knows no planned end


def as_begun(loaded: Loaded, run: RunDir) -> Loaded:
    """`loaded` with the thread count, compilation and planned length of the schedule that the run began with.

    Where more or fewer epochs meet a schedule, a warning says what becomes of it. Raises InputError when the
    configuration changed in a way that would give another run.
    """
    environment, engine = run.read_environment(), run.read_fact("engine") or {}
    section = loaded.spec.runtime
    if section.threads == "auto":
        section = replace(section, threads=environment.get("threads", section.threads))
    if section.compile == "auto":
        section = replace(section, compile=engine.get("compile", section.compile))
    loaded = replace(loaded, spec=replace(loaded.spec, runtime=section))
    before = resolved.leaves(run.resolved.read_text(encoding="utf-8"))
    _refuse_changes(loaded, run, before)
    return _planned(loaded, run, int(before["training.epochs"]), before.get("training.schedule_epochs"))


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


def _planned(loaded: Loaded, run: RunDir, epochs: int, planned: str | None) -> Loaded:
    """`loaded` with its schedule over the epochs that it was `planned` for, or over all, as `when_extended` says.

    `epochs` are those that the run had before, `planned` the text of its `training.schedule_epochs`.
    """
    schedule, section = loaded.spec.schedule, loaded.spec.training
    if schedule is None or schedule.name == RATE_BY_METRIC or loaded.spec.stages:
        return loaded
    known = None if planned in (None, "null") else int(planned)
    if section.schedule_epochs not in (None, known):
        message = f"The schedule of {run.path} is planned over {known or epochs} epochs, now `schedule_epochs` is "
        message += f"{section.schedule_epochs}. Start a new run."
        raise InputError(message, "config-changed", section.mark("schedule_epochs"))
    warnings = loaded.warnings
    if section.epochs != epochs:
        known = (known or epochs) if section.when_extended == "hold" else None
        warnings = [*warnings, *_extended(schedule.name, epochs, known, section)]
    training = replace(section, schedule_epochs=known)
    return replace(loaded, spec=replace(loaded.spec, training=training), warnings=warnings)


def _extended(schedule: str, epochs: int, planned: int | None, section: Training) -> list[Problem]:
    report = Report()
    message = f"{epochs} epochs became {section.epochs}. "
    if planned is not None:
        message += (
            f"{schedule} keeps the course that was planned over {planned} (`when_extended: hold`): what ends "
        )
        message += "there stays at its last rate. `stretch` would spread it over all epochs."
    else:
        message += f"{schedule} is spread over them all from here on (`when_extended: stretch`), so the rate may "
        message += "jump; a run of that length from the start would be another one."
    report.warn("extended", message, section.mark("when_extended"))
    return report.warnings


def _refuse_changes(loaded: Loaded, run: RunDir, before: dict[str, str]) -> None:
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
