"""`kerasdeep explain`: topics on the screen, in colour where it is one."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from kerasdeep.explaining import Topic

WIDEST = 110


def show(found: list[Topic]) -> None:
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    with console.capture() as capture:
        for number, topic in enumerate(found):
            if number:
                console.print("\n")
            _show(topic, console)
    for line in capture.get().splitlines():
        print(line.rstrip())


def _show(topic: Topic, console: Console) -> None:
    console.print(Text.assemble((topic.name, "bold"), f"  {topic.kind}"))
    if topic.doc:
        console.print(Padding(Text(topic.doc), (0, 0, 0, 2)))
    if topic.facts:
        console.print()
        _print_pairs(console, [(label, Text(text)) for label, text in topic.facts], "dim")
    if topic.rows:
        console.print()
        console.print(Text(topic.rows_are, "bold"))
        rows = []
        for row in topic.rows:
            parts = [(row.type, "cyan")] if row.type else []
            parts += [("\n" if parts else "") + row.doc] if row.doc else []
            rows.append((row.name, Text.assemble(*parts)))
        _print_pairs(console, rows, "green")
    if topic.example:
        console.print()
        console.print(Text("example", "bold"))
        print_yaml(console, topic.example)


def _print_pairs(console: Console, pairs: list[tuple[str, Text]], style: str) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style=style, no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in pairs:
        table.add_row(name, text)
    console.print(Padding(table, (0, 0, 0, 2)))


def print_yaml(console: Console, text: str, indent: int = 2) -> None:
    """YAML, coloured on a terminal; never wrapped, so that it can be copied."""
    body = (
        Syntax(text, "yaml", background_color="default", theme="ansi_dark") if console.is_terminal else Text(text)
    )
    console.print(Padding(body, (0, 0, 0, indent)), soft_wrap=True)
