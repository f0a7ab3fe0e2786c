"""How a section declares its settings, and how every section is read.

A section is a frozen dataclass; each field is a `setting`: type, default, description, bounds and effect stand in
one place, and the reader, merging, `explain`, the JSON Schema and the tests all use that one declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, TypeVar

from kerasdeep.catalog import types
from kerasdeep.errors import Problems, SourceLocation, suggest
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence

Effect = Literal["result", "length", "machine", "cost", "loading", "nothing"]
"""What another value of a setting changes.

`result`: the weights. `length`: only how long the run is, so that a run may be resumed with it. `machine`: at most
the last digits, and `auto` is settled by the machine. `cost`: time or memory, never the result. `loading`: how the
file is put together, or several runs. `nothing`: names, reports and how often the run is saved.
"""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of sections of one class."""

    section: type[Section]


@dataclass(frozen=True, slots=True)
class MapOf:
    """Sections of one class by names that the file chooses."""

    section: type[Section]


@dataclass(frozen=True, slots=True)
class Setting:
    """The declaration of one setting; `default` is `MISSING` where it must be written."""

    declared: str | type[Section] | ListOf | MapOf
    default: Any
    doc: str
    minimum: float | None
    maximum: float | None
    optional: bool
    affects: Effect
    name: str = ""

    @property
    def key(self) -> str:
        """The key in the file: the field's name without the `_` behind a Python keyword (`from_`)."""
        return self.name.removesuffix("_")

    @property
    def section(self) -> type[Section] | None:
        """The class of the section, or of each section of the list or mapping, that stands here."""
        if isinstance(self.declared, ListOf | MapOf):
            return self.declared.section
        return None if isinstance(self.declared, str) else self.declared

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def nullable(self) -> bool:
        """Whether null is a value here, not only the absence of one."""
        return types.is_nullable(self.declared) if isinstance(self.declared, str) else self.optional


def setting(
    declared: str | type[Section] | ListOf | MapOf,
    default: Any = MISSING,
    doc: str = "",
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    optional: bool = False,
    affects: Effect = "result",
) -> Any:
    """Declares one setting of a section.

    `declared` is a type expression (`catalog/types.py`), a nested section class, a list or a mapping of such. A
    nested section has its own defaults where none is given, and must be written where one of its settings must; it
    may be null where null is its default or where it is `optional`. A field named after a Python keyword ends in `_`.
    """
    if default is MISSING and isinstance(declared, type):
        default = MISSING if any(inner.required for inner in settings_of(declared).values()) else declared()
    optional = optional or default is None
    metadata = {"setting": Setting(declared, default, doc, minimum, maximum, optional, affects)}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Base of all sections; `locations` keeps where each written setting stands.

    `SHORTHAND` lists (type expression, field): a value that is no mapping and reads as the expression stands for
    that one setting, tried in order (`dropout: 0.2` is `dropout: {rate: 0.2}`). `ONE_OF` sections state one of
    their settings, so that a later file's statement replaces an earlier one's; those of `BESIDE` may stand beside it.
    """

    SHORTHAND: ClassVar[tuple[tuple[str, str], ...]] = ()
    ONE_OF: ClassVar[bool] = False
    BESIDE: ClassVar[frozenset[str]] = frozenset()
    locations: dict[str, SourceLocation] = field(default_factory=dict, compare=False, repr=False)

    def location(self, key: str) -> SourceLocation | None:
        """Where the setting was written; None where its default stands."""
        return self.locations.get(key)

    def differs_from_default(self, key: str) -> bool:
        """Whether a setting was written with another value than its default; a resolved file writes every default."""
        return self.location(key) is not None and getattr(self, key) != settings_of(type(self))[key].default


SectionType = TypeVar("SectionType", bound=Section)


_SETTINGS: dict[type[Section], dict[str, Setting]] = {}


def settings_of(section: type[Section]) -> dict[str, Setting]:
    """The section's settings by key, in the order in which they are declared."""
    if section not in _SETTINGS:
        named = (replace(f.metadata["setting"], name=f.name) for f in fields(section) if "setting" in f.metadata)
        _SETTINGS[section] = {entry.key: entry for entry in named}
    return _SETTINGS[section]


def walk_settings(section: type[Section], prefix: str = "") -> Iterator[tuple[str, Setting]]:
    """Every setting by its path, sections before what is in them; `stages.0.epochs` stands for every stage's,
    `data.columns.NAME.kind` for every column's."""
    for key, entry in settings_of(section).items():
        path = prefix + key
        yield path, entry
        if entry.section:
            below = {ListOf: f"{path}.0.", MapOf: f"{path}.NAME."}
            yield from walk_settings(entry.section, below.get(type(entry.declared), f"{path}."))


