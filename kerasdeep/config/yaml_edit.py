"""The positions of values in a YAML text, and the smallest edits that change one of them.

The text was read and checked before (`yaml_nodes`), so it is small, flat enough and free of aliases.
"""

from dataclasses import dataclass

import yaml

from kerasdeep.errors import SourceLocation

SECTIONS_AFTER_OPTIMIZER = (
    *("schedule", "loss", "metrics", "training", "stages", "runtime", "report", "variants", "profiles", "sweep"),
)
"""Sections that usually follow `optimizer`: a new section goes in front of the first of them."""


@dataclass(frozen=True)
class TextEdit:
    """`text` instead of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class YamlText:
    """The nodes of the text `text` of `file` by where they begin."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)
        self._values: dict[tuple[int, int], yaml.Node] = {}
        self._value_by_key: dict[tuple[int, int], yaml.Node] = {}  # where a key begins -> its value
        self._collect(self._root)

    @property
    def top_level_keys(self) -> dict[str, yaml.Node]:
        """The keys at the top, by name."""
        return {key.value: key for key, _ in self._root.value}

    def contains(self, location: SourceLocation) -> bool:
        """Whether the location is in this text; what came from an option or another file is not."""
        return location.file == self._file and _position(location) in {**self._values, **self._value_by_key}

    def replace_scalar(self, location: SourceLocation, text: str) -> TextEdit:
        """Another text for the scalar at the location."""
        node = self._values[_position(location)]
        return TextEdit(node.start_mark.index, node.end_mark.index, text)

    def set_argument(self, location: SourceLocation, key: str, value: str) -> TextEdit:
        """`key: value` among the arguments of the choice whose name is at the location, however it is written."""
        pair = f"{key}: {value}"
        if _position(location) not in self._value_by_key:  # the bare name
            node = self._values[_position(location)]
            start, end = node.start_mark.index, node.end_mark.index
            return TextEdit(start, end, f"{{{self._text[start:end]}: {{{pair}}}}}")
        node = self._value_by_key[_position(location)]
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            if node.tag != "tag:yaml.org,2002:null":
                return TextEdit(start, end, value)  # the short form, `one_cycle: 0.05`
            space = {":": " "}.get(self._text[start - 1], "") if start == end else ""
            return TextEdit(start, end, f"{space}{{{pair}}}")
        for key_node, value_node in node.value:
            if key_node.value == key:
                return TextEdit(value_node.start_mark.index, value_node.end_mark.index, value)
        if node.flow_style:
            return TextEdit(start + 1, start + 1, f"{pair}, " if node.value else pair)
        return TextEdit(start, start, f"{pair}{self._newline}{' ' * node.start_mark.column}")

    def insert_section(self, line: str) -> TextEdit:
        """A new line at the top: in front of what customarily follows, above its comment, else at the end."""
        root = self._root
        if root.flow_style:
            start = root.start_mark.index + 1
            return TextEdit(start, start, f"{line}, " if root.value else line)
        line = " " * root.start_mark.column + line
        following_lines = [key.start_mark.line for key, _ in root.value if key.value in SECTIONS_AFTER_OPTIMIZER]
        lines = self._text.splitlines(keepends=True)
        if not following_lines:
            newline = "" if self._text.endswith(("\n", "\r")) else self._newline
            return TextEdit(len(self._text), len(self._text), newline + line + self._newline)
        insert_at = following_lines[0]
        while insert_at and lines[insert_at - 1].lstrip().startswith("#"):
            insert_at -= 1
        start = sum(map(len, lines[:insert_at]))
        return TextEdit(start, start, line + self._newline)

    def _collect(self, node: yaml.Node) -> None:
        self._values.setdefault(_node_position(node), node)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._value_by_key[_node_position(key)] = value
                self._collect(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._collect(item)


def _position(location: SourceLocation) -> tuple[int, int]:
    return location.line, location.column


def _node_position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
