"""All verbs. Each declares its options, calls one function below and shows the result; imports happen inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import kerasdeep
from kerasdeep.cli import options
from kerasdeep.cli.exit_codes import print_json, print_problems, print_status

HELP = "Deep networks from YAML: build, train, reuse and understand Keras models."
app = typer.Typer(
    name="kerasdeep",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(show_version: bool) -> None:
    if show_version:
        print(f"kerasdeep {kerasdeep.__version__}")
        raise typer.Exit


@app.callback(help=HELP)
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def train(
    config_or_run: options.ConfigOrRunArgument,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    epochs: options.EpochsOption = None,
    name: options.NameOption = None,
    out: options.OutOption = Path("runs"),
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the latest run of that name, or RUN; start it where there is none."),
    ] = False,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Train CONFIG, evaluate it, write a run directory and its report."""
    from kerasdeep.cli.train import show

    overrides = options.collect_overrides(
        set_, profile, variant, seed=seed, epochs=epochs, name=name, backend=backend, device=device
    )
    progress = options.progress_mode(quiet, json)
    run = kerasdeep.train(config_or_run, overrides=overrides, out=out, resume=resume, progress=progress)
    show(run, options.result_mode(quiet, json))


@app.command()
def plan(
    config_or_run: options.ConfigOrRunArgument,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    epochs: options.EpochsOption = None,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    data: options.ModelDataOption = None,
    classes: options.ClassesOption = None,
    scaling: options.ScalingOption = None,
    json: options.JsonOption = False,
) -> None:
    """Show what training would do: layers, parameters, memory, steps, rates, and where each value comes from."""
    overrides = options.collect_overrides(
        set_, profile, variant, seed=seed, epochs=epochs, backend=backend, device=device
    )
    training_plan = kerasdeep.plan(config_or_run, overrides=overrides, data=data, classes=classes, scaling=scaling)
    if json:
        print_json(training_plan)
        return
    from kerasdeep.cli.plan import show

    show(training_plan)


@app.command("lr-find")
def lr_find(
    config_or_run: options.ConfigOrRunArgument,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the suggestion into CONFIG if it clearly beats the rate there.")
    ] = False,
    lowest: Annotated[float, typer.Option("--from", metavar="RATE", help="The first rate.")] = 1e-5,
    highest: Annotated[float, typer.Option("--to", metavar="RATE", help="The last rate.")] = 10.0,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", min=20, max=100_000, help="Steps of the test; by default those of an epoch, from 100 to 500."
        ),
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
    """Suggest a learning rate. A few hundred steps at a rising rate show where the loss falls."""
    from kerasdeep.cli.lr_find import progress_bar, show

    overrides = options.collect_overrides(set_, profile, variant, seed=seed, backend=backend, device=device)
    with progress_bar(quiet or json) as on_step:
        result = kerasdeep.lr_find(
            config_or_run,
            overrides=overrides,
            lowest=lowest,
            highest=highest,
            steps=steps,
            apply=apply,
            on_step=on_step,
        )
    show(result, config_or_run, apply and result.may_replace_current, options.result_mode(quiet, json))


@app.command()
def diagnose(
    config_or_run: options.ConfigOrRunArgument,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    data: options.ModelDataOption = None,
    classes: options.ClassesOption = None,
    scaling: options.ScalingOption = None,
    json: options.JsonOption = False,
) -> None:
    """Diagnose a network layer by layer, its signal and gradients, and suggest YAML that fixes it."""
    overrides = options.collect_overrides(set_, profile, variant, seed=seed, backend=backend, device=device)
    diagnosis = kerasdeep.diagnose(config_or_run, overrides=overrides, data=data, classes=classes, scaling=scaling)
    if json:
        print_json(diagnosis.as_dict())
        return
    from kerasdeep.api_arguments import is_model_file
    from kerasdeep.cli.diagnose import show

    trains = not is_model_file(config_or_run)
    show(diagnosis, [str(config_or_run), *overrides.command_words()] if trains else [])


