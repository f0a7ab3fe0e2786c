"""Continuing a run: the same numerics, the same configuration, the same data, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.config import resolved
from kerasdeep.config.load import LoadedConfig, recorded_settings
from kerasdeep.config.root import Config
from kerasdeep.config.schema import effect_of
from kerasdeep.config.sections.training import TrainingConfig
from kerasdeep.errors import InputError, Problem, Problems
from kerasdeep.runs import RunDir, facts

RESUME_SAFE_EFFECTS = ("length", "cost", "nothing")  # what a longer schedule means is judged apart


def resume_config(loaded: LoadedConfig, run: RunDir) -> LoadedConfig:
    """`loaded` with the thread count, compilation and planned length of the schedule that the run began with.

    Where more or fewer epochs meet a schedule, a warning says what becomes of it. Raises InputError when the
    configuration changed in a way that would give another run.
    """
    environment, engine = _environment(run), facts.read_fact(run, facts.EngineFact) or facts.EngineFact()
    runtime_config = loaded.config.runtime
    if runtime_config.threads == "auto":
        runtime_config = replace(runtime_config, threads=environment.threads or runtime_config.threads)
    if runtime_config.compile == "auto":
        runtime_config = replace(runtime_config, compile=engine.compile or runtime_config.compile)
    loaded = replace(loaded, config=replace(loaded.config, runtime=runtime_config))
    original_settings = recorded_settings(run.read_resolved())
    _refuse_changes(loaded, run, original_settings)
    return _with_schedule_length(
        loaded,
        run,
        int(original_settings.get("training.epochs", loaded.config.training.epochs)),
        original_settings.get("training.schedule_epochs"),
    )


def _environment(run: RunDir) -> facts.EnvironmentFact:
    return facts.read_fact(run, facts.EnvironmentFact) or facts.EnvironmentFact()


def check_data_unchanged(run: RunDir, digest: str) -> None:
    """Raises InputError when the data are not those that the run began with."""
    original_hash = _environment(run).data_hash
    if original_hash not in (None, digest):
        raise InputError(
            f"The data changed since {run.path} began: their hash was {original_hash[:12]}, now it is {digest[:12]}. "
            "Start a new run, or bring the old data back.",
            "data-changed",
        )


def changed_versions(run: RunDir, environment: dict[str, Any]) -> list[str]:
    """What is not as it was when the run began and may change its last digits."""
    recorded = _environment(run)
    original = {**recorded.versions, "device": recorded.device}
    current = {**environment.get("versions", {}), "device": environment.get("device")}
    return [
        f"{name} {original[name]} → {current.get(name)}" for name in original if original[name] != current.get(name)
    ]


def _with_schedule_length(
    loaded: LoadedConfig, run: RunDir, original_epochs: int, planned_text: str | None
) -> LoadedConfig:
    """`loaded` with its schedule over the epochs that it was `planned` for, or over all, as `when_extended` says.

    `epochs` are those that the run had before, `planned` the text of its `training.schedule_epochs`.
    """
    schedule, training_config = loaded.config.schedule, loaded.config.training
    if schedule is None or schedule.name == PLATEAU_SCHEDULE or loaded.config.stages:  # has no planned end
        return loaded
    schedule_epochs = None if planned_text in (None, "null") else int(planned_text)
    if training_config.schedule_epochs not in (None, schedule_epochs):
        message = f"The schedule of {run.path} is planned over {schedule_epochs or original_epochs} epochs, now "
        message += f"`schedule_epochs` is {training_config.schedule_epochs}. Start a new run."
        raise InputError(message, "config-changed", training_config.location("schedule_epochs"))
    warnings = loaded.warnings
    if training_config.epochs != original_epochs:
        schedule_epochs = (schedule_epochs or original_epochs) if training_config.when_extended == "hold" else None
        warnings = [*warnings, *_extension_warnings(schedule.name, original_epochs, schedule_epochs, training_config)]
    training = replace(training_config, schedule_epochs=schedule_epochs)
    return replace(loaded, config=replace(loaded.config, training=training), warnings=warnings)


def _extension_warnings(
    schedule: str, epochs: int, planned_epochs: int | None, training_config: TrainingConfig
) -> list[Problem]:
    problems = Problems()
    message = f"{epochs} epochs became {training_config.epochs}. "
    if planned_epochs is not None:
        message += (
            f"{schedule} keeps the course that was planned over {planned_epochs} (`when_extended: hold`): what ends "
        )
        message += "there stays at its last rate. `stretch` would spread it over all epochs."
    else:
        message += f"{schedule} is spread over them all from here on (`when_extended: stretch`), so the rate may "
        message += "jump; a run planned for that length from the start would have had other rates."
    problems.warn("extended", message, training_config.location("when_extended"))
    return problems.warnings


def _refuse_changes(loaded: LoadedConfig, run: RunDir, original_settings: dict[str, str]) -> None:
    current_settings = resolved.flatten_yaml(resolved.resolved_yaml(loaded.config))
    changed = [
        key
        for key in dict.fromkeys([*original_settings, *current_settings])
        if original_settings.get(key) != current_settings.get(key) and effect_of(Config, key) not in RESUME_SAFE_EFFECTS
    ]
    if changed:
        changes = "; ".join(
            f"{key}: {original_settings.get(key, 'absent')} → {current_settings.get(key, 'absent')}"
            for key in changed[:10]
        )
        raise InputError(
            f"The configuration changed since {run.path} began ({changes}). Start a new run, or undo the change.",
            "config-changed",
        )
