"""Intervals of any statistic, by resampling rows."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import DegenerateDataWarning, bootstrap

CONFIDENCE_LEVEL = 0.95
MAX_RESAMPLES = 1000
BOOTSTRAP_SEED = 0


def bootstrap_interval(statistic: Callable[..., np.ndarray], *arrays: np.ndarray | None) -> np.ndarray | None:
    """The 95 % percentile bootstrap interval over rows (Efron 1979), seeded: low and high, stacked in front.

    `statistic` takes the arrays, (..., rows) each, those that are not None, and reduces the axis `axis`. With very
    many rows fewer resamples are as sharp. None where there are fewer than two rows or a number is not finite.
    """
    given = [array for array in arrays if array is not None]
    rows = len(given[0])
    if rows < 2 or not all(np.all(np.isfinite(array)) for array in given):
        return None
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)  # a constant target has no R²: it becomes null
        interval: Any = bootstrap(
            given,
            statistic,
            paired=True,
            vectorized=True,
            method="percentile",
            confidence_level=CONFIDENCE_LEVEL,
            n_resamples=int(np.clip(20_000_000 // rows, 100, MAX_RESAMPLES)),
            batch=max(1, 1_000_000 // rows),
            rng=np.random.default_rng(BOOTSTRAP_SEED),
        ).confidence_interval
    return np.stack([interval.low, interval.high])
