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

from kerasdeep.comparing import measures
from kerasdeep.run_dir import RunDir

LESS_IS_BETTER = ("loss", "error", "crossentropy", "divergence", "hinge", "false_", "brier")
OF_RESULT = ("epochs", "best_epoch", "seconds", "parameters")
_EPOCH = re.compile(r"(epoch|until)_(\d+)")
_SECONDS = "seconds_an_epoch"

Rows = list[dict[str, Any]]


def less_is_better(name: str) -> bool:
    return any(word in name for word in LESS_IS_BETTER)


def _first(values: list[float], name: str) -> float:
    return values[0]


def _last(values: list[float], name: str) -> float:
    return values[-1]


def _best(values: list[float], name: str) -> float:
    return min(values) if less_is_better(name) else max(values)


def _lowest(values: list[float], name: str) -> float:
    return min(values)


def _highest(values: list[float], name: str) -> float:
    return max(values)


def _median(values: list[float], name: str) -> float:
    return statistics.median(values)


OF_HISTORY: dict[str, Callable[[list[float], str], float]] = {
    "first": _first,
    "last": _last,
    "best": _best,
    "lowest": _lowest,
    "highest": _highest,
    "median": _median,
}


def wrong(figure: str) -> str | None:
    """What is wrong with the name of a figure, as far as that shows before training; None where nothing is."""
    family, dot, rest = figure.partition(".")
    if not dot:
        return None if figure else "a variant alone is no figure. Expected VARIANT.FIGURE: sgd.val_accuracy."
    if family == "stage":
        _, how, column = [*rest.split(".", 2), "", ""][:3]
        expected = f"{figure}: expected stage.NAME.last.COLUMN, with one of {', '.join(OF_HISTORY)}."
        return None if how in OF_HISTORY and column else expected
    if family in OF_HISTORY or _EPOCH.fullmatch(family) or family == "weights" or measures.find(family):
        return None
    families = [*OF_HISTORY, "epoch_N", "until_N", "stage", "weights", *measures.FAMILIES]
    return f"{figure}: `{family}` is no family of figures. There are: {', '.join(families)}."


def read(run: RunDir, figure: str) -> float:
    """The figure of that run; not a number where the run has none, as a failed one."""
    family, dot, rest = figure.partition(".")
    found = _plain(run, figure) if not dot else _of_family(run, family, rest)
    return float(found) if isinstance(found, int | float) else math.nan


def _plain(run: RunDir, figure: str) -> Any:
    result = run.read_result()
    if figure == "failed":
        return result["status"] == "failed"
    if figure == _SECONDS:
        return seconds_an_epoch(run.history.rows())
    return result.get(figure) if figure in OF_RESULT else result["metrics"].get(figure)


def _of_family(run: RunDir, family: str, rest: str) -> Any:
    if family == "weights":
        return _of_weights(run.read_fact("weights") or {}, rest)
    if measures.find(family):
        return measures.measured(run, family).get(rest)
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
    return OF_HISTORY[family](values, rest) if values else None


def seconds_an_epoch(rows: Rows) -> float | None:
    """The median, without each stage's first epoch, which compiles, where there are others."""
    rows = [row for row in rows if row.get("seconds") is not None]  # a failed epoch was not timed
    later = [row for before, row in pairwise(rows) if before["stage"] == row["stage"]]
    return statistics.median(row["seconds"] for row in later or rows) if rows else None


def _of_weights(fact: dict[str, Any], name: str) -> float | None:
    layers = fact.get("layers") or []
    if not layers:
        return None
    size = sum(layer["size"] for layer in layers)
    return {
        "norm": lambda: math.sqrt(sum(layer["norm"] ** 2 for layer in layers)),
        "small": lambda: sum(layer["small"] * layer["size"] for layer in layers) / size,
        "zero": lambda: sum(layer["zero"] * layer["size"] for layer in layers) / size,
        "largest_unit_norm": lambda: max(layer["largest_unit_norm"] for layer in layers if layer["hidden"]),
    }.get(name, lambda: None)()
