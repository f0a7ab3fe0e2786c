"""Where things stand in a YAML text, and the smallest edits that change one of them.

The text was read and checked before (`source.read`), so it is small, flat enough and free of aliases.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from kerasdeep.errors import Mark

CUSTOMARY = ("schedule", "loss", "metrics", "training", "stages", "runtime", "report", "variants", "profiles")
"""Sections that usually stand behind `optimizer`: a new section goes in front of the first of them."""


@dataclass(frozen=True)
class Edit:
    """`text` instead of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class Places:
    """The nodes of the text `text` of `file` by where they begin."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)
        self._values: dict[tuple[int, int], yaml.Node] = {}
        self._below: dict[tuple[int, int], yaml.Node] = {}  # where a key begins -> its value
        self._collect(self._root)

    @property
    def sections(self) -> dict[str, yaml.Node]:
        """The keys at the top, by name."""
        return {key.value: key for key, _ in self._root.value}

    def has(self, mark: Mark) -> bool:
        """Whether the mark is a place in this text; what came from an option or another file is not."""
        return mark.file == self._file and (_at(mark) in self._values or _at(mark) in self._below)

    def replace(self, mark: Mark, text: str) -> Edit:
        """Another text for the scalar at the mark."""
        node = self._values[_at(mark)]
        return Edit(node.start_mark.index, node.end_mark.index, text)

    def argument(self, mark: Mark, key: str, value: str) -> Edit:
        """`key: value` among the arguments of the choice whose name stands at the mark, however it is written."""
        pair = f"{key}: {value}"
        if _at(mark) not in self._below:  # the bare name
            node = self._values[_at(mark)]
            start, end = node.start_mark.index, node.end_mark.index
            return Edit(start, end, f"{{{self._text[start:end]}: {{{pair}}}}}")
        node = self._below[_at(mark)]
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            if node.tag != "tag:yaml.org,2002:null":
                return Edit(start, end, value)  # the short form, `one_cycle: 0.05`
            before = {":": " "}.get(self._text[start - 1], "") if start == end else ""
            return Edit(start, end, f"{before}{{{pair}}}")
        for other, found in node.value:
            if other.value == key:
                return Edit(found.start_mark.index, found.end_mark.index, value)
        if node.flow_style:
            return Edit(start + 1, start + 1, f"{pair}, " if node.value else pair)
        return Edit(start, start, f"{pair}{self._newline}{' ' * node.start_mark.column}")

    def section(self, line: str) -> Edit:
        """A new line at the top: in front of what customarily follows, above its comment, else at the end."""
        root = self._root
        if root.flow_style:
            start = root.start_mark.index + 1
            return Edit(start, start, f"{line}, " if root.value else line)
        line = " " * root.start_mark.column + line
        following = [key.start_mark.line for key, _ in root.value if key.value in CUSTOMARY]
        lines = self._text.splitlines(keepends=True)
        if not following:
            ended = self._text.endswith(("\n", "\r"))
            return Edit(len(self._text), len(self._text), ("" if ended else self._newline) + line + self._newline)
        place = following[0]
        while place and lines[place - 1].lstrip().startswith("#"):
            place -= 1
        start = sum(map(len, lines[:place]))
        return Edit(start, start, line + self._newline)

    def _collect(self, node: yaml.Node) -> None:
        self._values.setdefault(_start(node), node)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._below[_start(key)] = value
                self._collect(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._collect(item)


def _at(mark: Mark) -> tuple[int, int]:
    return mark.line, mark.column


def _start(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
