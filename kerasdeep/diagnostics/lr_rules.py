"""From a range test's losses to rates worth trying."""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

SMOOTHING_DECADES = 0.1
"""Half-width of the smoothing window in powers of ten of the rate."""
EDGE_TOLERANCE = 0.05
"""The share of the loss's fall that may be lost again at the edge."""
MIN_FALL = 0.02
"""A smaller fall, relative to the first loss, does not count."""

RULE_DESCRIPTIONS = {
    "steepest": "where the loss falls fastest",
    "valley": "two thirds down the longest descent",
    "minimum_tenth": "a tenth of the rate with the least loss",
    "minimum": "the rate with the least loss",
    "edge": "the highest rate before the loss turns up",
}


@dataclass(frozen=True)
class CurveAnalysis:
    """`suggestions` are rates by the names of `RULE_DESCRIPTIONS`; empty where the loss never fell, or by less than it
    scatters (`is_noisy`)."""

    smoothed: np.ndarray
    suggestions: dict[str, float]
    lowest_at_start: bool
    lowest_at_end: bool
    is_noisy: bool = False


def analyze_curve(rates: np.ndarray, losses: np.ndarray) -> CurveAnalysis:
    """Smooths the losses and looks for rates. Both have shape (steps,), rates rise exponentially.

    Losses above twice the first count as that much, and where nothing but such losses follows, the curve ends: an
    explosion must not bend what comes before it. The valley is the longest decreasing subsequence (as in fastai's
    finder); the edge is what Smith (2018) calls the maximum: past the minimum, before the loss has given back a
    twentieth of its fall.
    """
    first = float(np.median(losses[: max(1, len(losses) // 20)]))
    width = max(2.0, SMOOTHING_DECADES / max(1e-9, float(np.log10(rates[1] / rates[0])))) if len(rates) > 1 else 1.0
    ceiling = first + abs(first)
    last_sane_step_end = int(np.flatnonzero(losses <= ceiling)[-1]) + 1
    smoothed, slope = _local_regression(np.minimum(losses[:last_sane_step_end], ceiling), width)
    smoothed = np.append(smoothed, np.full(len(losses) - last_sane_step_end, ceiling))
    lowest = int(smoothed.argmin())
    fall = float(smoothed[: lowest + 1].max() - smoothed[lowest])
    noise = float(np.std(losses[: lowest + 1] - smoothed[: lowest + 1]))
    at_start, at_end = lowest < len(rates) // 20, lowest >= len(rates) - 1 - width
    if at_start or fall < max(MIN_FALL * abs(first), noise):
        return CurveAnalysis(smoothed, {}, at_start, at_end, is_noisy=fall < noise)
    past_edge = np.flatnonzero(smoothed[lowest:] > smoothed[lowest] + EDGE_TOLERANCE * fall)
    edge = lowest + int(past_edge[0]) - 1 if len(past_edge) else len(rates) - 1
    steps = {
        "steepest": int(slope[: lowest + 1].argmin()),
        "valley": _valley_step(smoothed),
        "minimum": lowest,
        "edge": edge,
    }
    rates_by_rule = {name: float(rates[step]) for name, step in steps.items()}
    rates_by_rule["minimum_tenth"] = rates_by_rule["minimum"] / 10
    return CurveAnalysis(
        smoothed, {name: round_rate(rates_by_rule[name]) for name in RULE_DESCRIPTIONS}, at_start, at_end
    )


def round_rate(rate: float) -> float:
    """Two digits: the test is no more precise."""
    return float(f"{rate:.2g}")


def _local_regression(losses: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Value and slope at each step of the straight line through its neighbours, weighted by a Gaussian.

    A running mean would lag behind, which moves the minimum to higher rates.
    """
    steps = np.arange(len(losses))
    away = steps[None, :] - steps[:, None]
    weights = np.exp(-0.5 * (away / width) ** 2)
    s0, s1, s2 = (np.sum(weights * away**power, axis=1) for power in (0, 1, 2))
    t0, t1 = weights @ losses, (weights * away) @ losses
    scale = s0 * s2 - s1 * s1
    if len(losses) < 3:
        return losses, np.zeros(len(losses))
    return (s2 * t0 - s1 * t1) / scale, (s0 * t1 - s1 * t0) / scale


def _valley_step(losses: np.ndarray) -> int:
    """The step two thirds through the longest strictly decreasing subsequence (patience sorting)."""
    tails: list[float] = []  # negated last loss of the best chain of each length
    ends: list[int] = []  # its step
    before = [-1] * len(losses)
    for step, loss in enumerate(-losses):
        length = bisect_left(tails, loss)
        before[step] = ends[length - 1] if length else -1
        tails[length : length + 1], ends[length : length + 1] = [loss], [step]
    chain = [ends[-1]]
    while before[chain[-1]] >= 0:
        chain.append(before[chain[-1]])
    last, first = chain[0], chain[-1]
    return first + (last - first) * 2 // 3
