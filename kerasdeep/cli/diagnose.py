"""`kerasdeep diagnose`: a table of the layers, then what is wrong and the settings that fix it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from kerasdeep.cli.console import captured_console, plain_table, print_yaml

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


def show(diagnosis: Diagnosis, words: Sequence[str]) -> None:
    """`words` are what was examined and its options, for commands that train it; none where nothing can."""
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
            if verdict.overrides:
                console.print("  Try:", style="dim")
                print_yaml(console, verdict.remedy, indent=4)
                if words:
                    console.print(f"    {verdict.command(words)}", highlight=False, markup=False, soft_wrap=True)
            console.print()
        if not diagnosis.verdicts:
            console.print(Text("Nothing wrong was found.", "green"))


def _layers_table(layers: list[dict[str, Any]], moment: str) -> Table:
    columns = [name for name in COLUMN_TITLES if any(layer[moment].get(name) is not None for layer in layers)]
    table = plain_table(["layer", "activation"], [COLUMN_TITLES[name] for name in columns])
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
