"""Means over seeds, and differences between variants seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


def moments(values: Sequence[float]) -> dict[str, float | int]:
    """Mean and standard deviation (of a sample: n - 1) of the values that are numbers, and their number."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return {"mean": math.nan, "std": math.nan, "n": 0}
    deviation = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return {"mean": float(np.mean(known)), "std": deviation, "n": len(known)}


def paired(values: Mapping[int, float], against: Mapping[int, float]) -> dict[str, Any] | None:
    """The mean difference over the seeds that both have, with its 95 % interval; None without a common seed.

    The same seed draws the same initial weights and row order where the networks are alike, so that pairs vary
    less than two means do. The interval is Student's t for paired samples; with one pair there is none.
    """
    seeds = [seed for seed in values if math.isfinite(values[seed]) and math.isfinite(against.get(seed, math.nan))]
    if not seeds:
        return None
    differences = np.array([values[seed] - against[seed] for seed in seeds])
    mean, n = float(differences.mean()), len(seeds)
    if n == 1:
        return {"difference": mean, "low": None, "high": None, "n": 1}
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * differences.std(ddof=1) / math.sqrt(n))
    return {"difference": mean, "low": mean - half, "high": mean + half, "n": n}
