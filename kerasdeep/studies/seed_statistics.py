"""Means over seeds, and differences between variants seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


def mean_and_std(values: Sequence[float]) -> dict[str, float | int]:
    """Mean and standard deviation (of a sample: n - 1) of the values that are numbers, and their number."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return {"mean": math.nan, "std": math.nan, "n": 0}
    deviation = float(np.std(finite, ddof=1)) if len(finite) > 1 else 0.0
    return {"mean": float(np.mean(finite)), "std": deviation, "n": len(finite)}


def paired_t_interval(
    variant_values: Mapping[int, float], baseline_values: Mapping[int, float]
) -> dict[str, Any] | None:
    """The mean difference over the seeds that both have, with its 95 % interval; None without a common seed.

    The same seed draws the same initial weights and row order where the networks are alike, so that pairs vary
    less than two means do. The interval is Student's t for paired samples; with one pair there is none.
    """
    seeds = [
        seed
        for seed in variant_values
        if math.isfinite(variant_values[seed]) and math.isfinite(baseline_values.get(seed, math.nan))
    ]
    if not seeds:
        return None
    differences = np.array([variant_values[seed] - baseline_values[seed] for seed in seeds])
    mean, n = float(differences.mean()), len(seeds)
    if n == 1:
        return {"difference": mean, "low": None, "high": None, "n": 1}
    half_width = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * differences.std(ddof=1) / math.sqrt(n))
    return {"difference": mean, "low": mean - half_width, "high": mean + half_width, "n": n}
