"""The options that several verbs share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kerasdeep.config.overrides import Overrides
from kerasdeep.errors import InputError, SourceLocation

ConfigOrRunArgument = Annotated[
    str, typer.Argument(metavar="CONFIG|RUN", help="A YAML file, a shipped name, or a run directory.")
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/quickstart-1.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a value over the file: training.epochs=5. Repeatable."),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="The seed of weights, dropout, row order and augmentation.")
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the training rows.")]
NameOption = Annotated[str | None, typer.Option("--name", help="The name of the run directory.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for run directories.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="Apply a profile of the file, such as `fast`.")]
VariantOption = Annotated[str | None, typer.Option("--variant", help="Use this variant of the file.")]
BackendOption = Annotated[str | None, typer.Option("--backend", metavar="tensorflow|jax", help="Keras's backend.")]
DeviceOption = Annotated[
    str | None, typer.Option("--device", metavar="auto|cpu|gpu|tpu", help="The device to train on.")
]
MonteCarloOption = Annotated[
    int | None,
    typer.Option(
        "--mc", metavar="N", min=2, help="Monte Carlo dropout: N random copies of the model, for uncertainty."
    ),
]
TtaOption = Annotated[
    bool, typer.Option("--tta", help="Average over mirrored and slightly moved views of each picture.")
]
SamplingSeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="The seed of the Monte Carlo samples; by default the run's own.")
]
JobsOption = Annotated[
    str,
    typer.Option("--jobs", metavar="N|auto", help="Trials at once; auto: what the machine allows. Changes no result."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
RecipeNameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a shipped experiment.")]
TargetOption = Annotated[str | None, typer.Option("--target", metavar="NAME", help="The column to predict.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, nothing else.")]

RunOrModelArgument = Annotated[
    Path, typer.Argument(metavar="RUN|MODEL", help="A run directory, or anyone's FILE.keras or FILE.h5.")
]
ClassesOption = Annotated[
    str | None,
    typer.Option(
        "--classes",
        metavar="NAMES|FILE",
        help="Of a model file: its classes in the order of its outputs, ant,bee or a file.",
    ),
]
ScalingOption = Annotated[
    str | None,
    typer.Option(
        "--scaling", metavar="unit|none|standardize|application", help="Of a model file: how its inputs are scaled."
    ),
]
ModelDataOption = Annotated[
    str | None, typer.Option("--data", metavar="PATH", help="Of a model file: labelled rows to work on.")
]

_CONFIG_PATHS = {
    "seed": "seed",
    "epochs": "training.epochs",
    "name": "name",
    "backend": "runtime.backend",
    "device": "runtime.device",
}


def collect_overrides(
    sets: list[str] | None = None, profile: str | None = None, variant: str | None = None, **flags: str | int | None
) -> Overrides:
    """The options that were given, as values put over the file."""
    given = {
        _CONFIG_PATHS[option]: (f"--{option}", _quote_yaml(value))
        for option, value in flags.items()
        if value is not None
    }
    return Overrides(sets or [], profile, variant, given)


def parse_jobs(text: str) -> int | None:
    """What `--jobs` says; None is auto. Raises InputError for anything but auto and a number from 1."""
    if text != "auto" and not (text.isdecimal() and int(text)):
        message = f"`{text}` is not a number of trials at once. Expected auto, or 1, 2, …"
        raise InputError(message, "usage", SourceLocation("--jobs"))
    return None if text == "auto" else int(text)


def progress_mode(quiet: bool, json: bool) -> str:
    """What a verb prints while it trains: a value of `progress`."""
    return "quiet" if quiet else "json" if json else "auto"


def result_mode(quiet: bool, json: bool) -> str:
    """How a verb shows its result: json, which `--quiet` does not silence, quiet or auto."""
    return "json" if json else progress_mode(quiet, json)


def _quote_yaml(value: str | int) -> str:
    """Text stays text: `--name 001` is not a number, and `--name "a: b"` not a mapping."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
