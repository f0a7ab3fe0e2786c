"""The verbs, here those that need a network. Each declares its options and hands over; imports happen inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import kerasdeep
from kerasdeep.cli import exit_codes, options
from kerasdeep.cli.desk import desk

app = typer.Typer(
    name="kerasdeep",
    help="Deep networks from YAML: build, train, reuse and understand Keras models.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(show_version: bool) -> None:
    if show_version:
        print(f"kerasdeep {kerasdeep.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Deep networks from YAML: build, train, reuse and understand Keras models."""


@app.command()
def train(
    config_or_run: options.ConfigOrRunArgument,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    epochs: options.EpochsOption = None,
    name: options.NameOption = None,
    out: options.OutOption = Path("runs"),
    resume: Annotated[bool, typer.Option("--resume", help="Continue the latest run of that name, or RUN.")] = False,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Train CONFIG, measure it, write a run and its report."""
    from kerasdeep.cli.train import train as run_train

    flags = options.collect_flags(seed=seed, epochs=epochs, name=name, backend=backend, device=device)
    run_train(config_or_run, set_ or [], profile, variant, flags, out, resume, quiet, json)


@app.command()
def plan(
    config_name: options.ConfigArgument,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    epochs: options.EpochsOption = None,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    json: options.JsonOption = False,
) -> None:
    """Say what training would do. Layers, parameters, memory, steps, rates, and whence each value."""
    from kerasdeep import training
    from kerasdeep.collection import config_path
    from kerasdeep.config import load_config

    flags = options.collect_flags(seed=seed, epochs=epochs, backend=backend, device=device)
    training_plan = training.plan(
        load_config(config_path(config_name), set_ or [], profile, variant, flags), exit_codes.print_status
    )
    if json:
        exit_codes.print_json(training_plan)
        return
    from kerasdeep.cli.plan import show

    show(training_plan)


@app.command("lr-find")
def lr_find(
    config_or_run: options.ConfigOrRunArgument,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the suggestion into CONFIG; every other byte stays.")
    ] = False,
    lowest: Annotated[float, typer.Option("--from", metavar="RATE", help="The first rate.")] = 1e-5,
    highest: Annotated[float, typer.Option("--to", metavar="RATE", help="The last rate.")] = 10.0,
    steps: Annotated[
        int | None, typer.Option("--steps", min=20, help="Steps of the test; an epoch, 100 to 500, if not given.")
    ] = None,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Suggest a learning rate. A few hundred steps while it rises show where the loss falls."""
    from kerasdeep.cli.lr_find import lr_find as run_lr_find

    flags = options.collect_flags(seed=seed, backend=backend, device=device)
    run_lr_find(config_or_run, set_ or [], profile, variant, flags, (lowest, highest, steps), apply, quiet, json)


@app.command()
def diagnose(
    config_or_run: options.ConfigOrRunArgument,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    json: options.JsonOption = False,
) -> None:
    """Say what ails a network, and the YAML that helps. Signal and gradients, layer by layer."""
    from kerasdeep.cli.diagnose import diagnose as run_diagnose

    flags = options.collect_flags(seed=seed, backend=backend, device=device)
    run_diagnose(config_or_run, set_ or [], profile, variant, flags, json)


@app.command()
def compare(
    configs_or_runs: Annotated[
        list[str],
        typer.Argument(metavar="CONFIG|RUN...", help="A YAML file or shipped name, or several run directories."),
    ],
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=100, help="Runs of each variant: the file's seed and the next ones.")
    ] = 3,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    epochs: options.EpochsOption = None,
    name: options.NameOption = None,
    out: options.OutOption = Path("runs"),
    profile: options.ProfileOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Train every variant over several seeds and compare. Or compare runs; claims of the file are judged."""
    from kerasdeep.cli.compare import compare as run_compare

    flags = options.collect_flags(seed=seed, epochs=epochs, backend=backend, device=device)
    raise typer.Exit(run_compare(configs_or_runs, seeds, set_ or [], profile, name, flags, out, quiet, json))


@app.command()
def finetune(
    config_name: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A YAML file to start from; not needed.")
    ] = None,
    source: Annotated[
        str, typer.Option("--from", metavar="MODEL", help="A run, FILE.keras, FILE.h5 or application:NAME.")
    ] = ...,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="What to learn from: a file, folder or name.")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="The column to predict.")] = None,
    freeze: Annotated[
        str | None,
        typer.Option("--freeze", metavar="SELECTOR", help="What stays frozen to the end: first:N, a name, all."),
    ] = None,
    unfreeze_after: Annotated[
        int | None, typer.Option("--unfreeze-after", min=1, help="Epochs of the head alone; a third of all.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=1e-12, help="Of the head; a tenth of it in fine-tuning. Default 0.001."),
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Of both stages together. Default 10.")] = None,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    name: options.NameOption = None,
    out: options.OutOption = Path("runs"),
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Fit MODEL to your data; no YAML needed. A new head first, then all of it, gently."""
    from kerasdeep.cli.finetune import finetune as run_finetune
    from kerasdeep.config.finetuning import FinetuneOptions

    finetune_options = FinetuneOptions(
        source=source, data=data, target=target, freeze=freeze, unfreeze_after=unfreeze_after, rate=rate, epochs=epochs
    )
    flags = options.collect_flags(seed=seed, name=name, backend=backend, device=device)
    run_finetune(config_name, finetune_options, set_ or [], flags, out, quiet, json)


@app.command()
def evaluate(
    run: options.RunArgument,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Labelled rows; the run's own if not given.")
    ] = None,
    mc: options.MonteCarloOption = None,
    seed: options.SamplingSeedOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    json: options.JsonOption = False,
) -> None:
    """Measure RUN anew. Class by class, ranking, calibration; on its held-out rows or a labelled file."""
    from kerasdeep.cli.evaluate import evaluate as run_evaluate

    run_evaluate(run, data, mc, options.collect_flags(seed=seed, backend=backend, device=device), json)


@app.command()
def predict(
    run: options.RunArgument,
    data: Annotated[
        str, typer.Argument(metavar="INPUT", help="A table, .npz, folder of pictures or picture; - reads a CSV.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="A .csv or .parquet; the screen if not given.")
    ] = None,
    mc: options.MonteCarloOption = None,
    seed: options.SamplingSeedOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    json: options.JsonOption = False,
) -> None:
    """Answer raw rows with RUN. Predictions, probabilities and, with --mc, how unsure they are."""
    from kerasdeep.cli.predict import predict as run_predict

    run_predict(run, data, out, mc, options.collect_flags(seed=seed, backend=backend, device=device), json)


@app.command()
def export(
    run: options.RunArgument,
    format: Annotated[str, typer.Option("--format", metavar="keras|saved_model|litert|onnx", help="What to write.")],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="PATH", help="Where to; into the run's exports/ if not given.")
    ] = None,
    fold: Annotated[bool, typer.Option("--fold", help="Fold batch normalization into the layers before.")] = False,
    float16: Annotated[bool, typer.Option("--float16", help="Half precision: half the size.")] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Rows to compare on; the run's own if not given.")
    ] = None,
    force: options.ForceOption = False,
    json: options.JsonOption = False,
) -> None:
    """Write RUN's model for use elsewhere. Preprocessing inside, and proof that the answers agree."""
    from kerasdeep.cli.export import export as run_export

    run_export(run, format, out, fold, float16, data, force, json)


app.add_typer(desk)
