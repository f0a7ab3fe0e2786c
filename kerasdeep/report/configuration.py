"""The configuration as a reader wants it: what differs from the defaults, and the whole file in colour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from kerasdeep import source
from kerasdeep.catalog import Choice, dump
from kerasdeep.errors import InputError, Report
from kerasdeep.report import numbers
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.load import read_spec
from kerasdeep.spec.resolved import APPLIED
from kerasdeep.spec.settings import Section, default_of, is_required, key_of, settings

SHOWN_ELSEWHERE = {"version", "name", "description", "network.layers", *APPLIED}
_YAML_LINE = re.compile(r"(?P<indent>[ -]*)(?P<key>[^\s#:'\"{\[][^:#]*:)?(?P<value>.*?)(?P<comment>(^|\s+)#.*)?")


@dataclass(frozen=True)
class Difference:
    """One setting that this run has otherwise; `default` is empty where there is none."""

    setting: str
    value: str
    default: str


def read(resolved: str) -> Spec | None:
    """The experiment that `resolved.yaml` describes; None when this version cannot read it (any more)."""
    try:
        node = source.parse(resolved, "resolved.yaml")
    except InputError:
        return None
    return read_spec(node, Report()) if isinstance(node, source.Mapping) else None


def differences(section: Section, where: str = "") -> list[Difference]:
    """The settings that have another value than their default, in the order of the file."""
    found = []
    for entry in settings(type(section)):
        name, value = where + key_of(entry), getattr(section, entry.name)
        if name in SHOWN_ELSEWHERE:
            continue
        of = entry.metadata["of"]
        if isinstance(value, Section) and isinstance(of, type) and not entry.metadata["optional"]:
            found += differences(value, f"{name}.")
        elif is_required(entry):
            found.append(Difference(name, spelled(value), ""))
        elif spelled(value) != spelled(default := default_of(entry)):
            found.append(Difference(name, spelled(value), spelled(default)))
    return found


def spelled(value: Any) -> str:
    """A value on one line, as YAML would have it; what equals its default inside is left out."""
    if isinstance(value, Section):
        return "{" + ", ".join(f"{item.setting}: {item.value}" for item in differences(value)) + "}"
    if isinstance(value, Choice):
        arguments = value.entry.arguments
        inside = [
            f"{name}: {spelled(item)}"
            for name, item in value.arguments.items()
            if name not in arguments or spelled(item) != spelled(arguments[name].default)
        ]
        return f"{value.name} {{{', '.join(inside)}}}" if inside else value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {spelled(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(spelled(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return numbers.rate(value)
    return str(dump(value))


def highlighted(yaml: str) -> Markup:
    """YAML with its keys and comments marked up; every character of the file is escaped."""
    return Markup("\n").join(_line(line) for line in yaml.splitlines())


def _line(line: str) -> Markup:
    part = _YAML_LINE.fullmatch(line)
    if not part:
        return escape(line)
    key = Markup('<span class="key">{}</span>').format(part["key"]) if part["key"] else Markup("")
    comment = Markup('<span class="comment">{}</span>').format(part["comment"]) if part["comment"] else Markup("")
    return escape(part["indent"]) + key + escape(part["value"]) + comment