@app.command()
def compare(
    configs_or_runs: Annotated[
        list[str],
        typer.Argument(metavar="CONFIG|RUN...", help="A YAML file or shipped name, or several run directories."),
    ],
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=1, max=100, help="Seeds for each variant, from the file's seed on; by default 3."),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, max=50, help="Hold out each of N parts in turn, in place of data.validation."),
    ] = None,
    jobs: options.JobsOption = "auto",
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
    """Train every variant over several seeds and compare them, or compare runs. Claims of the file are checked."""
    from kerasdeep.cli.compare import show

    overrides = options.collect_overrides(set_, profile, seed=seed, epochs=epochs, backend=backend, device=device)
    progress = options.progress_mode(quiet, json)
    comparison = kerasdeep.compare(
        configs_or_runs,
        overrides=overrides,
        seeds=seeds,
        name=name,
        out=out,
        progress=progress,
        jobs=options.parse_jobs(jobs),
        folds=folds,
    )
    raise typer.Exit(show(comparison, options.result_mode(quiet, json)))


@app.command()
def sweep(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file with a `sweep`, or a shipped name.")],
    jobs: options.JobsOption = "auto",
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="A database that machines share; by default a journal file."),
    ] = None,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    epochs: options.EpochsOption = None,
    name: options.NameOption = None,
    out: options.OutOption = Path("runs"),
    profile: options.ProfileOption = None,
    variant: options.VariantOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Search the settings under CONFIG's `sweep` and confirm the best on fresh seeds. Run it again to continue."""
    from kerasdeep.cli.sweep import show

    overrides = options.collect_overrides(
        set_, profile, variant, seed=seed, epochs=epochs, name=name, backend=backend, device=device
    )
    progress, count = options.progress_mode(quiet, json), options.parse_jobs(jobs)
    result = kerasdeep.sweep(config, overrides=overrides, out=out, progress=progress, jobs=count, storage=storage)
    show(result, options.result_mode(quiet, json))


@app.command()
def finetune(
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="A run, FILE.keras, FILE.h5 or application:NAME; for pictures, by default a cached one.",
        ),
    ] = None,
    config_name: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A YAML file to start from; not needed.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="What to learn from: a file, folder or name.")
    ] = None,
    target: options.TargetOption = None,
    freeze: Annotated[
        str | None,
        typer.Option("--freeze", metavar="SELECTOR", help="What stays frozen to the end: first:N, a name, all."),
    ] = None,
    unfreeze_after: Annotated[
        int | None,
        typer.Option("--unfreeze-after", min=1, help="Epochs of the head alone; by default until it has converged."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", min=1e-12, help="Learning rate of the head; fine-tuning uses a tenth of it. Default 0.001."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="Epochs of both stages together; by default until they stop early."),
    ] = None,
    alpha: Annotated[
        float | None, typer.Option("--alpha", min=0.05, help="Width of a MobileNet, such as 0.25.")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", min=32, help="Height and width of the pictures for an application.")
    ] = None,
    augment: Annotated[
        str | None, typer.Option("--augment", metavar="none|light|strong", help="How pictures are varied in training.")
    ] = None,
    set_: options.SetOption = None,
    seed: options.SeedOption = None,
    name: options.NameOption = None,
    out: options.OutOption = Path("runs"),
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    quiet: options.QuietOption = False,
    json: options.JsonOption = False,
) -> None:
    """Fine-tune a trained model on your data, without YAML: first its head, then all layers at a tenth of the rate."""
    from kerasdeep.cli.train import show

    finetune_options = kerasdeep.FinetuneOptions(
        source, data, target, freeze, unfreeze_after, rate, epochs, alpha, size, augment
    )
    overrides = options.collect_overrides(set_, seed=seed, name=name, backend=backend, device=device)
    progress = options.progress_mode(quiet, json)
    run = kerasdeep.finetune(finetune_options, config=config_name, overrides=overrides, out=out, progress=progress)
    show(run, options.result_mode(quiet, json))


