"""The catalogue and the type language as JSON Schema 2020-12, for editors.

The shape was chosen among eleven by what yaml-language-server makes of it: one object with a property for each
name behind `if`/`then`, never a union of entries, so that `Dense: {unit: 3}` is answered at `unit` and names
complete. The schema knows class names, snake-case names and aliases, not every spelling that the reader takes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from kerasdeep.catalog.choices import SIBLINGS
from kerasdeep.catalog.entries import REQUIRED, Argument, Entry
from kerasdeep.catalog.table import entries, families, find
from kerasdeep.catalog.types import FAMILIES, Atom, alternatives

Schema = dict[str, Any]

MERGED = ("optimizer", "schedule")
"""Families whose entries files put over each other: null takes an argument away there, none need be repeated."""
_PLAIN = {
    # YAML 1.2 reads `yes` as text, and so do editors.
    # `patternErrorMessage` is what yaml-language-server says instead of the pattern.
    "bool": {
        "type": ["boolean", "string"],
        "pattern": "^([Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$",
        "patternErrorMessage": "Expected true or false.",
    },
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": ["string", "number", "boolean"]},
    "null": {"type": "null"},
    "duration": {
        "type": ["string", "number"],
        "pattern": r"^[0-9._]+([eE][-+]?[0-9]+)?\s*(epochs?|steps?|minutes?|%)?$",
        "patternErrorMessage": "Expected a duration such as 10 epochs, 500 steps, 30% or 5 minutes.",
        "minimum": 0,
    },
}


def definitions() -> dict[str, Schema]:
    """`$defs` for every family (`layer`) and every entry (`layer.Dense`), referring to each other."""
    usable = {family: [entry for entry in entries(family).values() if not entry.refused] for family in families()}
    shared = _shared(argument for family in usable.values() for entry in family for argument in _arguments(entry))
    found: dict[str, Schema] = {f"argument.{argument.name}": _argument(argument) for argument in shared}
    for family, members in usable.items():
        found[family] = _family(family, members)
        found |= {f"{family}.{entry.name}": _entry(entry, shared) for entry in members}
    return found


def _arguments(entry: Entry) -> list[Argument]:
    return [argument for argument in entry.arguments.values() if not argument.refused]


def _shared(arguments: Iterable[Argument]) -> list[Argument]:
    """The most frequent argument of every name, where several entries have it: written once, half the size."""
    counts: dict[str, Counter[str]] = {}
    first: dict[str, Argument] = {}
    for argument in arguments:
        counts.setdefault(argument.name, Counter())[repr(argument)] += 1
        first.setdefault(repr(argument), argument)
    frequent = [count.most_common(1)[0] for count in counts.values()]
    return [first[text] for text, times in frequent if times > 1]


def _family(family: str, usable: list[Entry]) -> Schema:
    beside = SIBLINGS.get(family, ())
    reference = {entry.name: {"$ref": f"#/$defs/{family}.{entry.name}"} for entry in usable}
    others = {entry.name: other for entry in usable if (other := _other_spellings(entry))}
    bare = [entry for entry in usable if not entry.required]
    words = sorted(word for entry in bare for word in others.get(entry.name, ()))
    return {
        "anyOf": [
            {"enum": [entry.name for entry in bare]},
            *([{"type": "string", "pattern": f"^({'|'.join(words)})$"}] if words else []),
            {"type": "object"},
        ],
        "if": {"type": "object"},
        "then": {
            "properties": {**reference, **{key: _argument(bare[0].arguments[key]) for key in beside}},
            "patternProperties": {f"^({'|'.join(sorted(others[name]))})$": reference[name] for name in others},
            "additionalProperties": False,
            "minProperties": 1,
            **_count(beside),
        },
    }


def _count(beside: tuple[str, ...]) -> Schema:
    """One name, and beside it nothing but the keys that may stand there."""
    if not beside:
        return {"maxProperties": 1}
    some = {"anyOf": [{"required": [key]} for key in beside]}
    return {"if": some, "then": {"maxProperties": 1 + len(beside)}, "else": {"maxProperties": 1}}


def _other_spellings(entry: Entry) -> set[str]:
    """Aliases, snake-case and lower-case forms that mean this entry; `mse` is often written `MSE`."""
    words = {*entry.aliases, *(alias.upper() for alias in entry.aliases if len(alias) < 5)}
    for name in (entry.name, *entry.aliases):
        name = re.sub(r"([123])D", r"\1d", name)
        spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name))
        words |= {name.lower(), spaced.lower(), re.sub(r"([a-z])([0-9])", r"\1_\2", spaced.lower())}
    return {word for word in words - {entry.name} if find(entry.family, word) is entry}


def _entry(entry: Entry, shared: list[Argument]) -> Schema:
    usable = {argument.name: argument for argument in _arguments(entry)}
    properties = {
        name: {"$ref": f"#/$defs/argument.{name}"} if argument in shared else _argument(argument)
        for name, argument in usable.items()
    }
    if entry.family in MERGED:
        properties = {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in properties.items()}
    arguments: Schema = {"properties": properties, "additionalProperties": False}
    if entry.required and entry.family not in MERGED:
        arguments["required"] = list(entry.required)
    short = usable[entry.shorthand] if entry.shorthand else None
    wrapped = (
        next((atom.kind for atom in alternatives(short.type) if atom.kind in FAMILIES), None) if short else None
    )
    if wrapped:
        known = {"anyOf": [{"required": [name]} for name in usable]}
        arguments = {"if": known, "then": arguments, "else": {"$ref": f"#/$defs/{wrapped}"}}
    scalar = [for_type(short.type, short.minimum, short.maximum)] if short else []
    scalar += [] if entry.required else [{"type": "null"}]
    allowed = scalar[0] if len(scalar) == 1 else {"anyOf": scalar} if scalar else {"type": "object"}
    return {"description": _description(entry), "if": {"type": "object"}, "then": arguments, "else": allowed}


def _description(entry: Entry) -> str:
    parts = (entry.doc, entry.formula and f"Formula: {entry.formula}.", entry.paper and f"Source: {entry.paper}.")
    return " ".join(part for part in parts if part)


def _argument(argument: Argument) -> Schema:
    schema = for_type(argument.type, argument.minimum, argument.maximum)
    if argument.doc:
        schema["description"] = argument.doc
    if argument.default not in (REQUIRED, None):
        schema["default"] = argument.default
    return schema


def for_type(expression: str, minimum: float | None = None, maximum: float | None = None) -> Schema:
    """The schema of a type expression; families refer to `definitions()`."""
    return _one_of(alternatives(expression), {"minimum": minimum, "maximum": maximum})


def _one_of(atoms: tuple[Atom, ...], bounds: Schema) -> Schema:
    words = [atom.word for atom in atoms if atom.kind == "choice"]
    if words and any(atom.kind == "null" for atom in atoms):
        words.append(None)
    schemas = [{"enum": words}] if words else []
    schemas += [
        _atom(atom, bounds) for atom in atoms if atom.kind != "choice" and not (atom.kind == "null" and words)
    ]
    if len(schemas) == 1:
        return schemas[0]
    kinds = [kind for schema in schemas for kind in _types(schema)]
    if all("type" in schema for schema in schemas) and len(set(kinds)) == len(kinds):
        return {key: value for schema in schemas for key, value in schema.items()} | {"type": kinds}
    return {"anyOf": schemas}


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def _atom(atom: Atom, bounds: Schema) -> Schema:
    if atom.kind in FAMILIES:
        return {"$ref": f"#/$defs/{atom.kind}"}
    if atom.kind == "any":
        return {}
    if atom.kind == "list":
        length = {} if atom.length is None else {"minItems": atom.length, "maxItems": atom.length}
        return {"type": "array", "items": _one_of(atom.of, bounds), **length}
    if atom.kind == "map":
        return {"type": "object", "additionalProperties": _one_of(atom.of, bounds)}
    schema = dict(_PLAIN[atom.kind])
    if atom.kind in ("int", "float", "duration"):
        schema |= {key: bound for key, bound in bounds.items() if bound is not None}
    return schema
