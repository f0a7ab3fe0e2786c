"""The whole language as JSON Schema 2020-12, for editors: completion, hover text, and errors at the right place.

The sections exist twice: as a whole file needs them, and as overrides (in `variants` and `profiles`, and in a file
that `extends` others), where nothing is required and null takes a setting away. Every schema that can be an object
or something shorter says which of the two it saw by `if`/`then`, so that editors judge the one that was meant.
`kerasdeep/schema.json` is this module's output; regenerate it with `kerasdeep schema -o kerasdeep/schema.json`.
"""

import json
from typing import Any

from kerasdeep.catalog.json_schema import catalog_definitions, type_schema
from kerasdeep.catalog.types import format_type, parse_type
from kerasdeep.config import Config
from kerasdeep.config.checks import WARNINGS
from kerasdeep.config.schema import ListOf, MapOf, Section, Setting, bare_keys, settings_of
from kerasdeep.config.sections.data import BUILT_IN_DATASETS
from kerasdeep.help.topics import setting_default_text, setting_doc

Schema = dict[str, Any]

OVERRIDES_SCHEMA: Schema = {"type": "object", "additionalProperties": {"$ref": "#/$defs/overrides"}}
SCHEMAS_BY_PATH: dict[str, Schema] = {
    "data.source": {"anyOf": [{"enum": list(BUILT_IN_DATASETS)}, {"type": ["string", "number"]}]},
    "allow": {"type": "array", "items": {"enum": list(WARNINGS)}},
    "variants": OVERRIDES_SCHEMA,
    "profiles": OVERRIDES_SCHEMA,
}
"""Settings whose values are narrower, or better known, than their type says."""
ALTERNATIVE_KEYS = {"": ("network", "pretrained"), "network": ("layers", "application")}
"""Keys that need not be there, by section, where another one is: it brings the layers."""


def build_schema() -> Schema:
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
            "file": _section_schema(Config, "", False),
            "overrides": _section_schema(Config, "", True),
            **catalog_definitions(),
        },
    }


def schema_text() -> str:
    """The schema as the text of `schema.json`."""
    return json.dumps(build_schema(), ensure_ascii=False, separators=(",", ":")).replace('},"', '},\n"') + "\n"


def _section_schema(section: type[Section], path: str, overriding: bool) -> Schema:
    prefix = f"{path}." if path else ""
    properties = {key: _setting_schema(entry, prefix + key, overriding) for key, entry in settings_of(section).items()}
    object_schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [key for key, entry in settings_of(section).items() if entry.required]
    if overriding or not required:
        return object_schema
    key, other = ALTERNATIVE_KEYS.get(path, ("", ""))
    if not key:
        return {**object_schema, "required": required}
    alternative = {"if": {"not": {"required": [other]}}, "then": {"required": [key]}}
    always_required = [name for name in required if name != key]
    return {**object_schema, **({"required": always_required} if always_required else {}), **alternative}


def _setting_schema(entry: Setting, path: str, overriding: bool) -> Schema:
    value_type = entry.declared
    if path in SCHEMAS_BY_PATH:
        value_schema = SCHEMAS_BY_PATH[path]
    elif isinstance(value_type, ListOf):
        value_schema = {"type": "array", "items": _section_schema(value_type.section, path, False)}
    elif isinstance(value_type, MapOf):
        item_schema = _section_or_shorthand_schema(value_type.section, path, overriding, overriding)
        value_schema = {"type": "object", "additionalProperties": item_schema}
    elif isinstance(value_type, type):
        value_schema = _section_or_shorthand_schema(value_type, path, overriding, entry.nullable)
    else:
        value_schema = type_schema(value_type, entry.minimum, entry.maximum)
    if overriding and not entry.nullable:
        value_schema = {"if": {"not": {"type": "null"}}, "then": value_schema}
    return {"description": _hover_text(entry), **value_schema}


def _section_or_shorthand_schema(section: type[Section], path: str, overriding: bool, nullable: bool) -> Schema:
    section_schema = _section_schema(section, path, overriding)
    short_forms = [_non_null_schema(settings_of(section)[key]) for _, key in section.SHORTHAND]
    if words := bare_keys(section):
        short_forms.append({"enum": words})
    short_forms += [{"type": "null"}] if nullable else []
    if not short_forms:
        return section_schema
    list_forms = [option for option in short_forms if option.get("type") == "array"]
    kinds = [option if option not in list_forms else {"type": "array"} for option in short_forms]
    union_schema = {"anyOf": [*kinds, {"type": "object"}], "if": {"type": "object"}, "then": section_schema}
    return {**union_schema, "else": {"if": {"type": "array"}, "then": list_forms[0]}} if list_forms else union_schema


def _non_null_schema(entry: Setting) -> Schema:
    atoms = tuple(atom for atom in parse_type(str(entry.declared)) if atom.kind != "null")
    return type_schema(format_type(atoms), entry.minimum, entry.maximum)


def _hover_text(entry: Setting) -> str:
    doc = setting_doc(entry)
    return doc if entry.required else f"{doc} Default: {setting_default_text(entry)}."
