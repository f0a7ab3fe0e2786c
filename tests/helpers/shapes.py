"""Compares JSON by shape: the same keys in the same order, and values of the same kind."""

from __future__ import annotations

from typing import Any


def differences(found: Any, golden: Any, place: str = "") -> list[str]:
    """Where `found` has other keys or kinds of values than `golden`; whole numbers pass where floats stand."""
    where = place or "the object"
    if isinstance(golden, dict) and isinstance(found, dict):
        if list(found) != list(golden):
            return [f"{where} has the keys {list(found)}, expected {list(golden)}"]
        return [one for key in golden for one in differences(found[key], golden[key], f"{place}.{key}".strip("."))]
    if isinstance(golden, list) and isinstance(found, list):
        if len(found) != len(golden):
            return [f"{where} has {len(found)} items, expected {len(golden)}"]
        pairs = zip(found, golden, strict=True)
        return [one for i, (a, b) in enumerate(pairs) for one in differences(a, b, f"{place}[{i}]")]
    expected = (int, float) if type(golden) is float else (type(golden),)
    if type(found) not in expected:
        return [f"{where} is {found!r}, expected the kind of {golden!r}"]
    return []
