"""`kerasdeep runs`: what has been trained."""

from __future__ import annotations

from pathlib import Path

from kerasdeep import formatting, metric_names
from kerasdeep.errors import InputError
from kerasdeep.runs import facts, list_runs
from kerasdeep.runs.facts import ResultFact


def read_results(out: Path) -> list[ResultFact]:
    """Every run's result; a directory whose result cannot be read is left out."""
    results = []
    for run in list_runs(out):
        try:
            results.append(facts.read_result(run))
        except InputError:
            continue
    return results


def show(results: list[ResultFact], out: Path) -> None:
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
        table.add_row(
            Path(result.run).name,
            result.status,
            format_headline(result),
            str(result.epochs or ""),
            f"{result.seconds:.1f} s" if result.seconds is not None else "",
        )
    with captured_console() as console:
        console.print(table)


def format_headline(result: ResultFact) -> str:
    """The metric that says most: `test accuracy 0.971`."""
    name = metric_names.headline(result.metrics)
    return f"{name.replace('_', ' ')} {formatting.significant(result.metrics[name])}" if name else ""
