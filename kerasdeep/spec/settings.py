"""How a section declares its settings, and how every section is read.

A section is a frozen dataclass; each field is a `setting`: type, default, sentence and bounds stand in one place,
and the reader, merging, `explain`, the JSON Schema and the tests all use that one declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from kerasdeep.catalog import types
from kerasdeep.errors import Mark, Report, closest
from kerasdeep.source import Mapping, Node, Pair, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of sections of one class."""

    section: type[Section]


def setting(
    of: str | type[Section] | ListOf,
    default: Any = MISSING,
    doc: str = "",
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    optional: bool = False,
) -> Any:
    """Declares one setting of a section.

    `of` is a type expression (`catalog/types.py`), a nested section class, or a list of such sections. A nested
    section has its own defaults where none is given, and must be written where one of its settings must; it may be
    null where null is its default or where it is `optional`. A field whose key is a word of Python ends in `_`.
    """
    metadata = {
        "of": of,
        "doc": doc,
        "minimum": minimum,
        "maximum": maximum,
        "optional": optional or default is None,
    }
    if default is MISSING and isinstance(of, type) and not any(is_required(entry) for entry in settings(of)):
        return field(default_factory=of, metadata=metadata)
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Base of all sections; `marks` keeps where each written setting stands.

    `SHORTHAND` lists (type expression, field): a value that is no mapping and reads as the expression stands for
    that one setting, tried in order (`dropout: 0.2` is `dropout: {rate: 0.2}`). `ONE_OF` sections state one of
    their settings, so that a later file's statement replaces an earlier one's.
    """

    SHORTHAND = ()
    ONE_OF = False
    marks: dict[str, Mark] = field(default_factory=dict, compare=False, repr=False)

    def mark(self, key: str) -> Mark | None:
        """Where the setting was written; None where its default stands."""
        return self.marks.get(key)


def settings(section: type[Section]) -> Iterator[Field]:
    """The section's settings in the order in which they are declared."""
    return (entry for entry in fields(section) if "of" in entry.metadata)


def key_of(entry: Field) -> str:
    """The key in the file: the field's name, but for the `_` behind a word of Python (`from_`)."""
    return entry.name.removesuffix("_")


def find_setting(section: type[Section], key: str) -> Field | None:
    return next((entry for entry in settings(section) if key_of(entry) == key), None)


def section_of(entry: Field) -> type[Section] | None:
    """The class of the section, or of each section of the list, that stands here."""
    of = entry.metadata["of"]
    if isinstance(of, ListOf):
        return of.section
    return of if isinstance(of, type) else None


def bare_words(section: type[Section]) -> list[str]:
    """The keys that may stand alone: of a section of which exactly one is stated, those that are sections."""
    return [key_of(entry) for entry in settings(section) if section.ONE_OF and section_of(entry)]


def is_required(entry: Field) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def default_of(entry: Field) -> Any:
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


def admits_null(entry: Field) -> bool:
    """Whether null is a value here, not only the absence of one."""
    of = entry.metadata["of"]
    if not isinstance(of, str):
        return entry.metadata["optional"]
    return any(atom.kind in ("null", "any") for atom in types.alternatives(of))


def expand_shorthand(section: type[Section], node: Node) -> Node:
    """`dropout: 0.2` as `dropout: {rate: 0.2}`, `pretrain: pairs` as `pretrain: {pairs: {}}`."""
    if isinstance(node, Scalar) and node.text in bare_words(section):
        return Mapping({node.text: Pair(node, Mapping({}, node.mark))}, node.mark)
    if not isinstance(node, Mapping) and not (isinstance(node, Scalar) and node.is_null):
        for expression, key in section.SHORTHAND:
            if types.read(expression, node, Report(), key) is not types.INVALID:
                return Mapping({key: Pair(Scalar(key, False, node.mark), node)}, node.mark)
    return node


def read_section(section: type[Section], node: Node, report: Report, where: str = "") -> Any:
    """The section that `node` describes, or `types.INVALID` after every problem in it was reported."""
    node = expand_shorthand(section, node)
    if not isinstance(node, Mapping):
        words = [*bare_words(section), *(key for _, key in section.SHORTHAND)]
        expected = " or ".join(["a mapping", *(f"`{key}`" for key in words)])
        report.error("wrong-type", f"`{where}` is {types.spelled(node)}. Expected {expected}.", node.mark)
        return types.INVALID
    prefix = f"{where}." if where else ""
    known = [key_of(entry) for entry in settings(section)]
    meant = set()
    for key, pair in node.pairs.items():
        if key not in known and not report.full:
            message = f"`{key}` is not a setting of {where or 'the file'}. It has: {', '.join(known)}."
            suggestion = closest(key, known)
            report.error("unknown-key", message, pair.key.mark, suggestion)
            meant.add(suggestion)
    values: dict[str, Any] = {}
    marks: dict[str, Mark] = {}
    for entry in settings(section):
        key = key_of(entry)
        pair = node.pairs.get(key)
        if pair is None:
            if is_required(entry) and key not in meant:
                message = f"`{prefix}{key}` is missing. {entry.metadata['doc']}"
                report.error("missing-key", message, node.mark)
            if is_required(entry):
                values[entry.name] = types.INVALID
            continue
        values[entry.name] = read_setting(entry, pair.value, report, prefix + key)
        marks[key] = pair.value.mark
    broken = any(value is types.INVALID for value in values.values()) or not set(node.pairs) <= set(known)
    return types.INVALID if broken else section(**values, marks=marks)


def read_setting(entry: Field, node: Node, report: Report, where: str) -> Any:
    of = entry.metadata["of"]
    if isinstance(of, type):
        if isinstance(node, Scalar) and node.is_null and admits_null(entry):
            return None
        return read_section(of, node, report, where)
    if isinstance(of, ListOf):
        return _read_list(of.section, node, report, where)
    return types.read(of, node, report, where, entry.metadata["minimum"], entry.metadata["maximum"])


def _read_list(section: type[Section], node: Node, report: Report, where: str) -> Any:
    if not isinstance(node, Sequence):
        message = f"`{where}` is {types.spelled(node)}. Expected a list, each item a mapping of settings."
        report.error("wrong-type", message, node.mark)
        return types.INVALID
    items = [read_section(section, item, report, f"{where}.{number}") for number, item in enumerate(node.items)]
    return types.INVALID if any(item is types.INVALID for item in items) else items
