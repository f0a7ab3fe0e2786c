"""`kerasdeep recipes`: the collection on the screen."""

from __future__ import annotations

import sys

from rich.text import Text

from kerasdeep.cli.console import captured_console, print_pairs, print_yaml
from kerasdeep.collection import Recipe

FOLDER_TITLES = {
    "configs": "starting points for a problem of your own",
    "recipes": "the chapter, one file per technique, and what goes beyond it",
}


def show_list(recipes: list[Recipe]) -> None:
    width = max(len(recipe.name) for recipe in recipes)
    with captured_console() as console:
        for folder in dict.fromkeys(recipe.folder for recipe in recipes):
            console.print(Text.assemble((folder, "bold"), f"  {FOLDER_TITLES[folder]}"))
            rows = [(recipe.name, Text(recipe.description)) for recipe in recipes if recipe.folder == folder]
            print_pairs(console, rows, "green", width)
            console.print()
        console.print("kerasdeep recipes show NAME · kerasdeep recipes copy NAME · kerasdeep train NAME")


def show_text(text: str) -> None:
    """The YAML: in colour on a terminal, byte for byte elsewhere."""
    if not sys.stdout.isatty():
        print(text, end="")
        return
    with captured_console() as console:
        print_yaml(console, text, indent=0)
