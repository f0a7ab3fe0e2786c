"""Where every value of an experiment comes from: a line of a file, a profile, a variant, an option, a default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kerasdeep.errors import Mark
from kerasdeep.source import Mapping, Node, Sequence
from kerasdeep.spec.load import Loaded
from kerasdeep.spec.resolved import resolved

DEFAULT = "default"
_OVERLAYS = {"profiles": "profile", "variants": "variant"}


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting by its dotted path, its value as YAML would show it, and where the value was written.

    `source` is `file:line`, `profile NAME, file:line`, `--set key`, another option, or `default`.
    """

    path: str
    value: Any
    source: str


def origins(loaded: Loaded) -> list[Origin]:
    """Every value of `resolved.yaml` in its order, with where it was written."""
    overlaid = dict(_overlaid(loaded.tree))
    return [
        Origin(path, value, _source(node, overlaid))
        for path, value, node in _walk(resolved(loaded.spec), loaded.tree)
    ]


def _walk(value: Any, node: Node | None, path: str = "") -> Iterator[tuple[str, Any, Node | None]]:
    """The leaves of `value`, each with the node that it was read from; None where nobody wrote it."""
    prefix = f"{path}." if path else ""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            inner = node.get(key) if isinstance(node, Mapping) else None
            yield from _walk(item, inner, prefix + key)
    elif isinstance(node, Sequence) and isinstance(value, list) and len(value) == len(node.items):
        if any(isinstance(item, Mapping) for item in node.items):
            for number, (item, inner) in enumerate(zip(value, node.items, strict=True)):
                yield from _walk(item, inner, f"{prefix}{number}")
        else:
            yield path, value, node
    else:
        yield path, value, node


def _overlaid(tree: Mapping) -> Iterator[tuple[Mark, str]]:
    """The places inside profiles and variants, each with whose it is."""
    for section, word in _OVERLAYS.items():
        overlays = tree.get(section)
        for name, pair in overlays.pairs.items() if isinstance(overlays, Mapping) else ():
            yield from ((mark, f"{word} {name}") for mark in _marks(pair.value))


def _marks(node: Node) -> Iterator[Mark]:
    yield node.mark
    inner = (pair.value for pair in node.pairs.values()) if isinstance(node, Mapping) else ()
    for below in node.items if isinstance(node, Sequence) else inner:
        yield from _marks(below)


def _source(node: Node | None, overlaid: dict[Mark, str]) -> str:
    if node is None:
        return DEFAULT
    mark = node.mark
    where = f"{mark.file}:{mark.line}" if mark.line else mark.file
    return f"{overlaid[mark]}, {where}" if mark in overlaid else where
