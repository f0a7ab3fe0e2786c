"""YAML text to nodes that keep their location in the file.

YAML is data here: scalars keep their raw text (their type is decided where they are used), anchors, aliases,
tags and second documents are refused, and size, depth and node count are capped. Nodes are built from parser
events, never with `yaml.load` or `yaml.compose`, whose recursion a deep file can overflow.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from kerasdeep.errors import InputError, Problem, SourceLocation

MAX_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 40
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word, number or text as written; `quoted` is true for anything but a plain scalar."""

    text: str
    quoted: bool
    location: SourceLocation

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    location: SourceLocation


@dataclass(frozen=True, slots=True)
class Pair:
    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    pairs: dict[str, Pair]
    location: SourceLocation

    def get(self, key: str) -> Node | None:
        pair = self.pairs.get(key)
        return pair.value if pair else None


Node = Scalar | Sequence | Mapping


def read_yaml_file(path: str | Path) -> Mapping:
    """The file's top-level mapping.

    Raises `InputError` for a missing, irregular, oversized, empty or malformed file, each with what to do.
    """
    location, path = SourceLocation(str(path)), Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            example = f"name a YAML file in it, for example {location.file}/NAME.yaml."
            _raise_problem("not-a-file", f"this is a folder; {example}", location)
        if not stat.S_ISREG(status.st_mode):
            _raise_problem("not-a-file", "this is not a regular file. Expected a YAML file.", location)
        if status.st_size > MAX_BYTES:
            _raise_problem("too-large", f"the file has {status.st_size:,} bytes; the limit is {MAX_BYTES:,}.", location)
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        expected = "Expected YAML, saved as UTF-8 text; data has its place in --data, a model in --from."
        _raise_problem("encoding", f"byte {error.start} is not UTF-8. {expected}", location)
    except FileNotFoundError:
        message = "no such file. Check the path, or list the bundled ones: kerasdeep recipes list"
        _raise_problem("missing-file", message, location)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        _raise_problem("unreadable-file", f"cannot be read: {reason}.", location)
    node = parse_yaml(text, location.file)
    if isinstance(node, Scalar) and node.is_null:
        _raise_problem("empty-file", "the file is empty. Expected at least `data:` and `network:`.", node.location)
    if not isinstance(node, Mapping):
        kind = "a list" if isinstance(node, Sequence) else "a single value"
        message = f"expected a mapping of sections at the top of the file, found {kind}."
        _raise_problem("wrong-type", message, node.location)
    return node


def parse_yaml(text: str, file: str, *, line: int | None = None) -> Node:
    """The node of one YAML document; with `line=0` every node comes from `file` as a whole (`--set`)."""
    try:
        return _NodeBuilder(yaml.parse(text, Loader=_Loader), file, whole=line == 0).document()
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed text"
        yaml_location = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        location = (
            SourceLocation(file, yaml_location.line + 1, yaml_location.column + 1)
            if yaml_location and line != 0
            else SourceLocation(file)
        )
        hint = ""
        if any(word in problem for word in ("alias", "anchor", "cannot start any token", "directive")):
            hint = " Put quotes around a value that begins with a special character."
        elif (
            "mapping values are not allowed" in problem
            or "expected <block end>" in problem
            or "could not find" in problem
        ):
            hint = " Check the indentation and the colons around here."
        _raise_problem("not-yaml", f"this is not YAML: {problem}.{hint}", location)


def count_nodes(node: Node) -> int:
    """How many values the node is made of."""
    if isinstance(node, Mapping):
        return 1 + sum(count_nodes(pair.value) for pair in node.pairs.values())
    return 1 + sum(map(count_nodes, node.items)) if isinstance(node, Sequence) else 1


def _raise_problem(name: str, message: str, location: SourceLocation) -> NoReturn:
    raise InputError([Problem("error", name, message, location)])


class _NodeBuilder:
    """Builds nodes from events with an explicit depth, so that a hostile file ends early instead of recursing."""

    def __init__(self, events: Iterator[yaml.Event], file: str, whole: bool) -> None:
        self.events, self.file, self.whole, self.nodes = events, file, whole, 0

    def document(self) -> Node:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    _raise_problem(
                        "second-document",
                        "a second document starts here. One file is one experiment.",
                        self.location(event),
                    )
                root = self.node(next(self.events), 1)
        return root if root is not None else Scalar("", False, SourceLocation(self.file, 1, 1))

    def location(self, event: yaml.Event) -> SourceLocation:
        if self.whole:
            return SourceLocation(self.file)
        return SourceLocation(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def node(self, event: yaml.Event, depth: int) -> Node:
        location = self.location(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            _raise_problem("too-large", f"more than {MAX_NODES:,} values. Split the file.", location)
        if depth > MAX_DEPTH:
            _raise_problem("too-deep", f"nested deeper than {MAX_DEPTH} levels.", location)
        if isinstance(event, yaml.AliasEvent):
            _raise_problem(
                "alias", "aliases (*name) are not used here. Put quotes around a value that begins with `*`.", location
            )
        if event.anchor is not None:
            _raise_problem(
                "anchor", "anchors (&name) are not used here. Put quotes around a value that begins with `&`.", location
            )
        if event.tag is not None and event.tag != "!":
            _raise_problem(
                "tag",
                f"tags ({event.tag}) are not used here. Put quotes around a value that begins with `!`.",
                location,
            )
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, not event.implicit[0], location)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(tuple(self.items(depth)), location)
        return Mapping(self.pairs(depth), location)

    def items(self, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, depth + 1)

    def pairs(self, depth: int) -> dict[str, Pair]:
        pairs: dict[str, Pair] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, depth + 1)
            if not isinstance(key, Scalar):
                _raise_problem("wrong-type", "a key must be a word, not a list or mapping.", key.location)
            if key.text in pairs:
                first = pairs[key.text].key.location
                _raise_problem(
                    "duplicate-key",
                    f"`{key.text}` is written twice; the first is at line {first.line}. Keep one.",
                    key.location,
                )
            pairs[key.text] = Pair(key, self.node(next(self.events), depth + 1))
        return pairs
