"""The names of a run's metrics, as claims write them: `val_accuracy`, `best.val_loss`, `mc_100.test_accuracy`.

| path | metric |
|---|---|
| `val_accuracy`, `test_loss`, … | a metric of the saved model, from `result.json` |
| `epochs best_epoch seconds parameters` | from `result.json` |
| `seconds_an_epoch` | the median, without the first epoch of each stage |
| `first. last. best. lowest. highest. median.` + column | of `history.csv`; best: lowest for losses, else highest |
| `epoch_7.` + column | the seventh epoch of the run |
| `until_7.` + column | the best of the first seven epochs |
| `stage.NAME.last.` + column | the same, among the rows of that stage |
| `weights.norm small zero largest_unit_norm` | of the saved kernels, from `facts/weights.json` |
| `failed` | 1 where the run failed |
| `diagnose. mc_N. train_again. lr_find.`, exports | measured by the verb of that name: `posthoc_metrics.py` |

Only the grammar: `metric_values.py` reads the values.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from operator import itemgetter

from kerasdeep.catalog.traits import lower_is_better

RESULT_KEYS = ("epochs", "best_epoch", "seconds", "parameters")
AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "first": itemgetter(0),
    "last": itemgetter(-1),
    "lowest": min,
    "highest": max,
    "median": statistics.median,
}
EPOCH = re.compile(r"(epoch|until)_(\d+)")
MEASURED = re.compile(
    r"diagnose|train_again|lr_find|mc_(?P<samples>[1-9]\d*)"
    r"|(?P<format>keras|saved_model|litert|onnx|fold)(?P<options>(?:_fold|_float16)*)"
)
_FAMILIES = "epoch_N until_N stage weights diagnose mc_N train_again lr_find fold litert saved_model"


def aggregate(kind: str, values: list[float], column: str) -> float:
    """The first, last, best, … of a column's values."""
    if kind == "best":
        kind = "lowest" if lower_is_better(column) else "highest"
    return AGGREGATES[kind](values)


def metric_path_error(metric_path: str) -> str | None:
    """What is wrong with a metric's name, as far as that shows before training; None where nothing is."""
    family, separator, rest = metric_path.partition(".")
    kinds = [*AGGREGATES, "best"]
    if not separator:
        return None if metric_path else "a variant alone is not a metric. Expected VARIANT.METRIC: sgd.val_accuracy."
    if family == "stage":
        _, kind, column = [*rest.split(".", 2), "", ""][:3]
        expected = f"{metric_path}: expected stage.NAME.last.COLUMN, with one of {', '.join(kinds)}."
        return None if kind in kinds and column else expected
    if family in kinds or family == "weights" or EPOCH.fullmatch(family) or MEASURED.fullmatch(family):
        return None
    return (
        f"{metric_path}: unknown metric family `{family}`. Known families: {', '.join([*kinds, *_FAMILIES.split()])}."
    )
