"""`expect` judged: each claim over the means of its figures, as met or missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerasdeep.config.claims import Claim, parse_claim
from kerasdeep.runs import RunDir
from kerasdeep.studies import metric_paths
from kerasdeep.studies.seed_statistics import mean_and_std


def evaluate_claims(
    expect: Sequence[str], runs: Mapping[str, Mapping[int, RunDir]], claims_name_variant: bool
) -> list[dict[str, Any]]:
    """A row a claim: its text, what stands on its left and how that deviates over seeds, and whether it is met.

    `runs` has the runs by variant and seed; `named` says that claims name the variant first.
    """
    return [_evaluate_claim(text, runs, claims_name_variant) for text in expect]


def _evaluate_claim(text: str, runs: Mapping[str, Mapping[int, RunDir]], claims_name_variant: bool) -> dict[str, Any]:
    claim, by_seed, means, missing = parse_claim(text), {}, {}, []
    for name in claim.names:
        variant, _, metric_path = name.partition(".") if claims_name_variant else (next(iter(runs)), "", name)
        by_seed[name] = {seed: metric_paths.read_metric(run, metric_path) for seed, run in runs[variant].items()}
        mean_std = mean_and_std(list(by_seed[name].values()))
        means[name] = mean_std["mean"]
        if mean_std["n"] < len(runs[variant]):
            missing.append(f"{name} ({mean_std['n']} of {len(runs[variant])} runs have it)")
    return {
        "claim": text,
        "met": claim.holds(means.__getitem__) and not missing,
        "value": claim.value(means.__getitem__),
        "deviation": mean_and_std(_left_side_by_seed(claim, by_seed))["std"],
        "figures": means,
        "why": f"no such figure: {', '.join(missing)}" if missing else None,
    }


def _left_side_by_seed(claim: Claim, by_seed: Mapping[str, Mapping[int, float]]) -> list[float]:
    """What stands on the claim's left for each seed by itself."""
    first = next(iter(by_seed.values()))
    seeds = [seed for seed in first if all(seed in values for values in by_seed.values())]
    return [claim.value(lambda name, seed=seed: by_seed[name][seed]) for seed in seeds]
