"""`kerasdeep sweep`: the best trials, and what fresh seeds say of them."""

from __future__ import annotations

import json
from typing import Any

from kerasdeep.cli.console import captured_console, plain_table
from kerasdeep.cli.exit_codes import print_json
from kerasdeep.formatting import NO_VALUE, significant
from kerasdeep.results import Sweep

MAX_TRIALS = 5
_KEYS = ("study", "trials", "best", "confirm", "config", "goal", "direction", "wanted", "importances", "page")
_VERDICTS = {
    "better": "Trial {best} is better than your file",
    "no_clear_difference": "No better than your file, as far as fresh seeds show: trial {best}",
    "worse": "Trial {best}, the best of the search, is worse than your file",
}


def show(sweep: Sweep, mode: str) -> None:
    """Print the result of a sweep."""
    result = sweep.result
    if mode == "json":
        print_json({key: result.get(key) for key in _KEYS})
    elif mode != "quiet":
        _print_tables(result)


def _print_tables(result: dict[str, Any]) -> None:
    goal, sign = result["goal"], -1 if result["direction"] == "maximize" else 1
    completed = [row for row in result["trials"] if row["goal"] is not None]
    with captured_console() as console:
        table = plain_table(["trial"], [goal, "epochs", *(path.rpartition(".")[2] for path in result["parameters"])])
        for row in sorted(completed, key=lambda row: sign * row["goal"])[:MAX_TRIALS]:
            values = [_said(row["parameters"].get(path)) for path in result["parameters"]]
            table.add_row(str(row["number"]), significant(row["goal"]), str(row["epochs"]), *values)
        console.print(table)
        confirm = result["confirm"]
        if confirm:
            console.print()
            console.print(_confirm_table(confirm))
            console.print()
            console.print(_verdict_line(confirm), soft_wrap=True)
    if result["config"]:
        print(f"Best: {result['config']}")
    print(f"Page: {result['page']}")


def _confirm_table(confirm: dict[str, Any]) -> Any:
    table = plain_table([f"{len(confirm['seeds'])} fresh seeds"], ["search", "fresh", "against your file", "interval"])
    table.add_row("your file", NO_VALUE, _mean(confirm["file"]), NO_VALUE, NO_VALUE)
    for row in confirm["candidates"]:
        paired = row["paired"] or {"difference": None, "low": None}
        difference = NO_VALUE if paired["difference"] is None else f"{paired['difference']:+.4f}"
        interval = NO_VALUE if paired["low"] is None else f"{paired['low']:+.4f} … {paired['high']:+.4f}"
        table.add_row(f"trial {row['number']}", significant(row["search"]), _mean(row), difference, interval)
    return table


def _mean(row: dict[str, Any]) -> str:
    return NO_VALUE if row["mean"] is None else f"{row['mean']:.4f} ± {row['std']:.3f}"


def _verdict_line(confirm: dict[str, Any]) -> str:
    paired = confirm["paired"] or {}
    text = _VERDICTS[confirm["verdict"]].format(best=confirm["best"])
    if paired.get("low") is None:
        return f"{text}."
    return f"{text}: {paired['difference']:+.4f} ({paired['low']:+.4f} … {paired['high']:+.4f})."


def _said(value: Any) -> str:
    return significant(value) if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
