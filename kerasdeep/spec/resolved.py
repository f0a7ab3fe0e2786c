"""`resolved.yaml`: the experiment with every value and every default written out, ready to be trained again."""

from __future__ import annotations

from typing import Any

import yaml

from kerasdeep.catalog import Choice, dump
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.settings import Section, settings

APPLIED = ("extends", "variants", "profiles", "expect")
"""What has done its work once the file is put together."""


def resolved(spec: Spec) -> dict[str, Any]:
    """Every setting with its value; arguments of choices outside the network have their defaults too."""
    values = _section(spec)
    return {key: value for key, value in values.items() if key not in APPLIED}


def text(spec: Spec) -> str:
    """The YAML of `resolved`."""
    return yaml.safe_dump(resolved(spec), sort_keys=False, allow_unicode=True, width=100)


def with_defaults(choice: Choice) -> Choice:
    """The choice with every argument of its entry that has a default."""
    entry = choice.entry
    defaults = {name: choice.value(name) for name, argument in entry.arguments.items() if not argument.required}
    return choice.replace(**{**defaults, **choice.arguments})


def _section(section: Section) -> dict[str, Any]:
    return {entry.name: _value(entry.name, getattr(section, entry.name)) for entry in settings(type(section))}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Section):
        return _section(value)
    if isinstance(value, Choice) and key in ("optimizer", "schedule"):
        return dump(with_defaults(value))
    return dump(value)
