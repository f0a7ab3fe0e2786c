"""The catalogue and the type language as JSON Schema 2020-12, for editors.

The shape was chosen among eleven by what yaml-language-server makes of it: one object with a property for each
name behind `if`/`then`, never a union of entries, so that `Dense: {unit: 3}` is answered at `unit` and names
complete. The schema knows class names, snake-case names and aliases, not every spelling that the reader takes.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from kerasdeep.catalog.choices import SIBLING_KEYS
from kerasdeep.catalog.entries import REQUIRED, Argument, Entry
from kerasdeep.catalog.registry import entries, families, find_entry
from kerasdeep.catalog.types import FAMILIES, Atom, parse_type

JsonSchema = dict[str, Any]

MERGED_FAMILIES = ("optimizer", "schedule")
"""Families whose entries files put over each other: null takes an argument away there, none need be repeated."""
_SCALAR_SCHEMAS: dict[str, JsonSchema] = {
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


def catalog_definitions() -> dict[str, JsonSchema]:
    """`$defs` for every family (`layer`) and every entry (`layer.Dense`), referring to each other."""
    usable = {family: [entry for entry in entries(family).values() if not entry.refused] for family in families()}
    shared = _shared_arguments(
        argument for family in usable.values() for entry in family for argument in _usable_arguments(entry)
    )
    schemas: dict[str, JsonSchema] = {f"argument.{argument.name}": _argument_schema(argument) for argument in shared}
    for family, members in usable.items():
        schemas[family] = _family_schema(family, members)
        schemas |= {f"{family}.{entry.name}": _entry_schema(entry, shared) for entry in members}
    return schemas


def _usable_arguments(entry: Entry) -> list[Argument]:
    return [argument for argument in entry.arguments.values() if not argument.refused]


def _shared_arguments(arguments: Iterable[Argument]) -> list[Argument]:
    """The most frequent argument of every name, where several entries have it: written once, half the size."""
    counts: dict[str, Counter[str]] = {}
    first: dict[str, Argument] = {}
    for argument in arguments:
        counts.setdefault(argument.name, Counter())[repr(argument)] += 1
        first.setdefault(repr(argument), argument)
    frequent = [count.most_common(1)[0] for count in counts.values()]
    return [first[text] for text, times in frequent if times > 1]


def _family_schema(family: str, usable: list[Entry]) -> JsonSchema:
    sibling_keys = SIBLING_KEYS.get(family, ())
    reference = {entry.name: {"$ref": f"#/$defs/{family}.{entry.name}"} for entry in usable}
    others = {entry.name: other for entry in usable if (other := _other_spellings(entry))}
    without_required = [entry for entry in usable if not entry.required]
    words = sorted(word for entry in without_required for word in others.get(entry.name, ()))
    return {
        "anyOf": [
            {"enum": [entry.name for entry in without_required]},
            *([{"type": "string", "pattern": f"^({'|'.join(words)})$"}] if words else []),
            {"type": "object"},
        ],
        "if": {"type": "object"},
        "then": {
            "properties": {
                **reference,
                **{key: _argument_schema(without_required[0].arguments[key]) for key in sibling_keys},
            },
            "patternProperties": {f"^({'|'.join(sorted(others[name]))})$": reference[name] for name in others},
            "additionalProperties": False,
            "minProperties": 1,
            **_key_count_schema(sibling_keys),
        },
    }


def _key_count_schema(sibling_keys: tuple[str, ...]) -> JsonSchema:
    """One name, and beside it nothing but the keys that may stand there."""
    if not sibling_keys:
        return {"maxProperties": 1}
    has_sibling = {"anyOf": [{"required": [key]} for key in sibling_keys]}
    return {"if": has_sibling, "then": {"maxProperties": 1 + len(sibling_keys)}, "else": {"maxProperties": 1}}


def _other_spellings(entry: Entry) -> set[str]:
    """Aliases, snake-case and lower-case forms that mean this entry; `mse` is often written `MSE`."""
    words = {*entry.aliases, *(alias.upper() for alias in entry.aliases if len(alias) < 5)}
    for name in (entry.name, *entry.aliases):
        name = re.sub(r"([123])D", r"\1d", name)
        spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name))
        words |= {name.lower(), spaced.lower(), re.sub(r"([a-z])([0-9])", r"\1_\2", spaced.lower())}
    return {word for word in words - {entry.name} if find_entry(entry.family, word) is entry}


def _entry_schema(entry: Entry, shared: list[Argument]) -> JsonSchema:
    usable = {argument.name: argument for argument in _usable_arguments(entry)}
    properties = {
        name: {"$ref": f"#/$defs/argument.{name}"} if argument in shared else _argument_schema(argument)
        for name, argument in usable.items()
    }
    if entry.family in MERGED_FAMILIES:
        properties = {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in properties.items()}
    arguments: JsonSchema = {"properties": properties, "additionalProperties": False}
    if entry.required and entry.family not in MERGED_FAMILIES:
        arguments["required"] = list(entry.required)
    short = usable[entry.shorthand] if entry.shorthand else None
    wrapped = next((atom.kind for atom in parse_type(short.type) if atom.kind in FAMILIES), None) if short else None
    if wrapped:
        known = {"anyOf": [{"required": [name]} for name in usable]}
        arguments = {"if": known, "then": arguments, "else": {"$ref": f"#/$defs/{wrapped}"}}
    scalar = [type_schema(short.type, short.minimum, short.maximum)] if short else []
    scalar += [] if entry.required else [{"type": "null"}]
    allowed = scalar[0] if len(scalar) == 1 else {"anyOf": scalar} if scalar else {"type": "object"}
    return {"description": _description(entry), "if": {"type": "object"}, "then": arguments, "else": allowed}


def _description(entry: Entry) -> str:
    parts = (entry.doc, entry.formula and f"Formula: {entry.formula}.", entry.paper and f"Source: {entry.paper}.")
    return " ".join(part for part in parts if part)


def _argument_schema(argument: Argument) -> JsonSchema:
    schema = type_schema(argument.type, argument.minimum, argument.maximum)
    if argument.doc:
        schema["description"] = argument.doc
    if argument.default not in (REQUIRED, None):
        schema["default"] = argument.default
    return schema


def type_schema(expression: str, minimum: float | None = None, maximum: float | None = None) -> JsonSchema:
    """The schema of a type expression; families refer to `definitions()`."""
    return _alternatives_schema(parse_type(expression), {"minimum": minimum, "maximum": maximum})


def _alternatives_schema(atoms: tuple[Atom, ...], bounds: JsonSchema) -> JsonSchema:
    words: list[str | None] = [atom.word for atom in atoms if atom.kind == "choice"]
    if words and any(atom.kind == "null" for atom in atoms):
        words.append(None)
    schemas = [{"enum": words}] if words else []
    schemas += [
        _atom_schema(atom, bounds) for atom in atoms if atom.kind != "choice" and not (atom.kind == "null" and words)
    ]
    if len(schemas) == 1:
        return schemas[0]
    kinds = [kind for schema in schemas for kind in _json_types(schema)]
    if all("type" in schema for schema in schemas) and len(set(kinds)) == len(kinds):
        return {key: value for schema in schemas for key, value in schema.items()} | {"type": kinds}
    return {"anyOf": schemas}


def _json_types(schema: JsonSchema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def _atom_schema(atom: Atom, bounds: JsonSchema) -> JsonSchema:
    if atom.kind in FAMILIES:
        return {"$ref": f"#/$defs/{atom.kind}"}
    if atom.kind == "any":
        return {}
    if atom.kind == "list":
        length = {} if atom.length is None else {"minItems": atom.length, "maxItems": atom.length}
        return {"type": "array", "items": _alternatives_schema(atom.of, bounds), **length}
    if atom.kind == "map":
        return {"type": "object", "additionalProperties": _alternatives_schema(atom.of, bounds)}
    schema = dict(_SCALAR_SCHEMAS[atom.kind])
    if atom.kind in ("int", "float", "duration"):
        schema |= {key: bound for key, bound in bounds.items() if bound is not None}
    return schema
