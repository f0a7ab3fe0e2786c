"""The options that several verbs share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file, or the name of a shipped one.")]
ConfigOrRunArgument = Annotated[
    str, typer.Argument(metavar="CONFIG|RUN", help="A YAML file, a shipped name, or a run directory.")
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/quickstart-1.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Put a value over the file: training.epochs=5. Repeatable."),
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Initialization, dropout, order, augmentation.")]
EpochsOption = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the training part.")]
NameOption = Annotated[str | None, typer.Option("--name", help="Names the run directory.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where run directories go.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="Put a profile of the file on, such as `fast`.")]
VariantOption = Annotated[str | None, typer.Option("--variant", help="Train this variant of the file.")]
BackendOption = Annotated[str | None, typer.Option("--backend", metavar="tensorflow|jax", help="Keras's backend.")]
DeviceOption = Annotated[str | None, typer.Option("--device", metavar="auto|cpu|gpu|tpu", help="Where to train.")]
MonteCarloOption = Annotated[
    int | None,
    typer.Option("--mc", metavar="N", min=2, help="Monte Carlo dropout: N random copies, for the uncertainty."),
]
SamplingSeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Of the random copies; the run's own if not given.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but problems.")]
RecipeNameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a shipped experiment.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]

_CONFIG_PATHS = {
    "seed": "seed",
    "epochs": "training.epochs",
    "name": "name",
    "backend": "runtime.backend",
    "device": "runtime.device",
}


def collect_flags(**options: object) -> dict[str, tuple[str, str]]:
    """The options that were given, as (option, text) by the setting that each stands for."""
    return {
        _CONFIG_PATHS[option]: (f"--{option}", _quote_yaml(value))
        for option, value in options.items()
        if value is not None
    }


def _quote_yaml(value: object) -> str:
    """Text stays text: `--name 001` is no number and `--name "a: b"` no mapping."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
