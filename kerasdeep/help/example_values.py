"""Values to show in examples: what a person would plausibly write for an argument or a setting."""

from pathlib import Path
from typing import Any

import yaml

from kerasdeep.catalog import Argument
from kerasdeep.catalog.types import INVALID, Atom, parse_type, read_value
from kerasdeep.config.schema import Setting
from kerasdeep.errors import Problems
from kerasdeep.help.yaml_format import to_flow
from kerasdeep.yaml_nodes import parse_yaml

PRETRAIN_PATH = "stages.0.pretrain"
EXAMPLE_VALUES: dict[str, dict[str, Any]] = yaml.load(
    Path(__file__).with_name("example_values.yaml").read_text(encoding="utf-8"),
    Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
)
"""Seven tables of values by type, argument or setting; the file says what each is for."""


def argument_value(entry: str, argument: Argument) -> Any:
    """A value of the argument that differs from its default where that can be had."""
    of_entry = EXAMPLE_VALUES["entries"].get(entry, {})
    for value in (of_entry.get(argument.name), EXAMPLE_VALUES["arguments"].get(argument.name)):
        if value is not None and is_valid_value(argument.type, value, argument.minimum, argument.maximum):
            return value
    return typical_value(argument.type, argument.default, argument.minimum, argument.maximum)


def setting_value(entry: Setting) -> Any:
    """A value that the setting allows."""
    return typical_value(str(entry.declared), None if entry.required else entry.default, entry.minimum, entry.maximum)


def typical_value(expression: str, default: Any, minimum: float | None, maximum: float | None) -> Any:
    """A value that the type allows: the default's neighbour for choices and booleans, else by kind."""
    atoms = [atom for atom in parse_type(expression) if atom.kind != "null"] or [Atom("null")]
    words = [atom.word for atom in atoms if atom.kind == "choice" and atom.word != default]
    if words:
        return words[0]
    if atoms[0].kind == "bool" and isinstance(default, bool):
        return not default
    if isinstance(default, int | float | list) and not isinstance(default, bool) and default != []:
        return default
    return _value_for_atom(atoms[-1] if atoms[0].kind == "choice" else atoms[0], minimum, maximum)


def _value_for_atom(atom: Atom, minimum: float | None, maximum: float | None) -> Any:
    if atom.kind in ("int", "float"):
        number = 10 if atom.kind == "int" else 0.1
        low = number if minimum is None else max(number, minimum)
        return low if maximum is None else min(low, maximum)
    if atom.kind == "list":
        return [_value_for_atom(atom.of[0], minimum, maximum)] * (atom.length or 2)
    if atom.kind == "map":
        return {"output": _value_for_atom(atom.of[0], minimum, maximum)}
    return atom.word if atom.kind == "choice" else EXAMPLE_VALUES["types"][atom.kind]


def is_valid_value(expression: str, value: Any, minimum: float | None = None, maximum: float | None = None) -> bool:
    """Whether a value, written as YAML, reads as the type."""
    node = parse_yaml(to_flow(value), "example")
    return read_value(expression, node, Problems(), "value", minimum, maximum) is not INVALID
