"""`kerasdeep runs`: what has been trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerasdeep import run_dir
from kerasdeep.errors import InputError

_HEADLINES = ("test_accuracy", "val_accuracy", "test_r2_score", "val_r2_score", "val_loss", "loss")


def rows(out: Path) -> list[dict[str, Any]]:
    """Every run's result; a directory whose result cannot be read is left out."""
    found = []
    for run in run_dir.all_runs(out):
        try:
            found.append(run.read_result())
        except InputError:
            continue
    return found


def show(found: list[dict[str, Any]], out: Path) -> None:
    from rich.table import Table

    from kerasdeep.cli.screen import page

    if not found:
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
    for result in found:
        seconds = result.get("seconds")
        table.add_row(
            Path(result["run"]).name,
            result.get("status", ""),
            headline(result),
            str(result.get("epochs") or ""),
            f"{seconds:.1f} s" if seconds is not None else "",
        )
    with page() as console:
        console.print(table)


def headline(result: dict[str, Any]) -> str:
    """The one figure that says most: `test accuracy 0.971`."""
    metrics = result.get("metrics") or {}
    for name in _HEADLINES:
        if metrics.get(name) is not None:
            return f"{name.replace('_', ' ')} {metrics[name]:.4g}"
    return ""
