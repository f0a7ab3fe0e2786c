"""What the display of several verbs shares: a console, tables, pairs, and YAML in colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

MAX_WIDTH = 110
"""Longer lines are hard to read, however wide the terminal."""


@contextmanager
def captured_console() -> Iterator[Console]:
    """A console whose lines are printed without the spaces that pad them, in colour only on a terminal."""
    console = Console(highlight=False)
    console.width = min(console.width, MAX_WIDTH)
    with console.capture() as capture:
        yield console
    for line in capture.get().splitlines():
        print(line.rstrip())


def plain_table(left_titles: Sequence[str], right_titles: Sequence[str] = (), wrap: bool = False) -> Table:
    """A table without lines: columns of words at the left, then columns of numbers, justified right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in left_titles:
        table.add_column(title, no_wrap=not wrap)
    for title in right_titles:
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    return table


def print_pairs(console: Console, pairs: list[tuple[str, Text]], style: str, width: int = 0) -> None:
    """Names in a column of at least `width`, texts beside them."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style=style, no_wrap=True, min_width=width)
    table.add_column(overflow="fold")
    for name, text in pairs:
        table.add_row(name, text)
    console.print(Padding(table, (0, 0, 0, 2)))


def print_yaml(console: Console, text: str, indent: int = 2) -> None:
    """YAML in colour on a terminal; never wrapped, so that it can be copied."""
    highlighted = Text(text)
    if console.is_terminal:
        from rich.syntax import Syntax

        highlighted = Syntax("", "yaml", theme="ansi_dark").highlight(text)
    for line in highlighted.split(allow_blank=False):
        console.print(Text(" " * indent) + line, soft_wrap=True)
