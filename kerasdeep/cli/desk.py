"""The verbs that train nothing: files are drafted, checked and explained, runs listed, the machine examined."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kerasdeep.cli import exit_codes, options

desk = typer.Typer()


@desk.command()
def validate(
    configs: Annotated[list[str], typer.Argument(metavar="CONFIG...", help="YAML files or shipped names.")],
    set_: options.SetOption = None,
    json: options.JsonOption = False,
) -> None:
    """Check files in a moment. Every key, name, type, path and conflict, without importing Keras."""
    from kerasdeep.cli.validate import validate as run_validate

    raise typer.Exit(run_validate(configs, set_ or [], json))


@desk.command()
def report(run: options.RunArgument, quiet: options.QuietOption = False) -> None:
    """Write RUN's report anew from its facts."""
    from kerasdeep.report import write
    from kerasdeep.runs import open_run_dir

    run_directory = open_run_dir(run)
    write(run_directory)
    if not quiet:
        print(run_directory.report_html)


@desk.command()
def runs(out: options.OutOption = Path("runs"), json: options.JsonOption = False) -> None:
    """List the runs in DIR."""
    from kerasdeep.cli.runs import read_results, show

    results = read_results(out)
    if json:
        exit_codes.print_json({"runs": [result.raw for result in results]})
    else:
        show(results, out)


@desk.command()
def explain(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A section, setting, name of Keras, argument or warning.")
    ] = None,
    json: options.JsonOption = False,
) -> None:
    """Say what NAME means. Type, default, bounds, formula, paper, an example; without it, the sections."""
    from dataclasses import asdict

    from kerasdeep.help import explain as find_topics

    topics = find_topics(name)
    if json:
        exit_codes.print_json({"topics": [asdict(topic) for topic in topics]})
        return
    from kerasdeep.cli.explain import show

    show(topics)


@desk.command()
def schema(
    out: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Write it here, not on the screen.")] = None,
) -> None:
    """Write the JSON Schema for editors. Completion, hover text and errors while you type."""
    from kerasdeep.help import json_schema

    if out is None:
        print(json_schema.schema_text(), end="")
    else:
        from kerasdeep.collection import write_new_file

        print(write_new_file(out, json_schema.schema_text(), force=True))


recipes = typer.Typer(help="The shipped experiments: list, show and copy them.", no_args_is_help=True)
desk.add_typer(recipes, name="recipes")


@recipes.command("list")
def recipes_list(
    word: Annotated[
        str | None, typer.Argument(metavar="WORD", help="Only those that have it in name, description or comments.")
    ] = None,
    json: options.JsonOption = False,
) -> None:
    """List the shipped experiments."""
    from kerasdeep.collection import search_recipes

    matches = search_recipes(word)
    if json:
        rows = [{"name": recipe.name, "shelf": recipe.folder, "description": recipe.description} for recipe in matches]
        exit_codes.print_json({"recipes": rows})
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
        Path | None, typer.Argument(metavar="PATH", help="A file or a folder; NAME.yaml here if not given.")
    ] = None,
    force: options.ForceOption = False,
) -> None:
    """Copy NAME to PATH; the copy trains where it lies."""
    from kerasdeep.collection import copy_recipe

    print(copy_recipe(name, path, force))


@desk.command()
def doctor(json: options.JsonOption = False) -> None:
    """Show the machine as kerasdeep sees it. Backends, devices, versions, folders, what is missing."""
    from kerasdeep.doctor import inspect_machine

    facts = inspect_machine()
    if json:
        exit_codes.print_json(facts)
        return
    from kerasdeep.cli.doctor import show

    show(facts)


@desk.command()
def init(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A CSV or Parquet file, an .npz, a folder of pictures.")],
    out: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="The file to write; DATA.yaml here.")] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="The column to predict.")] = None,
    force: options.ForceOption = False,
    json: options.JsonOption = False,
) -> None:
    """Look at DATA and write a file that trains as it is. It is commented, and says what was inferred."""
    from kerasdeep.cli.init import init as run_init

    run_init(data, out, target, force, json)
