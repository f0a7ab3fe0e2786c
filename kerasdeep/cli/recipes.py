"""`kerasdeep recipes`: the collection on the screen."""

from __future__ import annotations

import sys

from rich.text import Text

from kerasdeep.cli.screen import page, print_pairs, print_yaml
from kerasdeep.recipes import Recipe

SHELVES = {"configs": "starting points for a problem of your own", "recipes": "the chapter, a file a technique"}


def show_list(found: list[Recipe]) -> None:
    width = max(len(recipe.name) for recipe in found)
    with page() as console:
        for shelf in dict.fromkeys(recipe.shelf for recipe in found):
            console.print(Text.assemble((shelf, "bold"), f"  {SHELVES[shelf]}"))
            rows = [(recipe.name, Text(recipe.description)) for recipe in found if recipe.shelf == shelf]
            print_pairs(console, rows, "green", width)
            console.print()
        console.print("kerasdeep recipes show NAME · kerasdeep recipes copy NAME · kerasdeep train NAME")


def show_text(text: str) -> None:
    """The YAML: in colour on a terminal, byte for byte elsewhere."""
    if not sys.stdout.isatty():
        print(text, end="")
        return
    with page() as console:
        print_yaml(console, text, indent=0)
