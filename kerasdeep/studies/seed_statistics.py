"""Means over seeds, and differences between variants seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from kerasdeep.runs import RunDir

CONFIDENCE = 0.95


def mean_and_std(values: Sequence[float]) -> dict[str, float | int]:
    """Mean and standard deviation (of a sample: n - 1) of the values that are numbers, and their number."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return {"mean": math.nan, "std": math.nan, "n": 0}
    deviation = float(np.std(finite, ddof=1)) if len(finite) > 1 else 0.0
    return {"mean": float(np.mean(finite)), "std": deviation, "n": len(finite)}


def paired_t_interval(
    variant_values: Mapping[Any, float],
    baseline_values: Mapping[Any, float],
    shared_rows: float = 0.0,
    confidence: float = CONFIDENCE,
) -> dict[str, Any] | None:
    """The mean difference over the pairs that both have, with its interval; None without a common one.

    The same seed draws the same initial weights and row order where the networks are alike, so that pairs vary
    less than two means do. The interval is Student's t for paired samples; with one pair there is none.

    Pairs that are trained on rows they share, as folds and fresh splits are, agree more than independent ones would.
    `shared_rows` is then the rows that a pair holds out for each that it trains on, by which the variance of the mean
    grows: s² (1 / n + shared_rows), the corrected resampled t-test (Nadeau and Bengio 2003, "Inference for the
    generalization error").
    """
    pairs = [
        pair
        for pair in variant_values
        if math.isfinite(variant_values[pair]) and math.isfinite(baseline_values.get(pair, math.nan))
    ]
    if not pairs:
        return None
    differences = np.array([variant_values[pair] - baseline_values[pair] for pair in pairs])
    mean, n = float(differences.mean()), len(pairs)
    if n == 1:
        return {"difference": mean, "low": None, "high": None, "n": 1}
    error = differences.std(ddof=1) * math.sqrt(1 / n + shared_rows)
    half_width = float(stats.t.ppf((1 + confidence) / 2, n - 1) * error)
    return {"difference": mean, "low": mean - half_width, "high": mean + half_width, "n": n}


def excludes_zero(interval: Mapping[str, Any] | None) -> bool:
    """Whether an interval shows a difference; none does that is not there."""
    return bool(interval and interval["low"] is not None and interval["low"] * interval["high"] > 0)


def held_out_ratio(run: RunDir) -> float:
    """The validation rows of a run for each training row: the `shared_rows` of runs that draw them from the same."""
    rows = (run.read_fact("data") or {}).get("rows") or {}
    return float(rows.get("validation") or 0) / float(rows.get("train") or 1)
