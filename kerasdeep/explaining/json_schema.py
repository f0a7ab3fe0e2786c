"""The whole language as JSON Schema 2020-12, for editors: completion, hover text, and errors at the right place.

The sections exist twice: as a whole file needs them, and as overrides (in `variants` and `profiles`, and in a file
that `extends` others), where nothing is required and null takes a setting away. Every schema that can be an object
or something shorter says which of the two it saw by `if`/`then`, so that editors judge the one that was meant.
`kerasdeep/schema.json` is this module's output; regenerate it with `kerasdeep schema -o kerasdeep/schema.json`.
"""

from __future__ import annotations

import json
from dataclasses import Field
from typing import Any

from kerasdeep.catalog.json_schema import definitions, for_type
from kerasdeep.catalog.types import alternatives, spell
from kerasdeep.explaining.topics import default_of_setting, doc_of_setting
from kerasdeep.spec import Spec
from kerasdeep.spec.conflicts import WARNINGS
from kerasdeep.spec.data import BUILT_IN
from kerasdeep.spec.settings import (
    ListOf,
    Section,
    admits_null,
    bare_words,
    find_setting,
    is_required,
    key_of,
    settings,
)

Schema = dict[str, Any]

OVERRIDES: Schema = {"type": "object", "additionalProperties": {"$ref": "#/$defs/overrides"}}
SPECIAL: dict[str, Schema] = {
    "data.source": {"anyOf": [{"enum": list(BUILT_IN)}, {"type": ["string", "number"]}]},
    "allow": {"type": "array", "items": {"enum": list(WARNINGS)}},
    "variants": OVERRIDES,
    "profiles": OVERRIDES,
}
"""Settings whose values are narrower, or better known, than their type says."""
INSTEAD = {"": ("network", "pretrained"), "network": ("layers", "application")}
"""Keys that need not be there, by section, where another one is: it brings the layers."""


def schema() -> Schema:
    """The schema of a file."""
    extending = {"required": ["extends"], "properties": {"extends": {"not": {"type": "null"}}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kerasdeep experiment",
        "description": "One file is one experiment. `kerasdeep explain NAME` tells more about any word.",
        "type": "object",
        "if": extending,
        "then": {"$ref": "#/$defs/overrides"},
        "else": {"$ref": "#/$defs/file"},
        "$defs": {
            "file": _section(Spec, "", False),
            "overrides": _section(Spec, "", True),
            **definitions(),
        },
    }


def text() -> str:
    """The schema as the text of `schema.json`."""
    return json.dumps(schema(), ensure_ascii=False, separators=(",", ":")).replace('},"', '},\n"') + "\n"


def _section(section: type[Section], path: str, overriding: bool) -> Schema:
    prefix = f"{path}." if path else ""
    properties = {
        key_of(entry): _setting(entry, prefix + key_of(entry), overriding) for entry in settings(section)
    }
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [key_of(entry) for entry in settings(section) if is_required(entry)]
    if overriding or not required:
        return found
    key, other = INSTEAD.get(path, ("", ""))
    if not key:
        return {**found, "required": required}
    without = {"if": {"not": {"required": [other]}}, "then": {"required": [key]}}
    rest = [name for name in required if name != key]
    return {**found, **({"required": rest} if rest else {}), **without}


def _setting(entry: Field, path: str, overriding: bool) -> Schema:
    of = entry.metadata["of"]
    if path in SPECIAL:
        found = SPECIAL[path]
    elif isinstance(of, ListOf):
        found = {"type": "array", "items": _section(of.section, path, False)}
    elif isinstance(of, type):
        found = _section_or_shorter(of, path, overriding, admits_null(entry))
    else:
        found = for_type(of, entry.metadata["minimum"], entry.metadata["maximum"])
    if overriding and not admits_null(entry):
        found = {"if": {"not": {"type": "null"}}, "then": found}
    return {"description": _hover(entry), **found}


def _section_or_shorter(section: type[Section], path: str, overriding: bool, nullable: bool) -> Schema:
    whole = _section(section, path, overriding)
    shorter = [_without_null(find_setting(section, key)) for _, key in section.SHORTHAND]
    if words := bare_words(section):
        shorter.append({"enum": words})
    shorter += [{"type": "null"}] if nullable else []
    if not shorter:
        return whole
    lists = [one for one in shorter if one.get("type") == "array"]
    kinds = [one if one not in lists else {"type": "array"} for one in shorter]
    found = {"anyOf": [*kinds, {"type": "object"}], "if": {"type": "object"}, "then": whole}
    return {**found, "else": {"if": {"type": "array"}, "then": lists[0]}} if lists else found


def _without_null(entry: Field) -> Schema:
    atoms = tuple(atom for atom in alternatives(entry.metadata["of"]) if atom.kind != "null")
    return for_type(spell(atoms), entry.metadata["minimum"], entry.metadata["maximum"])


def _hover(entry: Field) -> str:
    doc = doc_of_setting(entry)
    return doc if is_required(entry) else f"{doc} Default: {default_of_setting(entry)}."
