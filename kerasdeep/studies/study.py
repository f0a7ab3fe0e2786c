"""What a study is made of: every variant of the file with every seed, each a checked experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kerasdeep.config import load_config
from kerasdeep.config.claims import parse_claim
from kerasdeep.config.load import LoadedConfig
from kerasdeep.errors import InputError, Problem, SourceLocation
from kerasdeep.studies import metric_paths

Flags = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class StudyOptions:
    """The options of the command. `seeds` counts them; the first is the file's own, or that of `flags`."""

    seeds: int = 3
    sets: tuple[str, ...] = ()
    profile: str | None = None
    flags: Flags = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One variant with one seed. `loaded` bears the name that its run directory gets."""

    variant: str
    seed: int
    loaded: LoadedConfig


@dataclass(frozen=True)
class Study:
    """`named`: claims name a variant first. `judged`: not under a profile, which is another experiment."""

    name: str
    description: str
    path: Path
    trials: list[Trial]
    expect: list[str]
    claims_name_variant: bool
    claims_apply: bool


def load_study(path: Path, study_options: StudyOptions) -> Study:
    """The study that the file describes. Raises InputError for the file, its claims, or machines that differ."""
    base = load_config(path, study_options.sets, study_options.profile, None, dict(study_options.flags))
    variant_names = list(base.config.variants) or [None]
    trials = [
        _make_trial(path, study_options, base, name, seed_offset)
        for name in variant_names
        for seed_offset in range(study_options.seeds)
    ]
    _check_claims(base)
    _check_same_runtime(trials)
    return Study(
        name=str(base.config.name),
        description=base.config.description,
        path=path,
        trials=trials,
        expect=list(base.config.expect),
        claims_name_variant=bool(base.config.variants),
        claims_apply=study_options.profile is None,
    )


def _make_trial(
    path: Path, study_options: StudyOptions, base: LoadedConfig, variant_name: str | None, seed_offset: int
) -> Trial:
    seed = base.config.seed + seed_offset
    flags = {**study_options.flags, "seed": ("--seed", str(seed))}
    loaded = load_config(path, study_options.sets, study_options.profile, variant_name, flags)
    variant = variant_name or str(base.config.name)
    run_name = f"{base.config.name}-{variant_name}-seed{seed}" if variant_name else f"{base.config.name}-seed{seed}"
    return Trial(variant, seed, replace(loaded, config=replace(loaded.config, name=run_name)))


def _check_claims(base: LoadedConfig) -> None:
    """Every figure that a claim names must be one that can be read, before hours are spent on training."""
    problems = []
    for text in base.config.expect:
        for name in parse_claim(text).names:
            metric_path = name.partition(".")[2] if base.config.variants else name
            reason = metric_paths.metric_path_error(metric_path)
            if reason:
                message = f'`expect`: "{text}": {reason}'
                problems.append(Problem("error", "claim", message, base.config.location("expect")))
    if problems:
        raise InputError(problems)


def _check_same_runtime(trials: list[Trial]) -> None:
    """All arms train in one process, which has one backend, one device and one number of threads."""
    first = trials[0].loaded.config.runtime
    for key in ("backend", "device", "threads"):
        for trial in trials:
            value, section = getattr(trial.loaded.config.runtime, key), trial.loaded.config.runtime
            if value != getattr(first, key):
                message = (
                    f"`runtime.{key}` is {value} in the variant {trial.variant} and {getattr(first, key)} in "
                    f"{trials[0].variant}. Variants are compared in one process: train them by themselves with "
                    "`kerasdeep train --variant`, then compare the runs."
                )
                raise InputError(message, "conflict", section.location(key) or SourceLocation(str(trial.loaded.path)))
