"""`kerasdeep evaluate`: the metrics of a run, measured again, as tables."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from kerasdeep.cli.console import captured_console, plain_table
from kerasdeep.formatting import significant

_MAX_CLASSES = 30
_METRIC_TITLES = {"roc_auc": "area under the ROC curve", "pr_auc": "area under precision-recall", "r2_score": "R²"}
_CLASS_TITLES = {"precision": "precision", "recall": "recall", "f1": "F1", "pr_auc": "average precision"}
_SPLIT_TITLES = {"test": "test rows", "validation": "validation rows", "train": "training rows"}


def show(result: dict[str, Any], source: str | None) -> None:
    """Every part and target: the metrics, plain and by Monte Carlo dropout side by side, then class by class."""
    mc = result.get("mc")
    with captured_console() as console:
        for name, part in result["evaluation"]["parts"].items():
            rows = f"{part['rows']:,} {_SPLIT_TITLES[name] if source is None else f'rows of {source}'}"
            for index, target in enumerate(part["targets"]):
                target_suffix = f", {target['target']}" if len(part["targets"]) > 1 else ""
                sampled = mc and mc["evaluation"]["parts"][name]["targets"][index]
                console.print(f"On {rows}{target_suffix}", style="bold")
                console.print(_metrics_table(target, sampled, mc["samples"] if mc else 0))
                if target.get("per_class"):
                    console.print(_per_class_table(target["per_class"]))
                console.print()


def _metrics_table(target: dict[str, Any], sampled: dict[str, Any] | None, samples: int) -> Table:
    table = plain_table(["metric"], ["value", *([f"--mc {samples}"] if sampled else []), "95 % interval", "baseline"])
    for name, value in target["metrics"].items():
        interval = target["intervals"].get(name)
        table.add_row(
            _METRIC_TITLES.get(name, name.replace("_", " ")),
            significant(value),
            *([significant(sampled["metrics"][name])] if sampled else []),
            f"{significant(interval[0])} … {significant(interval[1])}" if interval else "",
            significant(target["baseline"][name]) if name in target["baseline"] else "",
        )
    most_certain = target.get("most_certain") or (sampled or {}).get("most_certain")
    if most_certain:
        metric = next(name for name in most_certain if name != "share")
        pair = [(evaluation or {}).get("most_certain", {}).get(metric) for evaluation in (target, sampled)]
        cells = [significant(value) for value in (pair if sampled else pair[:1])]
        table.add_row(f"{metric.replace('_', ' ')}, most certain {most_certain['share']:.0%}", *cells)
    return table


def _per_class_table(rows: list[dict[str, Any]]) -> Table:
    names = [name for name in _CLASS_TITLES if name in rows[0]]
    table = plain_table(["class"], [*(_CLASS_TITLES[name] for name in names), "rows"])
    for row in rows[:_MAX_CLASSES]:
        cells = [significant(row[name]) for name in names]
        table.add_row(row["class"], *cells, f"{row['support']:,}")
    if len(rows) > _MAX_CLASSES:
        table.add_row(f"… {len(rows) - _MAX_CLASSES} more: see --json")
    return table
