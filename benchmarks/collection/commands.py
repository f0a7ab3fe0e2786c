"""The two commands: measure, and page."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.collection import page as pages
from benchmarks.collection.measuring import measure as measure_one
from benchmarks.collection.recipe import list_recipes

app = typer.Typer(help="Measure the collection, and make its pages.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def measure(
    names: Annotated[list[str] | None, typer.Argument(help="Recipes; all if not given.")] = None,
    out: Annotated[Path, typer.Option(help="Where the runs go, and where those that are there are found.")] = Path(
        "runs/collection"
    ),
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="A file that stands for a built-in data set.")
    ] = None,
    again: Annotated[bool, typer.Option(help="Also those whose results are committed already.")] = False,
) -> None:
    """Train and compare every recipe on the real data; what was trained already is not trained again."""
    sources = {name: Path(file).absolute() for name, _, file in (text.partition("=") for text in source or ())}
    failed = []
    for recipe in list_recipes(names):
        if recipe.result.exists() and not again and not names:
            continue
        start = time.perf_counter()
        done = measure_one(recipe, out.absolute(), sources)
        print(f"{recipe.name}: {'measured' if done else 'FAILED'} in {time.perf_counter() - start:.0f} s", flush=True)
        failed += [] if done else [recipe.name]
    pages.write_pages()
    if failed:
        sys.exit(1)


@app.command()
def page() -> None:
    """Make the two pages, and the measured lines at the head of recipes, from the committed results."""
    pages.write_pages()
