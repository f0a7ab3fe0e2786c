"""`kerasdeep explain`: topics on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from kerasdeep.cli.console import captured_console, print_pairs, print_yaml
from kerasdeep.help import Topic, TopicRow


def show(topics: list[Topic]) -> None:
    with captured_console() as console:
        for index, topic in enumerate(topics):
            if index:
                console.print("\n")
            _show_topic(topic, console)


def _show_topic(topic: Topic, console: Console) -> None:
    console.print(Text.assemble((topic.name, "bold"), f"  {topic.kind}"))
    if topic.doc:
        console.print(Padding(Text(topic.doc), (0, 0, 0, 2)))
    if topic.facts:
        console.print()
        print_pairs(console, [(label, Text(text)) for label, text in topic.facts], "dim")
    if topic.rows:
        console.print()
        console.print(Text(topic.rows_are, "bold"))
        print_pairs(console, [(row.name, _row_text(row)) for row in topic.rows], "green")
    if topic.example:
        console.print()
        console.print(Text("example", "bold"))
        print_yaml(console, topic.example)


def _row_text(row: TopicRow) -> Text:
    separator = "\n" if row.type and row.doc else ""
    return Text.assemble((row.type, "cyan"), separator + row.doc)
