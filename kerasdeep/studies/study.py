"""A comparison's study: every variant of a file with every seed, each a checked trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from kerasdeep import collection
from kerasdeep.config import LoadedConfig, Overrides, load_config
from kerasdeep.config.claims import parse_claim
from kerasdeep.config.load import ConfigSource
from kerasdeep.errors import InputError, Problem
from kerasdeep.runs import RunDir
from kerasdeep.studies.metric_paths import metric_path_error
from kerasdeep.studies.trial import Trial, make_trial, source_of


class RunKey(NamedTuple):
    """What tells the runs of a variant apart; `fold` counts from 1."""

    seed: int
    fold: int | None = None


RunsByVariant = dict[str, dict[RunKey, RunDir]]
"""The runs of a study by variant."""


@dataclass(frozen=True)
class Study:
    """Trials, and the claims that their runs are held against.

    Attributes:
        loaded: The file as written.
        claims: Empty under a profile, which is another experiment than the one that they are about.
        claims_name_variant: Whether the metrics of claims begin with a variant.
    """

    name: str
    description: str
    loaded: LoadedConfig
    trials: list[Trial]
    folds: int | None
    claims: list[str]
    claims_name_variant: bool


def load_study(config: ConfigSource, overrides: Overrides, seeds: int, folds: int | None = None) -> Study:
    """The study that a file describes: each variant with `seeds` seeds, the first of which is the file's own.

    With `folds`, each of them once for each fold. Raises InputError for the file or its claims.
    """
    base = load_config(config, overrides)
    source, name = source_of(config, base), str(base.config.name)
    variants: list[str | None] = [*base.config.variants] or [None]
    keys = [
        RunKey(base.config.seed + offset, fold)
        for offset in range(seeds)
        for fold in (range(1, folds + 1) if folds else (None,))
    ]
    plan = [(variant, key) for variant in variants for key in keys]
    trials = []
    for number, (variant, (seed, fold)) in enumerate(plan, 1):
        flags = {**overrides.flags, "seed": ("--seed", str(seed)), "sweep": ("sweep", "null")}
        if fold is not None:
            flags["data.validation"] = ("--folds", f"{{fold: [{fold}, {folds}]}}")
        ending = f"fold {fold}, seed {seed}" if fold else f"seed {seed}"
        trial = make_trial(
            source,
            replace(overrides, variant=variant, flags=flags),
            label=f"[{number}/{len(plan)}] {variant or name}, {ending}",
            variant=variant or name,
            seed=seed,
            fold=fold,
            name="-".join(filter(None, [name, variant, f"fold{fold}" if fold else "", f"seed{seed}"])),
        )
        trials.append(trial)
    _check_claims(base)
    return Study(
        name=name,
        description=base.config.description,
        loaded=base,
        trials=trials,
        folds=folds,
        claims=list(base.config.expect) if overrides.profile is None else [],
        claims_name_variant=bool(base.config.variants),
    )


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


def command_words(verb: str, loaded: LoadedConfig) -> list[str]:
    """The verb and the file as the command line has them; a shipped file goes by its name."""
    is_shipped = collection.collection_files().get(loaded.path.stem) == loaded.path
    return ["kerasdeep", verb, loaded.path.stem if is_shipped else str(loaded.path)]
