"""The claims under `expect`, each over the means of its metrics: met or missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerasdeep.config.claims import Claim, parse_claim
from kerasdeep.studies.metric_values import read_metric
from kerasdeep.studies.seed_statistics import mean_and_std
from kerasdeep.studies.study import RunKey, RunsByVariant


def evaluate_claims(claims: Sequence[str], runs: RunsByVariant, claims_name_variant: bool) -> list[dict[str, Any]]:
    """One row per claim: its text, the value of its left side with the deviation over seeds, and whether it is met.

    `claims_name_variant` says that the metrics of claims begin with a variant.
    """
    return [_evaluate_claim(text, runs, claims_name_variant) for text in claims]


def _evaluate_claim(text: str, runs: RunsByVariant, claims_name_variant: bool) -> dict[str, Any]:
    claim, missing = parse_claim(text), []
    by_seed: dict[str, dict[RunKey, float]] = {}
    means: dict[str, float] = {}
    for name in claim.names:
        variant, _, metric_path = name.partition(".") if claims_name_variant else (next(iter(runs)), "", name)
        by_seed[name] = {seed: read_metric(run, metric_path) for seed, run in runs[variant].items()}
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
        "why": f"no such metric: {', '.join(missing)}" if missing else None,
    }


def _left_side_by_seed(claim: Claim, by_seed: dict[str, dict[RunKey, float]]) -> list[float]:
    """The claim's left side for each seed by itself."""
    first = next(iter(by_seed.values()))
    seeds = [seed for seed in first if all(seed in values for values in by_seed.values())]
    return [claim.value({name: values[seed] for name, values in by_seed.items()}.__getitem__) for seed in seeds]
