"""The verbs that train nothing: files are drafted, checked and explained, runs listed, the machine examined."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kerasdeep.cli import ending, options

desk = typer.Typer()


@desk.command()
def validate(
    configs: Annotated[list[str], typer.Argument(metavar="CONFIG...", help="YAML files or shipped names.")],
    set_: options.Set = None,
    json: options.Json = False,
) -> None:
    """Check files in a moment. Every key, name, type, path and conflict, without importing Keras."""
    from kerasdeep.cli.validate import validate as check

    raise typer.Exit(check(configs, set_ or [], json))


@desk.command()
def report(run: options.Run, quiet: options.Quiet = False) -> None:
    """Write RUN's report anew from its facts."""
    from kerasdeep import run_dir
    from kerasdeep.report import write

    found = run_dir.find(run)
    write(found)
    if not quiet:
        print(found.report_html)


@desk.command()
def runs(out: options.Out = Path("runs"), json: options.Json = False) -> None:
    """List the runs in DIR."""
    from kerasdeep.cli.runs import rows, show

    found = rows(out)
    if json:
        ending.say_json({"runs": found})
    else:
        show(found, out)


@desk.command()
def explain(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A section, setting, name of Keras, argument or warning.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Say what NAME means. Type, default, bounds, formula, paper, an example; without it, the sections."""
    from dataclasses import asdict

    from kerasdeep.explaining import explain as topics_of

    topics = topics_of(name)
    if json:
        ending.say_json({"topics": [asdict(topic) for topic in topics]})
        return
    from kerasdeep.cli.explain import show

    show(topics)


@desk.command()
def schema(
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Write it here, not on the screen.")
    ] = None,
) -> None:
    """Write the JSON Schema for editors. Completion, hover text and errors while you type."""
    from kerasdeep.explaining import json_schema

    if out is None:
        print(json_schema.text(), end="")
    else:
        from kerasdeep.recipes import write

        print(write(out, json_schema.text(), force=True))


recipes = typer.Typer(help="The shipped experiments: list, show and copy them.", no_args_is_help=True)
desk.add_typer(recipes, name="recipes")


@recipes.command("list")
def recipes_list(
    word: Annotated[
        str | None,
        typer.Argument(metavar="WORD", help="Only those that have it in name, description or comments."),
    ] = None,
    json: options.Json = False,
) -> None:
    """List the shipped experiments."""
    from kerasdeep.recipes import find_all

    found = find_all(word)
    if json:
        rows = [{"name": one.name, "shelf": one.shelf, "description": one.description} for one in found]
        ending.say_json({"recipes": rows})
        return
    from kerasdeep.cli.recipes import show_list

    show_list(found)


@recipes.command("show")
def recipes_show(name: options.Shipped) -> None:
    """Show the YAML of NAME."""
    from kerasdeep.cli.recipes import show_text
    from kerasdeep.recipes import find, text_for

    show_text(text_for(find(name)))


@recipes.command("copy")
def recipes_copy(
    name: options.Shipped,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A file or a folder; NAME.yaml here if not given.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Copy NAME to PATH; the copy trains where it lies."""
    from kerasdeep.recipes import copy

    print(copy(name, path, force))


@desk.command()
def doctor(json: options.Json = False) -> None:
    """Show the machine as kerasdeep sees it. Backends, devices, versions, folders, what is missing."""
    from kerasdeep.machine import examine

    found = examine()
    if json:
        ending.say_json(found)
        return
    from kerasdeep.cli.doctor import show

    show(found)


@desk.command()
def init(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A CSV or Parquet file, an .npz, a folder of pictures.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="The file to write; DATA.yaml here.")
    ] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="NAME", help="The column to predict.")] = None,
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Look at DATA and write a file that trains as it is. It is commented, and says what was inferred."""
    from kerasdeep.cli.init import init as write_draft

    write_draft(data, out, target, force, json)