def effect_of(section: type[Section], path: str) -> Effect:
    """What another value at a dotted path (`training.checkpoint.every`) changes; `result` where nothing says less."""
    key, _, rest = path.partition(".")
    if key.isdecimal():
        return effect_of(section, rest)
    entry = settings_of(section).get(key)
    if entry is None or entry.affects != "result" or entry.section is None or not rest:
        return entry.affects if entry else "result"
    return effect_of(entry.section, rest)


def bare_keys(section: type[Section]) -> list[str]:
    """The keys that may stand alone: of a section of which exactly one is stated, those that are sections."""
    return [key for key, entry in settings_of(section).items() if section.ONE_OF and entry.section]


def expand_shorthand(section: type[Section], node: Node) -> Node:
    """`dropout: 0.2` as `dropout: {rate: 0.2}`, `pretrain: pairs` as `pretrain: {pairs: {}}`."""
    if isinstance(node, Scalar) and node.text in bare_keys(section):
        return Mapping({node.text: Pair(node, Mapping({}, node.location))}, node.location)
    if not isinstance(node, Mapping) and not (isinstance(node, Scalar) and node.is_null):
        for expression, key in section.SHORTHAND:
            if types.read_value(expression, node, Problems(), key) is not types.INVALID:
                return Mapping({key: Pair(Scalar(key, False, node.location), node)}, node.location)
    return node


def read_section(section: type[SectionType], node: Node, problems: Problems, key_path: str = "") -> SectionType | None:
    """The section that `node` describes, or None after every problem in it was reported."""
    node = expand_shorthand(section, node)
    if not isinstance(node, Mapping):
        short_forms = [*bare_keys(section), *(key for _, key in section.SHORTHAND)]
        expected = " or ".join(["a mapping", *(f"`{key}`" for key in short_forms)])
        message = f"`{key_path}` is {types.describe_node(node)}. Expected {expected}."
        problems.error("wrong-type", message, node.location)
        return None
    prefix = f"{key_path}." if key_path else ""
    known = settings_of(section)
    guessed_names = set()
    for key, pair in node.pairs.items():
        if key not in known and not problems.is_full:
            message = f"`{key}` is not a setting of {key_path or 'the file'}. It has: {', '.join(known)}."
            suggestion = suggest(key, known)
            problems.error("unknown-key", message, pair.key.location, suggestion)
            guessed_names.add(suggestion)
    values: dict[str, Any] = {}
    locations: dict[str, SourceLocation] = {}
    for key, entry in known.items():
        value = node.get(key)
        if value is not None:
            values[entry.name] = read_setting(entry, value, problems, prefix + key)
            locations[key] = value.location
        elif entry.required:
            values[entry.name] = types.INVALID
            if key not in guessed_names:
                problems.error("missing-key", f"`{prefix}{key}` is missing. {entry.doc}", node.location)
    broken = any(value is types.INVALID for value in values.values()) or not node.pairs.keys() <= known.keys()
    return None if broken else section(**values, locations=locations)


def read_setting(entry: Setting, node: Node, problems: Problems, key_path: str) -> Any:
    """The value of one setting, or `types.INVALID` after every problem in it was reported."""
    if isinstance(entry.declared, str):
        return types.read_value(entry.declared, node, problems, key_path, entry.minimum, entry.maximum)
    if isinstance(entry.declared, ListOf):
        return _read_list(entry.declared.section, node, problems, key_path)
    if isinstance(entry.declared, MapOf):
        return _read_map(entry.declared.section, node, problems, key_path)
    if isinstance(node, Scalar) and node.is_null and entry.nullable:
        return None
    section = read_section(entry.declared, node, problems, key_path)
    return types.INVALID if section is None else section


def _read_list(section: type[Section], node: Node, problems: Problems, key_path: str) -> Any:
    if not isinstance(node, Sequence):
        message = f"`{key_path}` is {types.describe_node(node)}. Expected a list, each item a mapping of settings."
        problems.error("wrong-type", message, node.location)
        return types.INVALID
    items = [read_section(section, item, problems, f"{key_path}.{number}") for number, item in enumerate(node.items)]
    return types.INVALID if any(item is None for item in items) else items


def _read_map(section: type[Section], node: Node, problems: Problems, key_path: str) -> Any:
    if not isinstance(node, Mapping):
        message = f"`{key_path}` is {types.describe_node(node)}. Expected a mapping of names to settings."
        problems.error("wrong-type", message, node.location)
        return types.INVALID
    items = {
        name: read_section(section, pair.value, problems, f"{key_path}.{name}") for name, pair in node.pairs.items()
    }
    return types.INVALID if any(item is None for item in items.values()) else items
