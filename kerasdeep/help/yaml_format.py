"""Plain values as the YAML that a person would write: short numbers, flow style below the layers, few quotes."""

import json
import re
from typing import Any

from kerasdeep.catalog import to_plain

_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.\.?/)[\w .%/()-]*")
_RESERVED_WORDS = {"null", "true", "false", "yes", "no", "on", "off"}
_DURATION = re.compile(r"[\d.]+ ?(epochs?|steps?|minutes?|%)")
_BLOCK_STYLE_KEYS = ("layers",)


def to_flow(value: Any) -> str:
    """The value on one line."""
    value = to_plain(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_flow(key)}: {to_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_flow, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return format_number(value)
    plain = _PLAIN.fullmatch(value) or _DURATION.fullmatch(value)
    needs_quotes = value.lower() in _RESERVED_WORDS or value != value.strip()
    return value if plain and not needs_quotes else json.dumps(value, ensure_ascii=False)


def format_number(value: float) -> str:
    """`0.001`, `1e-5`, `300`: the shortest text that reads back as the same number."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}" if exponent else text


def to_block(tree: dict[str, Any], indent: int = 0) -> str:
    """A tree of sections as lines: sections and lists of layers in block style, all else on one line."""
    pad = "  " * indent
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict) and ((indent == 0 and len(to_flow(value)) > 60) or _contains_block(value)):
            lines += [f"{pad}{key}:", to_block(value, indent + 1)]
        elif key in _BLOCK_STYLE_KEYS and isinstance(value, list):
            lines += [f"{pad}{key}:", *(_list_item(item, pad + "  ") for item in value)]
        else:
            lines.append(f"{pad}{to_flow(key)}: {to_flow(value)}")
    return "\n".join(lines)


def _contains_block(value: dict[str, Any]) -> bool:
    inner = (item for item in value.values() if isinstance(item, dict))
    return any(key in _BLOCK_STYLE_KEYS for key in value) or any(map(_contains_block, inner))


def _list_item(value: Any, pad: str) -> str:
    if not isinstance(value, dict):
        return f"{pad}- {to_flow(value)}"
    (name, inner), *_ = value.items()
    return f"{pad}- {name}: {to_flow(inner)}"
