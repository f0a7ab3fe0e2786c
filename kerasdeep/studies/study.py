"""A study: every variant of a file with every seed, each a checked experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kerasdeep import collection
from kerasdeep.config import LoadedConfig, Overrides, load_config
from kerasdeep.config.claims import parse_claim
from kerasdeep.config.load import ConfigSource
from kerasdeep.errors import InputError, Problem, SourceLocation
from kerasdeep.runs import RunDir
from kerasdeep.studies.metric_paths import metric_path_error

RunsByVariant = dict[str, dict[int, RunDir]]
"""The runs of a study by variant and seed."""


@dataclass(frozen=True)
class Trial:
    """One variant of a study with one seed.

    Attributes:
        label: What messages call it: `[1/6] plain, seed 0`.
        overrides: What makes it out of the study's file.
        loaded: Its checked experiment, with the name that its run directory gets.
    """

    label: str
    variant: str
    seed: int
    overrides: Overrides
    loaded: LoadedConfig


@dataclass(frozen=True)
class Study:
    """Trials, and the claims that their runs are held against.

    Attributes:
        config_name: What the command line calls the file: its path, or the name of a shipped file.
        claims: Empty under a profile, which is another experiment than the one that they are about.
        claims_name_variant: Whether the metrics of claims begin with a variant.
    """

    name: str
    description: str
    config_name: str
    trials: list[Trial]
    claims: list[str]
    claims_name_variant: bool


def load_study(config: ConfigSource, overrides: Overrides, seeds: int) -> Study:
    """The study that a file describes: each variant with `seeds` seeds, the first of which is the file's own.

    Raises InputError for the file, its claims, or variants that need different machines.
    """
    base = load_config(config, overrides)
    variants: list[str | None] = [*base.config.variants] or [None]
    plan = [(variant, base.config.seed + offset) for variant in variants for offset in range(seeds)]
    trials = [
        _make_trial(config, overrides, str(base.config.name), variant, seed, f"[{number}/{len(plan)}]")
        for number, (variant, seed) in enumerate(plan, 1)
    ]
    _check_claims(base)
    _check_same_runtime(trials)
    is_shipped = collection.collection_files().get(base.path.stem) == base.path
    return Study(
        name=str(base.config.name),
        description=base.config.description,
        config_name=base.path.stem if is_shipped else str(base.path),
        trials=trials,
        claims=list(base.config.expect) if overrides.profile is None else [],
        claims_name_variant=bool(base.config.variants),
    )


def _make_trial(
    config: ConfigSource, overrides: Overrides, name: str, variant: str | None, seed: int, number: str
) -> Trial:
    overrides = replace(overrides, variant=variant, flags={**overrides.flags, "seed": ("--seed", str(seed))})
    loaded = load_config(config, overrides)
    run_name = f"{name}-{variant}-seed{seed}" if variant else f"{name}-seed{seed}"
    loaded = replace(loaded, config=replace(loaded.config, name=run_name))
    return Trial(f"{number} {variant or name}, seed {seed}", variant or name, seed, overrides, loaded)


def _check_claims(base: LoadedConfig) -> None:
    """Every metric that a claim names must be one that can be read, before hours are spent on training."""
    problems = []
    for text in base.config.expect:
        for name in parse_claim(text).names:
            metric_path = name.partition(".")[2] if base.config.variants else name
            reason = metric_path_error(metric_path)
            if reason:
                message = f'`expect`: "{text}": {reason}'
                problems.append(Problem("error", "claim", message, base.config.location("expect")))
    if problems:
        raise InputError(problems)


def _check_same_runtime(trials: list[Trial]) -> None:
    """All trials run in one process, which has one backend, one device and one number of threads."""
    first = trials[0].loaded.config.runtime
    for key in ("backend", "device", "threads"):
        for trial in trials:
            value, section = getattr(trial.loaded.config.runtime, key), trial.loaded.config.runtime
            if value != getattr(first, key):
                message = (
                    f"`runtime.{key}` is {value} in the variant {trial.variant} and {getattr(first, key)} in "
                    f"{trials[0].variant}. Variants train in one process here: train each with "
                    "`kerasdeep train --variant`, then compare the runs."
                )
                raise InputError(message, "conflict", section.location(key) or SourceLocation(str(trial.loaded.path)))