@app.command()
def evaluate(
    run: options.RunOrModelArgument,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Labelled rows; by default those the run held out.")
    ] = None,
    mc: options.MonteCarloOption = None,
    tta: options.TtaOption = False,
    seed: options.SamplingSeedOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    classes: options.ClassesOption = None,
    scaling: options.ScalingOption = None,
    json: options.JsonOption = False,
) -> None:
    """Evaluate RUN on its held-out rows or on labelled ones: metrics by class, ranking, calibration."""
    overrides = options.collect_overrides(seed=seed, backend=backend, device=device)
    result = kerasdeep.evaluate(run, data, mc=mc, tta=tta, overrides=overrides, classes=classes, scaling=scaling)
    if json:
        print_json(result)
        return
    from kerasdeep.cli.evaluate import show

    show(result, data)


@app.command()
def predict(
    run: options.RunOrModelArgument,
    data: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="A table, .npz, folder of images or image; - is a CSV on standard input."),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="A .csv or .parquet file; by default the screen.")
    ] = None,
    mc: options.MonteCarloOption = None,
    tta: options.TtaOption = False,
    labelled: options.ModelDataOption = None,
    force: options.ForceOption = False,
    seed: options.SamplingSeedOption = None,
    backend: options.BackendOption = None,
    device: options.DeviceOption = None,
    classes: options.ClassesOption = None,
    scaling: options.ScalingOption = None,
    json: options.JsonOption = False,
) -> None:
    """Predict new rows with RUN: predictions, probabilities and, with --mc, how uncertain they are."""
    from kerasdeep.cli.predict import check_path, read_input, show

    check_path(out, data, force)
    overrides = options.collect_overrides(seed=seed, backend=backend, device=device)
    options_of_file = {"data": labelled, "classes": classes, "scaling": scaling}
    rows = read_input(data)
    table = kerasdeep.predict(run, rows, mc=mc, tta=tta, overrides=overrides, **options_of_file)
    show(table, out, json, run, rows)


@app.command()
def export(
    run: options.RunOrModelArgument,
    format: Annotated[str, typer.Option("--format", metavar="keras|saved_model|litert|onnx", help="What to write.")],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="PATH", help="The file or folder; by default in the run's exports/.")
    ] = None,
    fold: Annotated[bool, typer.Option("--fold", help="Fold batch normalization into the layers before it.")] = False,
    float16: Annotated[bool, typer.Option("--float16", help="Weights in half precision: half the size.")] = False,
    data: Annotated[
        str | None, typer.Option("--data", metavar="PATH", help="Rows to compare on; by default the run's own.")
    ] = None,
    force: options.ForceOption = False,
    classes: options.ClassesOption = None,
    scaling: options.ScalingOption = None,
    json: options.JsonOption = False,
) -> None:
    """Write RUN's model for use elsewhere, preprocessing included, and check that predictions agree."""
    from kerasdeep.cli.export import show

    result = kerasdeep.export(
        run, format, out, fold=fold, float16=float16, data=data, force=force, classes=classes, scaling=scaling
    )
    show(result, json)


@app.command()
def validate(
    configs: Annotated[list[str], typer.Argument(metavar="CONFIG...", help="YAML files or shipped names.")],
    set_: options.SetOption = None,
    json: options.JsonOption = False,
) -> None:
    """Check files in a moment: every key, name, type, path and conflict, without importing Keras."""
    from kerasdeep.cli.validate import show

    overrides = options.collect_overrides(set_)
    problems = [problem for config in configs for problem in kerasdeep.validate(config, overrides=overrides)]
    raise typer.Exit(show(configs, problems, json))


@app.command()
def report(run: options.RunArgument, quiet: options.QuietOption = False) -> None:
    """Write RUN's report again from its facts."""
    from kerasdeep.report import write
    from kerasdeep.runs import open_run_dir

    run_dir = open_run_dir(run)
    write(run_dir)
    if not quiet:
        print(run_dir.report_html)


