"""`resolved.yaml`: the experiment with every value and every default written out, ready to be trained again."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

import yaml

from kerasdeep.catalog import Choice, dump
from kerasdeep.source import Mapping, Node, Scalar, Sequence, parse
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.rates import decided_elsewhere
from kerasdeep.spec.settings import Section, key_of, settings
from kerasdeep.spec.stages import Stage

APPLIED = ("extends", "variants", "profiles", "expect")
"""What has done its work once the file is put together."""


def resolved(spec: Spec) -> dict[str, Any]:
    """Every setting with its value; arguments of choices outside the network have their defaults too."""
    values = _section(spec)
    values |= _learning(spec, spec)
    values["stages"] = [_section(stage) | _learning(stage, spec) for stage in spec.stages]
    return {key: value for key, value in values.items() if key not in APPLIED}


def _learning(section: Spec | Stage, spec: Spec) -> dict[str, Any]:
    """Optimizer and schedule of the file or of a stage, with their defaults."""
    decided = decided_elsewhere(section.optimizer, section.schedule, spec.regularization)
    schedule = with_defaults(section.schedule) if section.schedule else None
    return {"optimizer": dump(with_defaults(section.optimizer, decided)), "schedule": dump(schedule)}


def text(spec: Spec) -> str:
    """The YAML of `resolved`."""
    return yaml.safe_dump(resolved(spec), sort_keys=False, allow_unicode=True, width=100)


def leaves(text: str) -> dict[str, str]:
    """Every scalar of a `resolved.yaml` by its dotted place, such as `optimizer.SGD.learning_rate`."""
    return dict(_leaves(parse(text, "resolved.yaml")))


def _leaves(node: Node, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, pair in node.pairs.items():
            yield from _leaves(pair.value, f"{place}.{key}" if place else key)
    elif isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from _leaves(item, f"{place}.{number}")
    elif isinstance(node, Scalar):
        yield place, node.text


def with_defaults(choice: Choice, decided: Set[str] = frozenset()) -> Choice:
    """The choice with every argument of its entry that has a default and is not `decided` by another section.

    A choice without a mark is itself a default, so that what it states yields to the other section too.
    """
    names = [name for name, argument in choice.entry.arguments.items() if not argument.required]
    defaults = {name: choice.value(name) for name in names if name not in decided}
    kept = set() if choice.mark else decided
    written = {name: value for name, value in choice.arguments.items() if name not in kept}
    return replace(choice, arguments={**defaults, **written})


def _section(section: Section) -> dict[str, Any]:
    values = {key_of(entry): getattr(section, entry.name) for entry in settings(type(section))}
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _section(value) if isinstance(value, Section) else dump(value)
