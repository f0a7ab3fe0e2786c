"""The options that several verbs share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file, or the name of a shipped one.")]
ConfigOrRun = Annotated[
    str, typer.Argument(metavar="CONFIG|RUN", help="A YAML file, a shipped name, or a run directory.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/quickstart-1.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Put a value over the file: training.epochs=5. Repeatable."),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Initialization, dropout, order, augmentation.")]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the training part.")]
Name = Annotated[str | None, typer.Option("--name", help="Names the run directory.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where run directories go.")]
Profile = Annotated[str | None, typer.Option("--profile", help="Put a profile of the file on, such as `fast`.")]
Variant = Annotated[str | None, typer.Option("--variant", help="Train this variant of the file.")]
Backend = Annotated[str | None, typer.Option("--backend", metavar="tensorflow|jax", help="Keras's backend.")]
Device = Annotated[str | None, typer.Option("--device", metavar="auto|cpu|gpu|tpu", help="Where to train.")]
MonteCarlo = Annotated[
    int | None,
    typer.Option("--mc", metavar="N", min=2, help="Monte Carlo dropout: N random copies, for the uncertainty."),
]
DrawSeed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Of the random copies; the run's own if not given.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but problems.")]
Shipped = Annotated[str, typer.Argument(metavar="NAME", help="The name of a shipped experiment.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]

_PLACES = {
    "seed": "seed",
    "epochs": "training.epochs",
    "name": "name",
    "backend": "runtime.backend",
    "device": "runtime.device",
}


def flags(**given: object) -> dict[str, tuple[str, str]]:
    """The options that were given, as (option, text) by the setting that each stands for."""
    return {
        _PLACES[option]: (f"--{option}", _quoted(value)) for option, value in given.items() if value is not None
    }


def _quoted(value: object) -> str:
    """Text stays text: `--name 001` is no number and `--name "a: b"` no mapping."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
