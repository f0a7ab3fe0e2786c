"""`kerasdeep lr-find`: the range test, its curve on the screen, and the rate put into the file on request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep import probes, report, run_dir, spec
from kerasdeep.cli.ending import say_json
from kerasdeep.cli.paths import config_path
from kerasdeep.errors import InputError, Mark

if TYPE_CHECKING:
    from kerasdeep.probes.finding import Found

NAMES = {
    "steepest": "steepest descent",
    "valley": "valley",
    "minimum_tenth": "minimum / 10",
    "minimum": "minimum",
    "edge": "edge",
}


def lr_find(
    config: str,
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
    run = run_dir.find(config) if Path(config).is_dir() else None
    if apply and run:
        message = f"`{config}` is a run, which stays as it was. Give --apply the YAML file that you go on with."
        raise InputError(message, "cannot-apply", Mark("--apply"))
    path, own = run.resolved if run else config_path(config), Path(config).expanduser().is_file()
    if apply and not own:
        message = f"`{config}` is a shipped file. Copy it, then apply: kerasdeep recipes copy {config}"
        raise InputError(message, "cannot-apply", Mark("--apply"))
    loaded = spec.load(path, sets, profile, variant, flags)
    from kerasdeep.probes import rate_in_file

    setting = rate_in_file.check(loaded) if apply else None
    with _progress(quiet or json) as tell:
        found = probes.lr_find(loaded, *span, say=lambda text: print(text, file=sys.stderr), tell=tell)
    if setting:
        rate_in_file.apply(loaded, found.suggestion)
    if run and not (sets or profile or variant or flags):
        run.write_fact("lr_find", asdict(found))
        report.write(run)
    if json:
        say_json({**asdict(found), "applied": apply})
        return
    if not quiet:
        _show(found)
    number = rate_in_file.written(found.suggestion)
    if setting:
        print(f"Written into {loaded.path}: {setting.dotted}: {number}")
    elif found.setting and not quiet:
        print(
            f"Take it: --set {found.setting}={number}{', or let --apply write it into the file' if own else ''}."
        )


def _show(found: Found) -> None:
    from rich.text import Text

    from kerasdeep.cli.curve import curve
    from kerasdeep.cli.screen import page, print_pairs
    from kerasdeep.probes.rate_in_file import written
    from kerasdeep.probes.suggestions import MEANINGS

    with page() as console:
        for line in curve(found.curve["rate"], found.curve["smoothed"], found.suggestion):
            console.print(line)
        console.print()
        rows = [
            (written(rate), Text(f"{NAMES[name]}: {MEANINGS[name]}", "bold" if name == found.recommended else ""))
            for name, rate in found.suggestions.items()
        ]
        print_pairs(console, rows, "cyan")
        console.print()
        current = f" (now {written(found.current)})" if found.current is not None else ""
        place = f" for {found.setting}{current}" if found.setting else ""
        console.print(f"Suggested{place}: [bold]{written(found.suggestion)}[/bold], {NAMES[found.recommended]};")
        console.print(f"{found.why}.")
        for note in found.notes:
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
