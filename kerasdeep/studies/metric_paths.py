"""The figures of a run that claims can name, such as `val_accuracy`, `best.val_loss` or `mc_100.test_accuracy`.

| figure | what it is |
|---|---|
| `val_accuracy`, `test_loss`, … | a metric of the model as saved, from `result.json` |
| `epochs best_epoch seconds parameters` | of `result.json` |
| `seconds_an_epoch` | the median, each stage's first epoch left out |
| `first. last. best. lowest. highest. median.` + column | of `history.csv`; best: least for losses, else most |
| `epoch_7.` + column | the seventh epoch of the run |
| `until_7.` + column | the best of the first seven epochs |
| `stage.NAME.last.` + column | the same, among the rows of that stage |
| `weights.norm small zero largest_unit_norm` | of the saved kernels, from `facts/weights.json` |
| `failed` | 1 where the run failed |
| `diagnose. mc_N. train_again. lr_find.`, exports | measured by the verb of that name: `measures.py` |
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.runs import RunDir, facts
from kerasdeep.runs.facts import WeightsFact
from kerasdeep.studies import posthoc_metrics

RESULT_KEYS = ("epochs", "best_epoch", "seconds", "parameters")
_EPOCH = re.compile(r"(epoch|until)_(\d+)")
_EPOCH_SECONDS = "seconds_an_epoch"

HistoryRows = list[dict[str, Any]]


def _first(values: list[float], name: str) -> float:
    return values[0]


def _last(values: list[float], name: str) -> float:
    return values[-1]


def _best(values: list[float], name: str) -> float:
    return min(values) if lower_is_better(name) else max(values)


def _lowest(values: list[float], name: str) -> float:
    return min(values)


def _highest(values: list[float], name: str) -> float:
    return max(values)


def _median(values: list[float], name: str) -> float:
    return statistics.median(values)


AGGREGATES: dict[str, Callable[[list[float], str], float]] = {
    "first": _first,
    "last": _last,
    "best": _best,
    "lowest": _lowest,
    "highest": _highest,
    "median": _median,
}


def metric_path_error(metric_path: str) -> str | None:
    """What is wrong with the name of a figure, as far as that shows before training; None where nothing is."""
    family, separator, rest = metric_path.partition(".")
    if not separator:
        return None if metric_path else "a variant alone is no figure. Expected VARIANT.FIGURE: sgd.val_accuracy."
    if family == "stage":
        _, aggregate, column = [*rest.split(".", 2), "", ""][:3]
        expected = f"{metric_path}: expected stage.NAME.last.COLUMN, with one of {', '.join(AGGREGATES)}."
        return None if aggregate in AGGREGATES and column else expected
    if (
        family in AGGREGATES
        or _EPOCH.fullmatch(family)
        or family == "weights"
        or posthoc_metrics.measurement_for(family)
    ):
        return None
    families = [*AGGREGATES, "epoch_N", "until_N", "stage", "weights", *posthoc_metrics.FAMILIES]
    return f"{metric_path}: `{family}` is no family of figures. There are: {', '.join(families)}."


def read_metric(run: RunDir, metric_path: str) -> float:
    """The figure of that run; not a number where the run has none, as a failed one."""
    family, separator, rest = metric_path.partition(".")
    value = _read_result_metric(run, metric_path) if not separator else _read_family_metric(run, family, rest)
    return float(value) if isinstance(value, int | float) else math.nan


def _read_result_metric(run: RunDir, metric_path: str) -> object:
    result = facts.read_result(run)
    if metric_path == "failed":
        return result.status == "failed"
    if metric_path == _EPOCH_SECONDS:
        return median_epoch_seconds(run.history.rows())
    return getattr(result, metric_path) if metric_path in RESULT_KEYS else result.metrics.get(metric_path)


def _read_family_metric(run: RunDir, family: str, rest: str) -> Any:
    if family == "weights":
        return _weight_metric(facts.read_fact(run, WeightsFact), rest)
    if posthoc_metrics.measurement_for(family):
        return posthoc_metrics.cached_measurement(run, family).get(rest)
    rows = run.history.rows()
    if family == "stage":
        name, _, rest = rest.partition(".")
        rows = [row for row in rows if row["stage"] == name]
        family, _, rest = rest.partition(".")
    epoch = _EPOCH.fullmatch(family)
    if epoch:  # there is no figure of an epoch that the run did not reach
        number, family = int(epoch[2]), "best"
        rows = rows[:number] if epoch[1] == "until" else rows[max(0, number - 1) : number]
    values = [row[rest] for row in rows if row.get(rest) is not None]
    return AGGREGATES[family](values, rest) if values else None


def median_epoch_seconds(rows: HistoryRows) -> float | None:
    """The median, without each stage's first epoch, which compiles, where there are others."""
    rows = [row for row in rows if row.get("seconds") is not None]  # a failed epoch was not timed
    later = [row for previous, row in pairwise(rows) if previous["stage"] == row["stage"]]
    return statistics.median(row["seconds"] for row in later or rows) if rows else None


def _weight_metric(weights: WeightsFact | None, name: str) -> float | None:
    if weights is None or not weights.layers:
        return None
    kernels = weights.layers
    if name == "norm":
        return math.sqrt(sum(_or_nan(kernel.norm) ** 2 for kernel in kernels))
    if name == "largest_unit_norm":
        return max(_or_nan(kernel.largest_unit_norm) for kernel in kernels if kernel.hidden)
    if name in ("small", "zero"):
        entries = sum(_or_nan(getattr(kernel, name)) * kernel.size for kernel in kernels)
        return entries / sum(kernel.size for kernel in kernels)
    return None


def _or_nan(value: float | None) -> float:
    """Weights that were not finite have null in the fact."""
    return math.nan if value is None else value
