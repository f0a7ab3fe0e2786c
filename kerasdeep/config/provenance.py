"""Where every value of an experiment comes from: a line of a file, a profile, a variant, an option, a default."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kerasdeep.config.load import LoadedConfig
from kerasdeep.config.resolved import resolve
from kerasdeep.errors import SourceLocation
from kerasdeep.yaml_nodes import Mapping, Node, Sequence

DEFAULT_SOURCE = "default"
_OVERLAY_WORDS = {"profiles": "profile", "variants": "variant"}


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """A setting by its dotted path, its value as YAML would show it, and where the value was written.

    `source` is `file:line`, `profile NAME, file:line`, `--set key`, another option, or `default`.
    """

    path: str
    value: Any
    source: str


def value_origins(loaded: LoadedConfig) -> list[ValueOrigin]:
    """Every value of `resolved.yaml` in its order, with where it was written."""
    overlay_by_location = dict(_overlay_locations(loaded.tree))
    return [
        ValueOrigin(path, value, _describe_source(node, overlay_by_location))
        for path, value, node in _walk(resolve(loaded.config), loaded.tree)
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


def _overlay_locations(tree: Mapping) -> Iterator[tuple[SourceLocation, str]]:
    """The places inside profiles and variants, each with whose it is."""
    for section, word in _OVERLAY_WORDS.items():
        overlays = tree.get(section)
        for name, pair in overlays.pairs.items() if isinstance(overlays, Mapping) else ():
            yield from ((location, f"{word} {name}") for location in _locations(pair.value))


def _locations(node: Node) -> Iterator[SourceLocation]:
    yield node.location
    inner = (pair.value for pair in node.pairs.values()) if isinstance(node, Mapping) else ()
    for child in node.items if isinstance(node, Sequence) else inner:
        yield from _locations(child)


def _describe_source(node: Node | None, overlay_by_location: dict[SourceLocation, str]) -> str:
    if node is None:
        return DEFAULT_SOURCE
    location = node.location
    position = f"{location.file}:{location.line}" if location.line else location.file
    return f"{overlay_by_location[location]}, {position}" if location in overlay_by_location else position
