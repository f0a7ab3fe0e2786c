"""`kerasdeep explain`: topics on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from kerasdeep.cli.screen import page, print_pairs, print_yaml
from kerasdeep.explaining import Row, Topic


def show(found: list[Topic]) -> None:
    with page() as console:
        for number, topic in enumerate(found):
            if number:
                console.print("\n")
            _show(topic, console)


def _show(topic: Topic, console: Console) -> None:
    console.print(Text.assemble((topic.name, "bold"), f"  {topic.kind}"))
    if topic.doc:
        console.print(Padding(Text(topic.doc), (0, 0, 0, 2)))
    if topic.facts:
        console.print()
        print_pairs(console, [(label, Text(text)) for label, text in topic.facts], "dim")
    if topic.rows:
        console.print()
        console.print(Text(topic.rows_are, "bold"))
        print_pairs(console, [(row.name, _told(row)) for row in topic.rows], "green")
    if topic.example:
        console.print()
        console.print(Text("example", "bold"))
        print_yaml(console, topic.example)


def _told(row: Row) -> Text:
    between = "\n" if row.type and row.doc else ""
    return Text.assemble((row.type, "cyan"), between + row.doc)
