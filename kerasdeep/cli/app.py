"""The verbs, here those that need a network. Each declares its options and hands over; imports happen inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import kerasdeep
from kerasdeep.cli import ending, options
from kerasdeep.cli.desk import desk

app = typer.Typer(
    name="kerasdeep",
    help="Deep networks from YAML: build, train, reuse and understand Keras models.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"kerasdeep {kerasdeep.__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Deep networks from YAML: build, train, reuse and understand Keras models."""


@app.command()
def train(
    config: options.ConfigOrRun,
    set_: options.Set = None,
    seed: options.Seed = None,
    epochs: options.Epochs = None,
    name: options.Name = None,
    out: options.Out = Path("runs"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the latest run of that name, or RUN.")
    ] = False,
    profile: options.Profile = None,
    variant: options.Variant = None,
    backend: options.Backend = None,
    device: options.Device = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train CONFIG, measure it, write a run and its report."""
    from kerasdeep.cli.train import train as run_training

    flags = options.flags(seed=seed, epochs=epochs, name=name, backend=backend, device=device)
    run_training(config, set_ or [], profile, variant, flags, out, resume, quiet, json)


@app.command()
def plan(
    config: options.Config,
    set_: options.Set = None,
    seed: options.Seed = None,
    epochs: options.Epochs = None,
    profile: options.Profile = None,
    variant: options.Variant = None,
    backend: options.Backend = None,
    device: options.Device = None,
    json: options.Json = False,
) -> None:
    """Say what training would do. Layers, parameters, memory, steps, rates, and whence each value."""
    from kerasdeep import spec, training
    from kerasdeep.cli.paths import config_path

    flags = options.flags(seed=seed, epochs=epochs, backend=backend, device=device)
    found = training.plan(spec.load(config_path(config), set_ or [], profile, variant, flags), ending.say)
    if json:
        ending.say_json(found)
        return
    from kerasdeep.cli.plan import show

    show(found)


@app.command("lr-find")
def lr_find(
    config: options.ConfigOrRun,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the suggestion into CONFIG; every other byte stays.")
    ] = False,
    lowest: Annotated[float, typer.Option("--from", metavar="RATE", help="The first rate.")] = 1e-5,
    highest: Annotated[float, typer.Option("--to", metavar="RATE", help="The last rate.")] = 10.0,
    steps: Annotated[
        int | None, typer.Option("--steps", min=20, help="Steps of the test; an epoch, 100 to 500, if not given.")
    ] = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    profile: options.Profile = None,
    variant: options.Variant = None,
    backend: options.Backend = None,
    device: options.Device = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Suggest a learning rate. A few hundred steps while it rises show where the loss falls."""
    from kerasdeep.cli.lr_find import lr_find as find

    flags = options.flags(seed=seed, backend=backend, device=device)
    find(config, set_ or [], profile, variant, flags, (lowest, highest, steps), apply, quiet, json)


@app.command()
def diagnose(
    config: options.ConfigOrRun,
    set_: options.Set = None,
    seed: options.Seed = None,
    profile: options.Profile = None,
    variant: options.Variant = None,
    backend: options.Backend = None,
    device: options.Device = None,
    json: options.Json = False,
) -> None:
    """Say what ails a network, and the YAML that helps. Signal and gradients, layer by layer."""
    from kerasdeep.cli.diagnose import diagnose as examine

    flags = options.flags(seed=seed, backend=backend, device=device)
    examine(config, set_ or [], profile, variant, flags, json)


@app.command()
def compare(
    given: Annotated[
        list[str],
        typer.Argument(metavar="CONFIG|RUN...", help="A YAML file or shipped name, or several run directories."),
    ],
    seeds: Annotated[
        int,
        typer.Option("--seeds", min=1, max=100, help="Runs of each variant: the file's seed and the next ones."),
    ] = 3,
    set_: options.Set = None,
    seed: options.Seed = None,
    epochs: options.Epochs = None,
    name: options.Name = None,
    out: options.Out = Path("runs"),
    profile: options.Profile = None,
    backend: options.Backend = None,
    device: options.Device = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train every variant over several seeds and compare. Or compare runs; claims of the file are judged."""
    from kerasdeep.cli.compare import compare as run_comparison

    flags = options.flags(seed=seed, epochs=epochs, backend=backend, device=device)
    raise typer.Exit(run_comparison(given, seeds, set_ or [], profile, name, flags, out, quiet, json))


@app.command()
def finetune(
    config: Annotated[
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
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Of both stages together. Default 10.")
    ] = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    name: options.Name = None,
    out: options.Out = Path("runs"),
    backend: options.Backend = None,
    device: options.Device = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Fit MODEL to your data; no YAML needed. A new head first, then all of it, gently."""
    from kerasdeep.cli.finetune import finetune as run_finetuning
    from kerasdeep.spec.finetuning import Wishes

    wishes = Wishes(
        source=source,
        data=data,
        target=target,
        freeze=freeze,
        unfreeze_after=unfreeze_after,
        rate=rate,
        epochs=epochs,
    )
    flags = options.flags(seed=seed, name=name, backend=backend, device=device)
    run_finetuning(config, wishes, set_ or [], flags, out, quiet, json)


@app.command()
def evaluate(
    run: options.Run,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Labelled rows; the run's own if not given.")
    ] = None,
    mc: options.MonteCarlo = None,
    seed: options.DrawSeed = None,
    backend: options.Backend = None,
    device: options.Device = None,
    json: options.Json = False,
) -> None:
    """Measure RUN anew. Class by class, ranking, calibration; on its held-out rows or a labelled file."""
    from kerasdeep.cli.evaluate import evaluate as measure

    measure(run, data, mc, options.flags(seed=seed, backend=backend, device=device), json)


@app.command()
def predict(
    run: options.Run,
    data: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="A table, .npz, folder of pictures or picture; - reads a CSV."),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="A .csv or .parquet; the screen if not given.")
    ] = None,
    mc: options.MonteCarlo = None,
    seed: options.DrawSeed = None,
    backend: options.Backend = None,
    device: options.Device = None,
    json: options.Json = False,
) -> None:
    """Answer raw rows with RUN. Predictions, probabilities and, with --mc, how unsure they are."""
    from kerasdeep.cli.predict import predict as answer

    answer(run, data, out, mc, options.flags(seed=seed, backend=backend, device=device), json)


@app.command()
def export(
    run: options.Run,
    format: Annotated[
        str, typer.Option("--format", metavar="keras|saved_model|litert|onnx", help="What to write.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="PATH", help="Where to; into the run's exports/ if not given.")
    ] = None,
    fold: Annotated[bool, typer.Option("--fold", help="Fold batch normalization into the layers before.")] = False,
    float16: Annotated[bool, typer.Option("--float16", help="Half precision: half the size.")] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Rows to compare on; the run's own if not given.")
    ] = None,
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Write RUN's model for use elsewhere. Preprocessing inside, and proof that the answers agree."""
    from kerasdeep.cli.export import export as write

    write(run, format, out, fold, float16, data, force, json)


app.add_typer(desk)
