"""`expect` judged: each claim over the means of its figures, as met or missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerasdeep.comparing import figures
from kerasdeep.comparing.statistics import moments
from kerasdeep.run_dir import RunDir
from kerasdeep.spec.claims import Claim, parse


def judge(expect: Sequence[str], runs: Mapping[str, Mapping[int, RunDir]], named: bool) -> list[dict[str, Any]]:
    """A row a claim: its text, what stands on its left and how that deviates over seeds, and whether it is met.

    `runs` has the runs by variant and seed; `named` says that claims name the variant first.
    """
    return [_judged(text, runs, named) for text in expect]


def _judged(text: str, runs: Mapping[str, Mapping[int, RunDir]], named: bool) -> dict[str, Any]:
    claim, by_seed, means, missing = parse(text), {}, {}, []
    for name in claim.names:
        variant, _, figure = name.partition(".") if named else (next(iter(runs)), "", name)
        by_seed[name] = {seed: figures.read(run, figure) for seed, run in runs[variant].items()}
        found = moments(list(by_seed[name].values()))
        means[name] = found["mean"]
        if found["n"] < len(runs[variant]):
            missing.append(f"{name} ({found['n']} of {len(runs[variant])} runs have it)")
    return {
        "claim": text,
        "met": claim.holds(means.__getitem__) and not missing,
        "value": claim.value(means.__getitem__),
        "deviation": moments(_left_by_seed(claim, by_seed))["std"],
        "figures": means,
        "why": f"no such figure: {', '.join(missing)}" if missing else None,
    }


def _left_by_seed(claim: Claim, by_seed: Mapping[str, Mapping[int, float]]) -> list[float]:
    """What stands on the claim's left for each seed by itself."""
    first = next(iter(by_seed.values()))
    seeds = [seed for seed in first if all(seed in values for values in by_seed.values())]
    return [claim.value(lambda name, seed=seed: by_seed[name][seed]) for seed in seeds]
