"""Skeleton and overlay to the text of `catalog.json`, one argument a line so that a change reads well."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import keras
import yaml

from kerasdeep.catalog.entries import REQUIRED
from kerasdeep.catalog.generate import skeleton
from kerasdeep.catalog.generate.inference import guess
from kerasdeep.catalog.types import FAMILIES, alternatives

OVERLAY = Path(__file__).with_name("overlay")


def text() -> str:
    """The whole file, identical whenever Keras and the overlay are.

    An argument that many entries share is written once under `common` and stands as null in each of them. Raises
    `ValueError` for an argument that neither Keras nor the overlay gives a type, and for an overlay of nothing.
    """
    families = {family: records_of(family) for family in FAMILIES}
    common = _common(families)
    lines = ["{", f'"keras": {json.dumps(keras.__version__)},', '"common": {']
    lines += [f"{json.dumps(name)}: {_json(record)}," for name, record in sorted(common.items())]
    lines[-1] = lines[-1].rstrip(",")
    lines += ["},", '"families": {']
    for family, records in families.items():
        lines.append(f"{json.dumps(family)}: {{")
        for name, record in sorted(records.items()):
            lines += _lines(name, record, common)
        lines[-1] = lines[-1].rstrip(",")
        lines.append("},")
    lines[-1] = "}"
    return "\n".join([*lines, "}", "}"]) + "\n"


def _common(families: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """The most frequent record of every argument name that two entries or more share."""
    counts: dict[str, Counter[str]] = {}
    for records in families.values():
        for record in records.values():
            for name, argument in record["arguments"].items():
                counts.setdefault(name, Counter())[_json(argument)] += 1
    frequent = {name: count.most_common(1)[0] for name, count in counts.items()}
    return {name: json.loads(record) for name, (record, times) in frequent.items() if times > 1}


def _lines(name: str, record: dict[str, Any], common: dict[str, Any]) -> list[str]:
    head = _json({key: value for key, value in record.items() if key != "arguments"})
    opening = f'{json.dumps(name)}: {head[:-1]}{", " if head != "{}" else ""}"arguments": {{'
    written = [
        f"{json.dumps(key)}: {'null' if common.get(key) == value else _json(value)}"
        for key, value in record["arguments"].items()
    ]
    return [opening, ",\n".join(f"  {line}" for line in written) + "}},"]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@cache
def overlay(name: str) -> dict[str, Any]:
    return yaml.safe_load((OVERLAY / f"{name}.yaml").read_text(encoding="utf-8"))


def records_of(family: str) -> dict[str, dict[str, Any]]:
    """Name to record: what Keras says, then the table of names, then the entry's own overlay."""
    records = {name: _from_keras(raw) for name, raw in skeleton.family(family).items()}
    for name, extra in overlay(family).items():
        if name not in records and not extra.get("own"):
            raise ValueError(f"overlay/{family}.yaml: Keras has no {family} {name}")
        record = records.setdefault(name, {"arguments": {}})
        if extra.get("own") and family == "layer" and extra.get("keywords", True):
            record["arguments"] = {
                key: _argument(name, key, skeleton.RawArgument(default), {})
                for key, default in skeleton.LAYER_KEYWORDS.items()
            }
        own = {
            key: _argument(
                name, key, skeleton.RawArgument(REQUIRED), {**record["arguments"].get(key, {}), **argument}
            )
            for key, argument in extra.get("arguments", {}).items()
            if argument is not None
        }
        for key in extra.get("arguments", {}).keys() - own.keys():
            del record["arguments"][key]  # what the base class takes and this layer sets itself
        record.update({key: value for key, value in extra.items() if key not in ("arguments", "keywords")})
        record["arguments"] = (
            {**own, **record["arguments"], **own} if extra.get("own") else record["arguments"] | own
        )
    if family == "layer":
        for name, record in records.items():
            record["arguments"]["inputs"] = _argument(name, "inputs", skeleton.RawArgument(None), {})
    return {name: _finished(family, name, record) for name, record in records.items()}


def _from_keras(raw: skeleton.RawEntry) -> dict[str, Any]:
    arguments = {key: _argument(raw.name, key, argument, {}) for key, argument in raw.arguments.items()}
    head = {"doc": raw.doc, "aliases": raw.aliases}
    return {**{key: value for key, value in head.items() if value}, "arguments": arguments}


def _argument(entry: str, name: str, raw: skeleton.RawArgument, extra: dict[str, Any]) -> dict[str, Any]:
    """The record of an argument; `extra` is what the entry's own overlay says."""
    record: dict[str, Any] = {"type": guess(name, raw.default, raw.doc)}
    if raw.default is not REQUIRED:
        record["default"] = raw.default
    common = overlay("names").get(name, {})
    common = {"type": common} if isinstance(common, str) else dict(common)
    rank = re.search(r"([123])D", entry)
    if "type" in common:
        common["type"] = common["type"].replace("{rank}", rank[1] if rank else "2")
    return {**record, "doc": skeleton.meaning(raw.doc), **common, **extra}


def _finished(family: str, name: str, record: dict[str, Any]) -> dict[str, Any]:
    """The record with nulls, bounds and defaults made consistent with the types."""
    for key, argument in record["arguments"].items():
        kinds = {atom.kind for atom in alternatives(argument["type"])}
        if "any" in kinds and "refused" not in record and "refused" not in argument:
            raise ValueError(f"overlay/{family}.yaml: give {name}.{key} a type")
        if argument.get("default", REQUIRED) is None and not kinds & {"null", "any"}:
            argument["type"] += "|null"
        if "default" in argument:
            argument["default"] = _as_declared(argument["default"], argument["type"])
        order = ("type", "default", "minimum", "maximum", "refused", "hint", "doc")
        record["arguments"][key] = {
            part: argument[part]
            for part in order
            if (part == "default" and part in argument) or argument.get(part) not in (None, "")
        }
    return record


def _as_declared(default: Any, expression: str) -> Any:
    """Keras writes `2` for a float and tuples for lists."""
    if isinstance(default, list | tuple):
        return [_as_declared(item, expression) for item in default]
    if (
        isinstance(default, int)
        and not isinstance(default, bool)
        and "float" in expression
        and "int" not in expression
    ):
        return float(default)
    return default
