"""`kerasdeep lr-find`: the range test, its curve on the screen, and the rate put into the file on request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep import diagnostics, report
from kerasdeep.cli.exit_codes import print_json
from kerasdeep.collection import config_path
from kerasdeep.config import load_config
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.runs import open_run_dir

if TYPE_CHECKING:
    from kerasdeep.diagnostics.lr_finder import LrFindResult

SUGGESTION_TITLES = {
    "steepest": "steepest descent",
    "valley": "valley",
    "minimum_tenth": "minimum / 10",
    "minimum": "minimum",
    "edge": "edge",
}


def lr_find(
    config_or_run: str,
    sets: list[str],
    profile: str | None,
    variant: str | None,
    flags: dict[str, tuple[str, str]],
    span: tuple[float, float, int | None],
    apply: bool,
    quiet: bool,
    json: bool,
) -> None:
    """Finds a rate, says it, and with `apply` writes it into CONFIG.

    A run is tested as it was configured, and its report shows the curve, unless the test changed something.
    """
    run = open_run_dir(config_or_run) if Path(config_or_run).is_dir() else None
    if apply and run:
        message = f"`{config_or_run}` is a run, which stays as it was. Give --apply the YAML file that you go on with."
        raise InputError(message, "cannot-apply", SourceLocation("--apply"))
    path, is_user_file = (
        run.resolved if run else config_path(config_or_run),
        Path(config_or_run).expanduser().is_file(),
    )
    if apply and not is_user_file:
        message = f"`{config_or_run}` is a shipped file. Copy it, then apply: kerasdeep recipes copy {config_or_run}"
        raise InputError(message, "cannot-apply", SourceLocation("--apply"))
    loaded = load_config(path, sets, profile, variant, flags)
    from kerasdeep.diagnostics import rate_writer

    setting = rate_writer.check_applicable(loaded) if apply else None
    with _progress(quiet or json) as on_step:
        result = diagnostics.lr_find(loaded, *span, say=lambda text: print(text, file=sys.stderr), on_step=on_step)
    if setting:
        rate_writer.apply_rate(loaded, result.suggestion)
    if run and not (sets or profile or variant or flags):
        run.write_fact("lr_find", asdict(result))
        report.write(run)
    if json:
        print_json({**asdict(result), "applied": apply})
        return
    if not quiet:
        _show(result)
    rate_text = rate_writer.format_rate(result.suggestion)
    if setting:
        print(f"Written into {loaded.path}: {setting.dotted}: {rate_text}")
    elif result.setting and not quiet:
        print(
            f"Take it: --set {result.setting}={rate_text}{', or let --apply write it into the file' if is_user_file else ''}."
        )


def _show(result: LrFindResult) -> None:
    from rich.text import Text

    from kerasdeep.cli.braille_plot import plot_curve
    from kerasdeep.cli.console import captured_console, print_pairs
    from kerasdeep.diagnostics.lr_rules import RULE_DESCRIPTIONS
    from kerasdeep.diagnostics.rate_writer import format_rate

    with captured_console() as console:
        for line in plot_curve(result.curve["rate"], result.curve["smoothed"], result.suggestion):
            console.print(line)
        console.print()
        rows = [
            (
                format_rate(rate),
                Text(
                    f"{SUGGESTION_TITLES[name]}: {RULE_DESCRIPTIONS[name]}",
                    "bold" if name == result.recommended else "",
                ),
            )
            for name, rate in result.suggestions.items()
        ]
        print_pairs(console, rows, "cyan")
        console.print()
        current = f" (now {format_rate(result.current)})" if result.current is not None else ""
        setting_text = f" for {result.setting}{current}" if result.setting else ""
        console.print(
            f"Suggested{setting_text}: [bold]{format_rate(result.suggestion)}[/bold], {SUGGESTION_TITLES[result.recommended]};"
        )
        console.print(f"{result.why}.")
        for note in result.notes:
            console.print(note)


@contextmanager
def _progress(silent: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error while the test runs, on a terminal only."""
    if silent or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task: Any = bar.add_task("range test", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
