"""Two learning rates on one network: which leaves the lower loss on rows that it was not trained on.

A range test sees each rate for a few steps only. Before its suggestion replaces a rate that somebody chose, both
train the same network on the same batches for as long as one may wait, and are judged as early stopping would.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import keras
import numpy as np
from scipy import stats

from kerasdeep.data.types import DataSplit
from kerasdeep.evaluation.layer_stats import Batch, take_rows
from kerasdeep.evaluation.model_state import preserve_state
from kerasdeep.modeling.optimizer import default_optimizer

CHECKS = 5
"""How often the held-out rows are looked at; the best look counts."""
BLOCKS, MAX_BLOCK_ROWS = 10, 500
CONFIDENCE_LEVEL = 0.95
MIN_GAIN = 0.1
"""A smaller gain, relative to the loss, does not count even if it is certain: a short training flatters high rates."""


@dataclass(frozen=True)
class RateComparison:
    """What `steps` steps at the current and at the suggested rate lead to.

    The losses are of held-out rows. `low` and `high` are the 95 % interval of the suggested rate's loss minus the
    current rate's over paired blocks of these rows. `verdict` is better, no_clear_difference or worse; a rate is
    better or worse by more than a tenth of the loss. A number that is not finite is None.
    """

    steps: int
    current_loss: float | None
    suggested_loss: float | None
    low: float | None
    high: float | None
    verdict: str


def compare_rates(
    model: keras.Model,
    batches: Callable[[], Iterator[Batch]],
    held_out: DataSplit,
    rows: np.ndarray,
    current: Sequence[float],
    suggested: Sequence[float],
) -> RateComparison:
    """Trains `model` from where it is once at the rates `current`, once at `suggested`, and leaves it as it was.

    Args:
        model: Compiled with a rate that can be set.
        batches: Begins the same batches anew.
        held_out: A part that has rows to judge by.
        rows: Which of its rows, none of them in a batch.
        current: The rate of every step.
        suggested: As many other rates.
    """
    blocks = _blocks(held_out, rows)
    mine, other = (_best_losses(model, batches(), blocks, rates) for rates in (current, suggested))
    with np.errstate(invalid="ignore"):
        difference = other - mine
    low, high = _t_interval(difference)
    mean, least = float(difference.mean()), MIN_GAIN * abs(float(mine.mean()))
    is_better, is_worse = high < 0 and mean < -least, low > 0 and mean > least
    if not math.isfinite(mean):  # a rate that ends in NaN loses, whatever the other does
        is_better, is_worse = (
            not np.isfinite(mine).all() and bool(np.isfinite(other).all()),
            not np.isfinite(other).all(),
        )
    verdict = "better" if is_better else "worse" if is_worse else "no_clear_difference"
    mine_mean, other_mean = _finite(float(mine.mean())), _finite(float(other.mean()))
    return RateComparison(len(current), mine_mean, other_mean, _finite(low), _finite(high), verdict)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _blocks(held_out: DataSplit, rows: np.ndarray) -> list[Batch]:
    """Blocks of one size, since each size is compiled anew, of rows in a fixed random order."""
    size = min(MAX_BLOCK_ROWS, max(1, len(rows) // BLOCKS))
    order = np.random.default_rng(0).permutation(rows).astype(np.int32)
    starts = range(0, min(BLOCKS * size, len(rows) - size + 1), size)
    return [take_rows(held_out, order[start : start + size], held_out.weight) for start in starts]


def _best_losses(
    model: keras.Model, batches: Iterator[Batch], blocks: list[Batch], rates: Sequence[float]
) -> np.ndarray:
    """The loss of each block after the best of the looks, (blocks,); infinite where training did not stay finite."""
    best = diverged = np.full(len(blocks), math.inf)
    optimizer = default_optimizer(model.optimizer)
    looks = {math.ceil(len(rates) * (look + 1) / CHECKS) for look in range(CHECKS)}
    with preserve_state(model):
        for step, (rate, (x, y, weights)) in enumerate(zip(rates, islice(batches, len(rates)), strict=True), 1):
            optimizer.learning_rate = rate
            model.reset_metrics()
            if not math.isfinite(model.train_on_batch(x, y, weights, return_dict=True)["loss"]):
                return diverged  # also where an earlier look was good
            if step in looks:
                losses = np.array([_loss(model, block) for block in blocks])
                if not np.isfinite(losses).all():
                    return diverged
                best = losses if losses.mean() < best.mean() else best
    return best


def _loss(model: keras.Model, block: Batch) -> float:
    model.reset_metrics()
    x, y, weights = block
    return float(model.test_on_batch(x, y, weights, return_dict=True)["loss"])


def _t_interval(differences: np.ndarray) -> tuple[float, float]:
    """Student's interval of the mean of paired differences."""
    if len(differences) < 2 or not np.isfinite(differences).all():
        return -math.inf, math.inf
    margin = stats.t.ppf((1 + CONFIDENCE_LEVEL) / 2, len(differences) - 1) * stats.sem(differences)
    return float(differences.mean() - margin), float(differences.mean() + margin)
