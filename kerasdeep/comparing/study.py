"""What a study is made of: every variant of the file with every seed, each a checked experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kerasdeep import spec
from kerasdeep.comparing import figures
from kerasdeep.errors import InputError, Mark, Problem
from kerasdeep.spec.claims import parse
from kerasdeep.spec.load import Loaded

Flags = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Wishes:
    """The options of the command. `seeds` counts them; the first is the file's own, or that of `flags`."""

    seeds: int = 3
    sets: tuple[str, ...] = ()
    profile: str | None = None
    flags: Flags = field(default_factory=dict)


@dataclass(frozen=True)
class Arm:
    """One variant with one seed. `loaded` bears the name that its run directory gets."""

    variant: str
    seed: int
    loaded: Loaded


@dataclass(frozen=True)
class Study:
    """`named`: claims name a variant first. `judged`: not under a profile, which is another experiment."""

    name: str
    description: str
    path: Path
    arms: list[Arm]
    expect: list[str]
    named: bool
    judged: bool


def read(path: Path, wishes: Wishes) -> Study:
    """The study that the file describes. Raises InputError for the file, its claims, or machines that differ."""
    whole = spec.load(path, wishes.sets, wishes.profile, None, dict(wishes.flags))
    names = list(whole.spec.variants) or [None]
    arms = [_arm(path, wishes, whole, name, number) for name in names for number in range(wishes.seeds)]
    _check_claims(whole)
    _check_machines(arms)
    return Study(
        name=str(whole.spec.name),
        description=whole.spec.description,
        path=path,
        arms=arms,
        expect=list(whole.spec.expect),
        named=bool(whole.spec.variants),
        judged=wishes.profile is None,
    )


def _arm(path: Path, wishes: Wishes, whole: Loaded, name: str | None, number: int) -> Arm:
    seed = whole.spec.seed + number
    flags = {**wishes.flags, "seed": ("--seed", str(seed))}
    loaded = spec.load(path, wishes.sets, wishes.profile, name, flags)
    variant = name or str(whole.spec.name)
    called = f"{whole.spec.name}-{name}-seed{seed}" if name else f"{whole.spec.name}-seed{seed}"
    return Arm(variant, seed, replace(loaded, spec=replace(loaded.spec, name=called)))


def _check_claims(whole: Loaded) -> None:
    """Every figure that a claim names must be one that can be read, before hours are spent on training."""
    problems = []
    for text in whole.spec.expect:
        for name in parse(text).names:
            figure = name.partition(".")[2] if whole.spec.variants else name
            wrong = figures.wrong(figure)
            if wrong:
                message = f'`expect`: "{text}": {wrong}'
                problems.append(Problem("error", "claim", message, whole.spec.mark("expect")))
    if problems:
        raise InputError(problems)


def _check_machines(arms: list[Arm]) -> None:
    """All arms train in one process, which has one backend, one device and one number of threads."""
    first = arms[0].loaded.spec.runtime
    for key in ("backend", "device", "threads"):
        for arm in arms:
            found, section = getattr(arm.loaded.spec.runtime, key), arm.loaded.spec.runtime
            if found != getattr(first, key):
                message = (
                    f"`runtime.{key}` is {found} in the variant {arm.variant} and {getattr(first, key)} in "
                    f"{arms[0].variant}. Variants are compared in one process: train them by themselves with "
                    "`kerasdeep train --variant`, then compare the runs."
                )
                raise InputError(message, "conflict", section.mark(key) or Mark(str(arm.loaded.path)))
