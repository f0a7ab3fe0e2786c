"""Skeleton and overlay to the text of `catalog.json`, one argument a line so that a change reads well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import yaml

from kerasdeep.catalog.entries import REQUIRED
from kerasdeep.catalog.generate import skeleton
from kerasdeep.catalog.generate.inference import guess
from kerasdeep.catalog.generate.skeleton import LAYER_KEYWORDS
from kerasdeep.catalog.types import FAMILIES

OVERLAY = Path(__file__).with_name("overlay")


def text() -> str:
    """The whole file, identical whenever Keras and the overlay are."""
    lines = ["{", f'"keras": {json.dumps(keras.__version__)},', '"families": {']
    for family in FAMILIES:
        lines.append(f"{json.dumps(family)}: {{")
        records = records_of(family)
        for name in sorted(records):
            lines += _lines(name, records[name])
        lines[-1] = lines[-1].rstrip(",")
        lines.append("},")
    lines[-1] = "}"
    return "\n".join([*lines, "}", "}"]) + "\n"


def _lines(name: str, record: dict[str, Any]) -> list[str]:
    head = {key: value for key, value in record.items() if key != "arguments"}
    opening = f"{json.dumps(name)}: {json.dumps(head, ensure_ascii=False)[:-1]}, " + '"arguments": {'
    arguments = [
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},"
        for key, value in record["arguments"].items()
    ]
    if not arguments:
        return [opening + "}},"]
    arguments[-1] = arguments[-1].rstrip(",")
    return [opening, *arguments, "}},"]


def records_of(family: str) -> dict[str, dict[str, Any]]:
    """Name to record: what Keras says, then what the overlay corrects and adds."""
    overlay = yaml.safe_load((OVERLAY / f"{family}.yaml").read_text(encoding="utf-8"))
    common = yaml.safe_load((OVERLAY / "names.yaml").read_text(encoding="utf-8"))
    records = {}
    for name, raw in skeleton.family(family).items():
        arguments = {}
        for key, argument in raw.arguments.items():
            record = {"type": guess(key, argument.default, argument.doc)}
            if argument.default is not REQUIRED:
                record["default"] = argument.default
            arguments[key] = {**record, "doc": skeleton.first_sentence(argument.doc)[:200]}
        records[name] = {"doc": raw.doc, "aliases": raw.aliases, "arguments": arguments}
    completed = _completed(records, overlay or {}, common or {})
    return _with_network_words(completed) if family == "layer" else completed


def _with_network_words(layers: dict[str, Any]) -> dict[str, Any]:
    """The layers with the network's own words beside them; each can say what feeds it."""
    words = yaml.safe_load((OVERLAY / "network.yaml").read_text(encoding="utf-8"))
    for record in (*layers.values(), *words.values()):
        record["arguments"]["inputs"] = {
            "type": "list[str]|str|null",
            "default": None,
            "doc": "Names of the layers that feed this one; null takes the one before.",
        }
    return {**layers, **words}


def _completed(records: dict[str, Any], overlay: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    for name, extra in overlay.items():
        record = records.setdefault(name, {"arguments": {}})
        if extra.pop("keywords", False):
            keywords = {
                key: {"type": guess(key, value, ""), "default": value} for key, value in LAYER_KEYWORDS.items()
            }
            extra["arguments"] = {**extra["arguments"], **keywords}
        for key, argument in (extra.pop("arguments", None) or {}).items():
            record["arguments"][key] = {**record["arguments"].get(key, {}), **argument}
        record.update(extra)
    return records
