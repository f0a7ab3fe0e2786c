"""`kerasdeep runs`: what has been trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerasdeep.errors import InputError
from kerasdeep.runs import list_runs

_HEADLINE_METRICS = ("test_accuracy", "val_accuracy", "test_r2_score", "val_r2_score", "val_loss", "loss")


def read_results(out: Path) -> list[dict[str, Any]]:
    """Every run's result; a directory whose result cannot be read is left out."""
    results = []
    for run in list_runs(out):
        try:
            results.append(run.read_result())
        except InputError:
            continue
    return results


def show(results: list[dict[str, Any]], out: Path) -> None:
    from rich.table import Table

    from kerasdeep.cli.console import captured_console

    if not results:
        print(f"no runs in {out}. Start one: kerasdeep train quickstart")
        return
    table = Table(box=None, pad_edge=False)
    for title, justify in (
        ("run", "left"),
        ("status", "left"),
        ("result", "left"),
        ("epochs", "right"),
        ("time", "right"),
    ):
        table.add_column(title, justify=justify)
    for result in results:
        seconds = result.get("seconds")
        table.add_row(
            Path(result["run"]).name,
            result.get("status", ""),
            format_headline(result),
            str(result.get("epochs") or ""),
            f"{seconds:.1f} s" if seconds is not None else "",
        )
    with captured_console() as console:
        console.print(table)


def format_headline(result: dict[str, Any]) -> str:
    """The one figure that says most: `test accuracy 0.971`."""
    metrics = result.get("metrics") or {}
    for name in _HEADLINE_METRICS:
        if metrics.get(name) is not None:
            return f"{name.replace('_', ' ')} {metrics[name]:.4g}"
    return ""
