"""`kerasdeep lr-find`: the range test's curve, the rates and which one to use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.formatting import number
from kerasdeep.paths import expand_user

if TYPE_CHECKING:
    from kerasdeep.diagnostics.lr_finder import LrFindResult

SUGGESTION_TITLES = {
    "steepest": "steepest descent",
    "valley": "valley",
    "minimum_tenth": "minimum / 10",
    "minimum": "minimum",
    "edge": "edge",
}


def show(result: LrFindResult, config: str, applied: bool, mode: str) -> None:
    """Show the result of the test on `config`, and where `applied` the rate that was written into it."""
    from kerasdeep.diagnostics.rate_writer import format_rate

    if mode == "json":
        print_json({**asdict(result), "applied": applied})
        return
    if mode != "quiet":
        _print_curve(result)
    rate = format_rate(result.suggestion)
    comparison = result.comparison
    if comparison is not None and mode != "quiet":
        print(
            f"After {comparison.steps} steps the loss is {number(comparison.current_loss)} with "
            f"{format_rate(result.current or 0)} and {number(comparison.suggested_loss)} with {rate}."
        )
    if comparison is not None and not applied:
        reason = "is better" if comparison.verdict == "worse" else "is as good"
        print(f"Nothing was changed: the rate in {config} {reason}.")
    elif applied:
        print(f"Written into {config}: {result.setting}: {rate}")
    elif result.setting and mode != "quiet":
        hint = ", or let --apply write it into the file" if expand_user(config).is_file() else ""
        print(f"Use it: --set {result.setting}={rate}{hint}.")


def _print_curve(result: LrFindResult) -> None:
    from rich.text import Text

    from kerasdeep.cli.braille_plot import plot_curve
    from kerasdeep.cli.console import captured_console, print_pairs
    from kerasdeep.diagnostics.lr_rules import RULE_DESCRIPTIONS
    from kerasdeep.diagnostics.rate_writer import format_rate

    with captured_console() as console:
        for line in plot_curve(result.curve["rate"], result.curve["smoothed"], result.suggestion):
            console.print(line)
        console.print()
        rows = []
        for name, rate in result.suggestions.items():
            style = "bold" if name == result.recommended else ""
            rows.append((format_rate(rate), Text(f"{SUGGESTION_TITLES[name]}: {RULE_DESCRIPTIONS[name]}", style)))
        print_pairs(console, rows, "cyan")
        console.print()
        current = f" (now {format_rate(result.current)})" if result.current is not None else ""
        setting_text = f" for {result.setting}{current}" if result.setting else ""
        rate_text = f"[bold]{format_rate(result.suggestion)}[/bold], {SUGGESTION_TITLES[result.recommended]};"
        console.print(f"Suggested{setting_text}: {rate_text}")
        console.print(f"{result.why}.")
        for note in result.notes:
            console.print(note)


@contextmanager
def progress_bar(silent: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error while the test runs, on a terminal only."""
    if silent or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("range test", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
