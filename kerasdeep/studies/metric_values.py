"""The values of a run's metrics, by the names of `metric_paths.py`."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from typing import Any

from kerasdeep.runs import RunDir, facts
from kerasdeep.runs.training_facts import WeightsFact
from kerasdeep.studies import metric_paths, posthoc_metrics

EPOCH_SECONDS = "seconds_an_epoch"

HistoryRows = list[dict[str, Any]]


def read_metric(run: RunDir, metric_path: str) -> float:
    """The metric of that run; not a number where it has none, as a failed run."""
    family, separator, rest = metric_path.partition(".")
    value = _read_family_metric(run, family, rest) if separator else _read_result_metric(run, metric_path)
    return float(value) if isinstance(value, int | float) else math.nan


def _read_result_metric(run: RunDir, metric_path: str) -> object:
    result = facts.read_result(run)
    if metric_path == "failed":
        return result.status == "failed"
    if metric_path == EPOCH_SECONDS:
        return median_epoch_seconds(run.history.rows())
    is_key = metric_path in metric_paths.RESULT_KEYS
    return getattr(result, metric_path) if is_key else result.metrics.get(metric_path)


def _read_family_metric(run: RunDir, family: str, rest: str) -> object:
    if family == "weights":
        return _weight_metric(facts.read_fact(run, WeightsFact), rest)
    if metric_paths.MEASURED.fullmatch(family):
        return posthoc_metrics.cached_measurement(run, family).get(rest)
    rows = run.history.rows()
    if family == "stage":
        name, _, rest = rest.partition(".")
        rows = [row for row in rows if row["stage"] == name]
        family, _, rest = rest.partition(".")
    epoch = metric_paths.EPOCH.fullmatch(family)
    if epoch:  # an epoch that the run did not reach has no metrics
        number, family = int(epoch[2]), "best"
        rows = rows[:number] if epoch[1] == "until" else rows[max(0, number - 1) : number]
    values = [row[rest] for row in rows if row.get(rest) is not None]
    return metric_paths.aggregate(family, values, rest) if values else None


def median_epoch_seconds(rows: HistoryRows) -> float | None:
    """The median, without each stage's first epoch, which compiles, where there are others."""
    rows = [row for row in rows if row.get("seconds") is not None]  # a failed epoch was not timed
    later = [row for previous, row in pairwise(rows) if previous["stage"] == row["stage"]]
    return statistics.median(row["seconds"] for row in later or rows) if rows else None


def _weight_metric(weights: WeightsFact | None, name: str) -> float | None:
    kernels = weights.layers if weights else []
    if name == "norm" and kernels:
        return math.hypot(*(_number(kernel.norm) for kernel in kernels))
    if name in ("small", "zero") and kernels:
        shares = [_number(getattr(kernel, name)) * kernel.size for kernel in kernels]
        return sum(shares) / sum(kernel.size for kernel in kernels)
    if name == "largest_unit_norm":
        return max((_number(kernel.largest_unit_norm) for kernel in kernels if kernel.hidden), default=None)
    return None


def _number(value: float | None) -> float:
    """A number that was not finite, and so was written as null, is none here either."""
    return math.nan if value is None else value
