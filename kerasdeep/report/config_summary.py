"""The configuration for readers: what differs from the defaults, and the whole file in colour."""

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from kerasdeep.catalog import Choice, to_plain
from kerasdeep.config.resolved import LOAD_TIME_KEYS
from kerasdeep.config.schema import Section, settings_of
from kerasdeep.formatting import learning_rate

SHOWN_ELSEWHERE = {"version", "name", "description", "network.layers", *LOAD_TIME_KEYS}
_YAML_LINE = re.compile(r"(?P<indent>[ -]*)(?P<key>[^\s#:'\"{\[][^:#]*:)?(?P<value>.*?)(?P<comment>(^|\s+)#.*)?")


@dataclass(frozen=True)
class SettingDifference:
    """One setting that differs from its default; `default` is empty where there is none."""

    setting: str
    value: str
    default: str


def differences_from_defaults(section: Section, prefix: str = "") -> list[SettingDifference]:
    """The settings that differ from their defaults, in the order of the file."""
    changes = []
    for key, entry in settings_of(type(section)).items():
        name, value = prefix + key, getattr(section, entry.name)
        if name in SHOWN_ELSEWHERE:
            continue
        if isinstance(value, Section) and not entry.nullable:
            changes += differences_from_defaults(value, f"{name}.")
        elif entry.required:
            changes.append(SettingDifference(name, format_value(value), ""))
        elif format_value(value) != format_value(entry.default):
            changes.append(SettingDifference(name, format_value(value), format_value(entry.default)))
    return changes


def format_value(value: Any) -> str:
    """A value on one line, in YAML; arguments inside that equal their defaults are left out."""
    if isinstance(value, Section):
        return "{" + ", ".join(f"{item.setting}: {item.value}" for item in differences_from_defaults(value)) + "}"
    if isinstance(value, Choice):
        arguments = value.entry.arguments
        argument_texts = [
            f"{name}: {format_value(item)}"
            for name, item in value.arguments.items()
            if name not in arguments or format_value(item) != format_value(arguments[name].default)
        ]
        return f"{value.name} {{{', '.join(argument_texts)}}}" if argument_texts else value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {format_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(format_value(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return learning_rate(value)
    return str(to_plain(value))


def highlight_yaml(yaml: str) -> Markup:
    """YAML with its keys and comments marked up; every character of the file is escaped."""
    return Markup("\n").join(_highlight_line(line) for line in yaml.splitlines())


def _highlight_line(line: str) -> Markup:
    match = _YAML_LINE.fullmatch(line)
    if not match:
        return escape(line)
    key = Markup('<span class="key">{}</span>').format(match["key"]) if match["key"] else Markup("")
    comment = Markup('<span class="comment">{}</span>').format(match["comment"]) if match["comment"] else Markup("")
    return escape(match["indent"]) + key + escape(match["value"]) + comment
