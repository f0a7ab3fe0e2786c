"""Skeleton and overlay to the text of `catalog.json`, one argument a line so that a change reads well."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import keras
import yaml

from kerasdeep.catalog.entries import REQUIRED
from kerasdeep.catalog.generate import keras_api
from kerasdeep.catalog.generate.type_inference import guess_type
from kerasdeep.catalog.types import FAMILIES, parse_type
from kerasdeep.custom_objects import CUSTOM_OBJECTS, INTERNAL_OBJECTS

OVERLAY_FOLDER = Path(__file__).with_name("overlay")


def catalog_text() -> str:
    """The whole file, identical whenever Keras and the overlay are.

    An argument that many entries share is written once under `common` and stands as null in each of them. Raises
    `ValueError` for an argument that neither Keras nor the overlay gives a type, and for an overlay of nothing.
    """
    families = {family: family_records(family) for family in FAMILIES}
    common = _common_arguments(families)
    lines = ["{", f'"keras": {json.dumps(keras.__version__)},', '"common": {']
    lines += [f"{json.dumps(name)}: {_to_json(record)}," for name, record in sorted(common.items())]
    lines[-1] = lines[-1].rstrip(",")
    lines += ["},", '"families": {']
    for family, records in families.items():
        lines.append(f"{json.dumps(family)}: {{")
        for name, record in sorted(records.items()):
            lines += _entry_lines(name, record, common)
        lines[-1] = lines[-1].rstrip(",")
        lines.append("},")
    lines[-1] = "}"
    return "\n".join([*lines, "}", "}"]) + "\n"


def _common_arguments(families: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """The most frequent record of every argument name that two entries or more share."""
    counts: dict[str, Counter[str]] = {}
    for records in families.values():
        for record in records.values():
            for name, argument in record["arguments"].items():
                counts.setdefault(name, Counter())[_to_json(argument)] += 1
    frequent = {name: count.most_common(1)[0] for name, count in counts.items()}
    return {name: json.loads(record) for name, (record, times) in frequent.items() if times > 1}


def _entry_lines(name: str, record: dict[str, Any], common: dict[str, Any]) -> list[str]:
    head = _to_json({key: value for key, value in record.items() if key != "arguments"})
    opening = f'{json.dumps(name)}: {head[:-1]}{", " if head != "{}" else ""}"arguments": {{'
    written = [
        f"{json.dumps(key)}: {'null' if common.get(key) == value else _to_json(value)}"
        for key, value in record["arguments"].items()
    ]
    return [opening, ",\n".join(f"  {line}" for line in written) + "}},"]


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@cache
def load_overlay(name: str) -> dict[str, Any]:
    overlay: dict[str, Any] = yaml.safe_load((OVERLAY_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return overlay


def family_records(family: str) -> dict[str, dict[str, Any]]:
    """Name to record: what Keras and the custom objects say, then the table of names, then the entry's own overlay."""
    records = {name: _raw_record(raw) for name, raw in keras_api.read_family(family).items()}
    for name, target in CUSTOM_OBJECTS[family].items():
        if name not in INTERNAL_OBJECTS:
            records[name] = {"own": True, **_raw_record(keras_api.read_entry(target, name, set(), family))}
    for name, extra in load_overlay(family).items():
        if name not in records and not extra.get("own"):
            raise ValueError(f"overlay/{family}.yaml: Keras has no {family} {name}")
        record = {"arguments": {}} if extra.get("own") else records[name]
        records[name] = record
        if extra.get("own") and family == "layer" and extra.get("keywords", True):
            record["arguments"] = {
                key: _argument_record(name, key, keras_api.RawArgument(default), {})
                for key, default in keras_api.LAYER_KEYWORDS.items()
            }
        overrides = {
            key: _argument_record(
                name, key, keras_api.RawArgument(REQUIRED), {**record["arguments"].get(key, {}), **argument}
            )
            for key, argument in extra.get("arguments", {}).items()
            if argument is not None
        }
        for key in extra.get("arguments", {}).keys() - overrides.keys():
            del record["arguments"][key]  # what the base class takes and this layer sets itself
        record.update({key: value for key, value in extra.items() if key not in ("arguments", "keywords")})
        record["arguments"] = (
            {**overrides, **record["arguments"], **overrides} if extra.get("own") else record["arguments"] | overrides
        )
    if family == "layer":
        for name, record in records.items():
            record["arguments"]["inputs"] = _argument_record(name, "inputs", keras_api.RawArgument(None), {})
    return {name: _complete_record(family, name, record) for name, record in records.items()}


def _raw_record(raw: keras_api.RawEntry) -> dict[str, Any]:
    arguments = {key: _argument_record(raw.name, key, argument, {}) for key, argument in raw.arguments.items()}
    head = {"doc": raw.doc, "aliases": raw.aliases}
    return {**{key: value for key, value in head.items() if value}, "arguments": arguments}


def _argument_record(entry: str, name: str, raw: keras_api.RawArgument, extra: dict[str, Any]) -> dict[str, Any]:
    """The record of an argument; `extra` is what the entry's own overlay says."""
    record: dict[str, Any] = {"type": guess_type(name, raw.default, raw.doc, raw.annotation)}
    if raw.default is not REQUIRED:
        record["default"] = raw.default
    common = load_overlay("names").get(name, {})
    common = {"type": common} if isinstance(common, str) else dict(common)
    rank = re.search(r"([123])D", entry)
    if "type" in common:
        common["type"] = common["type"].replace("{rank}", rank[1] if rank else "2")
    return {**record, "doc": keras_api.argument_summary(raw.doc), **common, **extra}


def _complete_record(family: str, name: str, record: dict[str, Any]) -> dict[str, Any]:
    """The record with nulls, bounds and defaults made consistent with the types."""
    for key, argument in record["arguments"].items():
        kinds = {atom.kind for atom in parse_type(argument["type"])}
        if "any" in kinds and "refused" not in record and "refused" not in argument:
            raise ValueError(f"overlay/{family}.yaml: give {name}.{key} a type")
        if argument.get("default", REQUIRED) is None and not kinds & {"null", "any"}:
            argument["type"] += "|null"
        if "default" in argument:
            argument["default"] = _convert_default(argument["default"], argument["type"])
        order = ("type", "default", "minimum", "maximum", "refused", "hint", "doc")
        record["arguments"][key] = {
            field: argument[field]
            for field in order
            if (field == "default" and field in argument) or argument.get(field) not in (None, "")
        }
    return record


def _convert_default(default: Any, expression: str) -> Any:
    """Keras writes `2` for a float and tuples for lists."""
    if isinstance(default, list | tuple):
        return [_convert_default(item, expression) for item in default]
    if isinstance(default, int) and not isinstance(default, bool) and "float" in expression and "int" not in expression:
        return float(default)
    return default
