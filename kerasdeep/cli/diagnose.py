"""`kerasdeep diagnose`: a table of the layers, then what is wrong and the YAML that helps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep import diagnostics
from kerasdeep.cli.exit_codes import print_json
from kerasdeep.collection import config_path
from kerasdeep.config import load_config
from kerasdeep.runs import open_run_dir

if TYPE_CHECKING:
    from kerasdeep.diagnostics.diagnosis import Diagnosis

COLUMN_TITLES = {
    "mean": "mean",
    "deviation": "deviation",
    "dead": "dead",
    "saturated": "saturated",
    "gradient": "gradient",
    "norm": "weights",
    "update_ratio": "update",
}
SHARE_COLUMNS = ("dead", "saturated")
MOMENT_TITLES = {"initial": "at initialisation", "after": "after a few real steps", "saved": "as saved"}
MAX_LAYERS = 24
"""Of a deeper network only the first and last layers are shown; --json has them all."""


def diagnose(
    config_or_run: str,
    sets: list[str],
    profile: str | None,
    variant: str | None,
    flags: dict[str, tuple[str, str]],
    json: bool,
) -> None:
    """Reads the network of a file, or of a run, and says how it is."""
    run = open_run_dir(config_or_run) if Path(config_or_run).is_dir() else None
    loaded = load_config(run.resolved if run else config_path(config_or_run), sets, profile, variant, flags)
    diagnosis = diagnostics.diagnose(loaded, run, say=lambda text: print(text, file=sys.stderr))
    if json:
        print_json(diagnosis.as_dict())
    else:
        _show(diagnosis)


def _show(diagnosis: Diagnosis) -> None:
    from rich.text import Text

    from kerasdeep.cli.console import captured_console, print_yaml

    with captured_console() as console:
        for moment, metrics in diagnosis.moments.items():
            ratio = metrics["gradient_ratio"]
            ratio_text = "" if ratio is None else f", gradient of the first over the last hidden layer {ratio:.2g}"
            console.print(
                Text.assemble((MOMENT_TITLES[moment], "bold"), f": loss {metrics['loss']:.3g}{ratio_text}"),
                soft_wrap=True,
            )
            console.print(_layers_table(diagnosis.layers, moment))
            console.print()
        for note in diagnosis.notes:
            console.print(note)
        for verdict in diagnosis.verdicts:
            console.print(Text(verdict.name.replace("_", " "), "bold red"))
            console.print(f"  {verdict.evidence}", highlight=False, markup=False)
            console.print("  Try:", style="dim")
            print_yaml(console, verdict.remedy, indent=4)
            console.print()
        if not diagnosis.verdicts:
            console.print(Text("Nothing is wrong that shows here.", "green"))


def _layers_table(layers: list[dict[str, Any]], moment: str) -> Any:
    from rich.table import Table

    columns = [name for name in COLUMN_TITLES if any(layer[moment].get(name) is not None for layer in layers)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("layer", no_wrap=True)
    table.add_column("activation", no_wrap=True)
    for name in columns:
        table.add_column(COLUMN_TITLES[name], justify="right", no_wrap=True)
    skipped = range(MAX_LAYERS // 2, len(layers) - MAX_LAYERS // 2) if len(layers) > MAX_LAYERS else range(0)
    for index, layer in enumerate(layers):
        if index in skipped:
            if index == skipped.start:
                table.add_row(f"… {len(skipped)} more")
            continue
        cells = [_format_value(name, layer[moment][name]) for name in columns]
        table.add_row(layer["name"], layer["activation"], *cells)
    return table


def _format_value(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0%}" if name in SHARE_COLUMNS else f"{value:.2g}"
