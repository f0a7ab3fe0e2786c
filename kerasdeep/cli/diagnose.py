"""`kerasdeep diagnose`: a table of the layers, then what is wrong and the YAML that helps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep import probes, run_dir, spec
from kerasdeep.cli.ending import say_json
from kerasdeep.cli.paths import config_path

if TYPE_CHECKING:
    from kerasdeep.probes.diagnosing import Diagnosis

COLUMNS = {
    "mean": "mean",
    "deviation": "deviation",
    "dead": "dead",
    "saturated": "saturated",
    "gradient": "gradient",
    "norm": "weights",
    "update_ratio": "update",
}
SHARES = ("dead", "saturated")
MOMENTS = {"initial": "at initialisation", "after": "after a few real steps", "saved": "as saved"}
SHOWN = 24
"""Of a deeper network only the first and last layers are shown; --json has them all."""


def diagnose(
    config: str,
    sets: list[str],
    profile: str | None,
    variant: str | None,
    flags: dict[str, tuple[str, str]],
    json: bool,
) -> None:
    """Reads the network of a file, or of a run, and says how it is."""
    run = run_dir.find(config) if Path(config).is_dir() else None
    loaded = spec.load(run.resolved if run else config_path(config), sets, profile, variant, flags)
    found = probes.diagnose(loaded, run, say=lambda text: print(text, file=sys.stderr))
    if json:
        say_json(found.as_dict())
    else:
        _show(found)


def _show(found: Diagnosis) -> None:
    from rich.text import Text

    from kerasdeep.cli.screen import page, print_yaml

    with page() as console:
        for moment, figures in found.moments.items():
            ratio = figures["gradient_ratio"]
            compared = "" if ratio is None else f", gradient of the first over the last hidden layer {ratio:.2g}"
            console.print(
                Text.assemble((MOMENTS[moment], "bold"), f": loss {figures['loss']:.3g}{compared}"), soft_wrap=True
            )
            console.print(_table(found.layers, moment))
            console.print()
        for note in found.notes:
            console.print(note)
        for verdict in found.verdicts:
            console.print(Text(verdict.name.replace("_", " "), "bold red"))
            console.print(f"  {verdict.evidence}", highlight=False, markup=False)
            console.print("  Try:", style="dim")
            print_yaml(console, verdict.remedy, indent=4)
            console.print()
        if not found.verdicts:
            console.print(Text("Nothing is wrong that shows here.", "green"))


def _table(layers: list[dict[str, Any]], moment: str) -> Any:
    from rich.table import Table

    used = [name for name in COLUMNS if any(layer[moment].get(name) is not None for layer in layers)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("layer", no_wrap=True)
    table.add_column("activation", no_wrap=True)
    for name in used:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True)
    skipped = range(SHOWN // 2, len(layers) - SHOWN // 2) if len(layers) > SHOWN else range(0)
    for number, layer in enumerate(layers):
        if number in skipped:
            if number == skipped.start:
                table.add_row(f"… {len(skipped)} more")
            continue
        figures = [_figure(name, layer[moment][name]) for name in used]
        table.add_row(layer["name"], layer["activation"], *figures)
    return table


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0%}" if name in SHARES else f"{value:.2g}"
