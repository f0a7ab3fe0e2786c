"""Plain values as the YAML that a person would write: short numbers, flow style below the layers, few quotes."""

from __future__ import annotations

import json
import re
from typing import Any

from kerasdeep.catalog import dump

_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.\.?/)[\w .%/()-]*")
_NOT_TEXT = {"null", "true", "false", "yes", "no", "on", "off"}
_NUMBER = re.compile(r"[-+.\d][\d_]*\.?[\d_]*([eE][-+]?\d+)?")
_DURATION = re.compile(r"[\d.]+ ?(epochs?|steps?|minutes?|%)")
_BLOCKS = ("layers",)


def flow(value: Any) -> str:
    """The value on one line."""
    value = dump(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return number(value)
    plain = _PLAIN.fullmatch(value) or _DURATION.fullmatch(value)
    odd = value.lower() in _NOT_TEXT or value != value.strip() or (_NUMBER.fullmatch(value) and not plain)
    return value if plain and not odd else json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """`0.001`, `1e-5`, `300`: the shortest text that reads back as the same number."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else text


def block(tree: dict[str, Any], indent: int = 0) -> str:
    """A tree of sections as lines: sections and lists of layers in block style, all else on one line."""
    pad = "  " * indent
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict) and ((indent == 0 and len(flow(value)) > 60) or _holds_block(value)):
            lines += [f"{pad}{key}:", block(value, indent + 1)]
        elif key in _BLOCKS and isinstance(value, list):
            lines += [f"{pad}{key}:", *(_item(item, pad + "  ") for item in value)]
        else:
            lines.append(f"{pad}{flow(key)}: {flow(value)}")
    return "\n".join(lines)


def _holds_block(value: dict[str, Any]) -> bool:
    return any(key in _BLOCKS or (isinstance(item, dict) and _holds_block(item)) for key, item in value.items())


def _item(value: Any, pad: str) -> str:
    if not isinstance(value, dict):
        return f"{pad}- {flow(value)}"
    (name, inner), *_ = value.items()
    return f"{pad}- {name}: {flow(inner)}"
