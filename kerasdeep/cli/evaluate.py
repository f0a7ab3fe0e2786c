"""`kerasdeep evaluate`: the figures of a run, measured anew, as tables or as one object."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kerasdeep import run_dir
from kerasdeep.cli.ending import say_json

_SHOWN_CLASSES = 30
_NAMES = {"roc_auc": "area under the ROC curve", "pr_auc": "area under precision-recall", "r2_score": "R²"}
_PARTS = {"test": "test rows", "validation": "validation rows", "train": "training rows"}


def evaluate(
    run: Path, source: str | None, samples: int | None, flags: dict[str, tuple[str, str]], json: bool
) -> None:
    from kerasdeep.inference.opening import open_run

    trained = open_run(run_dir.find(run), flags)
    from kerasdeep.inference.evaluating import evaluate as measure  # after the machine is prepared for Keras

    result = measure(trained, source, samples, say=lambda text: print(text, file=sys.stderr))
    if json:
        say_json(result)
    else:
        show(result, source)


def show(result: dict[str, Any], source: str | None) -> None:
    """Every part and target: the metrics, plain and by Monte Carlo dropout side by side, then class by class."""
    from kerasdeep.cli.screen import page

    mc = result.get("mc")
    with page() as console:
        for name, part in result["evaluation"]["parts"].items():
            rows = f"{part['rows']:,} {_PARTS[name] if source is None else f'rows of {source}'}"
            for number, target in enumerate(part["targets"]):
                about = f", {target['target']}" if len(part["targets"]) > 1 else ""
                sampled = mc and mc["evaluation"]["parts"][name]["targets"][number]
                console.print(f"On {rows}{about}", style="bold")
                console.print(_metrics(target, sampled, mc["samples"] if mc else 0))
                if target.get("per_class"):
                    console.print(_per_class(target["per_class"]))
                console.print()


def _metrics(target: dict[str, Any], sampled: dict[str, Any] | None, samples: int) -> Any:
    table = _table("metric", "value", *([f"--mc {samples}"] if sampled else []), "95 % interval", "baseline")
    for name, value in target["metrics"].items():
        interval = target["intervals"].get(name)
        table.add_row(
            _NAMES.get(name, name.replace("_", " ")),
            _spelled(value),
            *([_spelled(sampled["metrics"][name])] if sampled else []),
            f"{_spelled(interval[0])} … {_spelled(interval[1])}" if interval else "",
            _spelled(target["baseline"][name]) if name in target["baseline"] else "",
        )
    certain = target.get("most_certain") or (sampled or {}).get("most_certain")
    if certain:
        figure = next(name for name in certain if name != "share")
        both = [(one or {}).get("most_certain", {}).get(figure) for one in (target, sampled)]
        shown = [_spelled(value) for value in (both if sampled else both[:1])]
        table.add_row(f"{figure.replace('_', ' ')}, most certain {certain['share']:.0%}", *shown)
    return table


def _per_class(rows: list[dict[str, Any]]) -> Any:
    table = _table("class", "precision", "recall", "F1", "rows")
    for row in rows[:_SHOWN_CLASSES]:
        shares = [_spelled(row[name]) for name in ("precision", "recall", "f1")]
        table.add_row(row["class"], *shares, f"{row['support']:,}")
    if len(rows) > _SHOWN_CLASSES:
        table.add_row(f"… {len(rows) - _SHOWN_CLASSES} more: see --json")
    return table


def _table(first: str, *others: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _spelled(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
