"""`kerasdeep runs`: a table of runs."""

from __future__ import annotations

from pathlib import Path

from kerasdeep import formatting, metric_names
from kerasdeep.cli.console import captured_console, plain_table
from kerasdeep.runs.facts import ResultFact


def show(results: list[ResultFact], out: Path) -> None:
    if not results:
        print(f"There are no runs in {out}. Start one: kerasdeep train quickstart")
        return
    table = plain_table(["run", "status", "result"], ["epochs", "time"])
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
