"""How a section declares its settings, and how every section is read.

A section is a frozen dataclass; each field is a `setting`: type, default, sentence and bounds stand in one place,
and the reader, merging, `explain`, the JSON Schema and the tests all use that one declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from kerasdeep.catalog import types
from kerasdeep.errors import Problems, SourceLocation, suggest
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of sections of one class."""

    section: type[Section]


def setting(
    declared: str | type[Section] | ListOf,
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
        "of": declared,
        "doc": doc,
        "minimum": minimum,
        "maximum": maximum,
        "optional": optional or default is None,
    }
    if (
        default is MISSING
        and isinstance(declared, type)
        and not any(is_required(entry) for entry in iter_settings(declared))
    ):
        return field(default_factory=declared, metadata=metadata)
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
    locations: dict[str, SourceLocation] = field(default_factory=dict, compare=False, repr=False)

    def location(self, key: str) -> SourceLocation | None:
        """Where the setting was written; None where its default stands."""
        return self.locations.get(key)


def iter_settings(section: type[Section]) -> Iterator[Field]:
    """The section's settings in the order in which they are declared."""
    return (entry for entry in fields(section) if "of" in entry.metadata)


def yaml_key(entry: Field) -> str:
    """The key in the file: the field's name, but for the `_` behind a word of Python (`from_`)."""
    return entry.name.removesuffix("_")


def find_setting(section: type[Section], key: str) -> Field | None:
    return next((entry for entry in iter_settings(section) if yaml_key(entry) == key), None)


def nested_section(entry: Field) -> type[Section] | None:
    """The class of the section, or of each section of the list, that stands here."""
    declared = entry.metadata["of"]
    if isinstance(declared, ListOf):
        return declared.section
    return declared if isinstance(declared, type) else None


def bare_keys(section: type[Section]) -> list[str]:
    """The keys that may stand alone: of a section of which exactly one is stated, those that are sections."""
    return [yaml_key(entry) for entry in iter_settings(section) if section.ONE_OF and nested_section(entry)]


def is_required(entry: Field) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def setting_default(entry: Field) -> Any:
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


def is_nullable(entry: Field) -> bool:
    """Whether null is a value here, not only the absence of one."""
    declared = entry.metadata["of"]
    if not isinstance(declared, str):
        return entry.metadata["optional"]
    return any(atom.kind in ("null", "any") for atom in types.parse_type(declared))


def expand_shorthand(section: type[Section], node: Node) -> Node:
    """`dropout: 0.2` as `dropout: {rate: 0.2}`, `pretrain: pairs` as `pretrain: {pairs: {}}`."""
    if isinstance(node, Scalar) and node.text in bare_keys(section):
        return Mapping({node.text: Pair(node, Mapping({}, node.location))}, node.location)
    if not isinstance(node, Mapping) and not (isinstance(node, Scalar) and node.is_null):
        for expression, key in section.SHORTHAND:
            if types.read_value(expression, node, Problems(), key) is not types.INVALID:
                return Mapping({key: Pair(Scalar(key, False, node.location), node)}, node.location)
    return node


def read_section(section: type[Section], node: Node, problems: Problems, key_path: str = "") -> Any:
    """The section that `node` describes, or `types.INVALID` after every problem in it was reported."""
    node = expand_shorthand(section, node)
    if not isinstance(node, Mapping):
        short_forms = [*bare_keys(section), *(key for _, key in section.SHORTHAND)]
        expected = " or ".join(["a mapping", *(f"`{key}`" for key in short_forms)])
        problems.error(
            "wrong-type", f"`{key_path}` is {types.describe_node(node)}. Expected {expected}.", node.location
        )
        return types.INVALID
    prefix = f"{key_path}." if key_path else ""
    known = [yaml_key(entry) for entry in iter_settings(section)]
    guessed_names = set()
    for key, pair in node.pairs.items():
        if key not in known and not problems.is_full:
            message = f"`{key}` is not a setting of {key_path or 'the file'}. It has: {', '.join(known)}."
            suggestion = suggest(key, known)
            problems.error("unknown-key", message, pair.key.location, suggestion)
            guessed_names.add(suggestion)
    values: dict[str, Any] = {}
    locations: dict[str, SourceLocation] = {}
    for entry in iter_settings(section):
        key = yaml_key(entry)
        pair = node.pairs.get(key)
        if pair is None:
            if is_required(entry) and key not in guessed_names:
                message = f"`{prefix}{key}` is missing. {entry.metadata['doc']}"
                problems.error("missing-key", message, node.location)
            if is_required(entry):
                values[entry.name] = types.INVALID
            continue
        values[entry.name] = read_setting(entry, pair.value, problems, prefix + key)
        locations[key] = pair.value.location
    broken = any(value is types.INVALID for value in values.values()) or not set(node.pairs) <= set(known)
    return types.INVALID if broken else section(**values, locations=locations)


def read_setting(entry: Field, node: Node, problems: Problems, key_path: str) -> Any:
    declared = entry.metadata["of"]
    if isinstance(declared, type):
        if isinstance(node, Scalar) and node.is_null and is_nullable(entry):
            return None
        return read_section(declared, node, problems, key_path)
    if isinstance(declared, ListOf):
        return _read_list(declared.section, node, problems, key_path)
    return types.read_value(declared, node, problems, key_path, entry.metadata["minimum"], entry.metadata["maximum"])


def _read_list(section: type[Section], node: Node, problems: Problems, key_path: str) -> Any:
    if not isinstance(node, Sequence):
        message = f"`{key_path}` is {types.describe_node(node)}. Expected a list, each item a mapping of settings."
        problems.error("wrong-type", message, node.location)
        return types.INVALID
    items = [read_section(section, item, problems, f"{key_path}.{number}") for number, item in enumerate(node.items)]
    return types.INVALID if any(item is types.INVALID for item in items) else items