@app.command()
def runs(out: options.OutOption = Path("runs"), json: options.JsonOption = False) -> None:
    """List the runs in DIR."""
    from kerasdeep.runs.facts import read_results

    results, problems = read_results(out)
    if json:
        print_json(
            {"runs": [result.raw for result in results], "problems": [problem.as_dict() for problem in problems]}
        )
        return
    print_problems(problems, as_json=False)
    from kerasdeep.cli.runs import show

    show(results, out)


@app.command()
def explain(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A section, setting, Keras name, argument, verb, metric or warning."),
    ] = None,
    json: options.JsonOption = False,
) -> None:
    """Explain NAME: type, default, bounds, formula, paper and an example; without NAME, list the sections."""
    from dataclasses import asdict

    from kerasdeep.help import explain as find_topics

    topics = find_topics(name)
    if json:
        print_json({"topics": [asdict(topic) for topic in topics]})
        return
    from kerasdeep.cli.explain import show

    show(topics)


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Write it here, not on the screen.")] = None,
) -> None:
    """Write the JSON Schema for editors: completion, hover text and errors while you type."""
    from kerasdeep.help import json_schema

    if out is None:
        print(json_schema.schema_text(), end="")
        return
    from kerasdeep.collection import write_new_file

    print(write_new_file(out, json_schema.schema_text(), force=True))


recipes = typer.Typer(help="List, show and copy the shipped experiments.", no_args_is_help=True)
app.add_typer(recipes, name="recipes")


@recipes.command("list")
def recipes_list(
    word: Annotated[
        str | None, typer.Argument(metavar="WORD", help="Only those with it in name, description or comments.")
    ] = None,
    json: options.JsonOption = False,
) -> None:
    """List the shipped experiments."""
    from kerasdeep.collection import search_recipes

    matches = search_recipes(word)
    if json:
        rows = [{"name": recipe.name, "shelf": recipe.folder, "description": recipe.description} for recipe in matches]
        print_json({"recipes": rows})
        return
    from kerasdeep.cli.recipes import show_list

    show_list(matches)


@recipes.command("show")
def recipes_show(name: options.RecipeNameArgument) -> None:
    """Show the YAML of NAME."""
    from kerasdeep.cli.recipes import show_text
    from kerasdeep.collection import find_recipe, recipe_text

    show_text(recipe_text(find_recipe(name)))


@recipes.command("copy")
def recipes_copy(
    name: options.RecipeNameArgument,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A file or folder; by default NAME.yaml here.")
    ] = None,
    force: options.ForceOption = False,
) -> None:
    """Copy NAME to PATH; the copy trains wherever it is."""
    from kerasdeep.collection import copy_recipe

    print(copy_recipe(name, path, force))


@app.command()
def doctor(json: options.JsonOption = False) -> None:
    """Show the machine as kerasdeep sees it: backends, devices, versions, folders, what is missing."""
    from kerasdeep.doctor import inspect_machine

    facts = inspect_machine()
    if json:
        print_json(facts)
        return
    from kerasdeep.cli.doctor import show

    show(facts)


@app.command()
def init(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A CSV or Parquet file, an .npz, a folder of images.")],
    out: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="The file to write; DATA.yaml here.")] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", metavar="NAME", help="The column to predict; may be repeated.")
    ] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="NAME", help="The column that orders the rows.")] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="NAME", help="The column of what rows belong to.")
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            "--window", metavar="LENGTH/HORIZON", help="Forecast: 48/12 sees 48 rows and forecasts the next 12 values."
        ),
    ] = None,
    force: options.ForceOption = False,
    json: options.JsonOption = False,
) -> None:
    """Look at DATA and write a commented file for it that trains as it is and says what was inferred."""
    from kerasdeep.cli.init import show
    from kerasdeep.scaffold import Roles, draft_config

    show(*draft_config(data, out, target, force, print_status, Roles(time, group, window)), json)
