"""Reading values by their declared type: one small language for every setting, Keras's arguments and ours alike.

The grammar is in `kerasdeep.catalog.grammar`.

A scalar takes the type that is declared where it stands: `1e-3` is a number, `no` is false where a boolean is due
and text where text is due, an int becomes a float where a float is due, a bool never becomes a number.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog.grammar import FAMILIES, Atom, describe_type, format_type, is_nullable, parse_type
from kerasdeep.errors import Problems, suggest
from kerasdeep.yaml_nodes import Mapping, Node, Scalar, Sequence

__all__ = ["FAMILIES", "INVALID", "Atom", "Duration", "describe_node", "describe_type", "format_type", "is_nullable"]
__all__ += ["parse_type", "read_value", "to_python"]

INVALID = object()
"""What `read_value` returns after it has reported a problem; None is a value."""

_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MAX_DIGITS = 30
_MAX_INT = 2**63
"""No count, size or seed is larger; arrays and Keras could not hold it."""
_INTEGER = re.compile(r"[-+]?(\d[\d_]*|0x[0-9a-fA-F]+|0o[0-7]+)")
_BOOLEANS = {word: value for value, words in ((True, "true yes on"), (False, "false no off")) for word in words.split()}
_DURATION = re.compile(r"([-+]?[\d_.]+(?:[eE][-+]?\d+)?)\s*(epochs?|steps?|minutes?|%)?")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of training as written; `steps` turns it into optimizer steps, in one place."""

    amount: float
    unit: str

    def steps(self, steps_per_epoch: float, total_steps: int) -> int:
        """Whole optimizer steps; `%` is of the stage's planned steps. Raises `ValueError` for minutes."""
        steps_per_unit = {"steps": 1.0, "epochs": float(steps_per_epoch), "%": total_steps / 100}
        if self.unit not in steps_per_unit:
            raise ValueError(f"{self} is a time, not a number of steps")
        return max(1, round(self.amount * steps_per_unit[self.unit]))

    def __str__(self) -> str:
        amount = f"{self.amount:g}" if self.amount < 1e6 else f"{self.amount:.0f}"
        if self.unit == "%":
            return f"{amount}%"
        return f"{amount} {self.unit[:-1] if self.amount == 1 else self.unit}"


def read_value(
    expression: str,
    node: Node,
    problems: Problems,
    key_path: str,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """The value of `node` as `expression` declares it, or INVALID after a problem was reported.

    `key_path` names the setting in messages (`optimizer.Nadam.learning_rate`); the bounds are inclusive and hold for
    every number inside.
    """
    value = _read_one_of(parse_type(expression), node, problems, key_path)
    if value is not INVALID and not _is_within(value, minimum, maximum):
        bounds = [f"at least {minimum:g}"] if minimum is not None else []
        bounds += [f"at most {maximum:g}"] if maximum is not None else []
        message = f"`{key_path}` is {describe_node(node)}. Expected a number of {' and '.join(bounds)}."
        problems.error("out-of-range", message, node.location)
        return INVALID
    return value


def _is_within(value: Any, minimum: float | None, maximum: float | None) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_within(item, minimum, maximum) for item in value)
    if isinstance(value, Duration):
        value = value.amount
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _read_one_of(atoms: tuple[Atom, ...], node: Node, problems: Problems, key_path: str) -> Any:
    if len(atoms) == 1:
        return _read_atom(atoms[0], node, problems, key_path)
    if isinstance(node, Scalar) and node.is_null and any(atom.kind == "null" for atom in atoms):
        return None
    fitting = [atom for atom in atoms if _shape_fits(atom, node)]
    attempts = []
    for atom in fitting:
        attempt = Problems()
        value = _read_atom(atom, node, attempt, key_path)
        if value is not INVALID:
            problems.items.extend(attempt.items)
            return value
        attempts.append((atom, attempt))
    attempts = [(atom, attempt) for atom, attempt in attempts if atom.kind != "null"]
    if len(attempts) == 1 and (attempts[0][0].kind in FAMILIES or not isinstance(node, Scalar)):
        problems.items.extend(attempts[0][1].items)
        return INVALID
    from kerasdeep.catalog import suggestable_names

    words = [atom.word for atom in atoms if atom.kind == "choice"]
    words += [name for atom in atoms if atom.kind in FAMILIES for name in suggestable_names(atom.kind)]
    suggestion = suggest(node.text, words) if isinstance(node, Scalar) else None
    message = f"`{key_path}` is {describe_node(node)}. Expected {describe_type(atoms)}."
    problems.error("wrong-type", message, node.location, suggestion)
    return INVALID


def _shape_fits(atom: Atom, node: Node) -> bool:
    """Whether the shape of the node (scalar, list, mapping) can be this alternative at all."""
    if atom.kind == "any":
        return True
    if isinstance(node, Sequence):
        return atom.kind == "list"
    if isinstance(node, Mapping):
        return atom.kind == "map" or atom.kind in FAMILIES
    return atom.kind not in ("list", "map")


def _read_atom(atom: Atom, node: Node, problems: Problems, key_path: str) -> Any:
    if atom.kind in FAMILIES:
        from kerasdeep.catalog import read_choice

        choice = read_choice(atom.kind, node, problems, key_path)
        return INVALID if choice is None else choice
    if atom.kind == "any":
        return to_python(node)
    if atom.kind == "list" and isinstance(node, Sequence):
        return _read_list(atom, node, problems, key_path)
    if atom.kind == "map" and isinstance(node, Mapping):
        items = {key: (pair.value, f"{key_path}.{key}") for key, pair in node.pairs.items()}
        values = {key: _read_one_of(atom.of, item, problems, path) for key, (item, path) in items.items()}
        return INVALID if any(value is INVALID for value in values.values()) else values
    if isinstance(node, Scalar):
        reader = _SCALAR_READERS.get(atom.kind)
        value = reader(atom, node) if reader else INVALID
        if value is not INVALID:
            return value
    suggestion = suggest(node.text, [atom.word]) if atom.kind == "choice" and isinstance(node, Scalar) else None
    hint = ""
    if isinstance(node, Scalar) and node.quoted and atom.kind in ("int", "float", "bool"):
        hint = " Remove the quotes."
    message = f"`{key_path}` is {describe_node(node)}. Expected {describe_type((atom,))}.{hint}"
    problems.error("wrong-type", message, node.location, suggestion)
    return INVALID


def _read_list(atom: Atom, node: Sequence, problems: Problems, key_path: str) -> Any:
    if atom.length is not None and len(node.items) != atom.length:
        message = f"`{key_path}` has {len(node.items)} items. Expected {describe_type((atom,))}."
        problems.error("wrong-length", message, node.location)
        return INVALID
    values = []
    for i, item in enumerate(node.items):
        values.append(INVALID if problems.is_full else _read_one_of(atom.of, item, problems, f"{key_path}[{i}]"))
    return INVALID if any(value is INVALID for value in values) else values


def _read_int(atom: Atom, node: Scalar) -> Any:
    if node.quoted:
        return INVALID
    text = node.text.replace("_", "")
    if len(text) <= _MAX_DIGITS and _INTEGER.fullmatch(node.text):
        number = int(text, 0) if "x" in text or "o" in text else int(text)
    else:
        number = _read_float(atom, node)
        if number is INVALID or not number.is_integer() or "." in text:
            return INVALID
    return int(number) if abs(number) < _MAX_INT else INVALID


def _read_float(atom: Atom, node: Scalar) -> Any:
    if node.quoted or not _NUMBER.fullmatch(node.text):
        return INVALID
    number = float(node.text.replace("_", ""))
    return number if math.isfinite(number) else INVALID


def _read_duration(atom: Atom, node: Scalar) -> Any:
    match = _DURATION.fullmatch(node.text)
    if not match or _read_float(atom, Scalar(match[1], False, node.location)) is INVALID:
        return INVALID
    amount = float(match[1].replace("_", ""))
    unit = match[2] or "steps"
    unit = unit if unit == "%" or unit.endswith("s") else unit + "s"
    return Duration(amount, unit) if amount >= 0 and (unit != "%" or amount <= 100) else INVALID


_SCALAR_READERS: dict[str, Callable[[Atom, Scalar], Any]] = {
    "int": _read_int,
    "float": _read_float,
    "bool": lambda atom, node: INVALID if node.quoted else _BOOLEANS.get(node.text.lower(), INVALID),
    "str": lambda atom, node: INVALID if node.is_null else node.text,
    "null": lambda atom, node: None if node.is_null else INVALID,
    "choice": lambda atom, node: atom.word if node.text == atom.word else INVALID,
    "duration": _read_duration,
}


def to_python(node: Node) -> Any:
    """The node as ordinary Python data, scalars by YAML 1.2's core rules."""
    if isinstance(node, Mapping):
        return {key: to_python(pair.value) for key, pair in node.pairs.items()}
    if isinstance(node, Sequence):
        return [to_python(item) for item in node.items]
    if node.is_null:
        return None
    if not node.quoted and node.text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return node.text.lower() == "true"
    for reader in (_read_int, _read_float):
        value = reader(Atom("any"), node)
        if value is not INVALID:
            return value
    return node.text


def describe_node(node: Node) -> str:
    """The node as a message shows it: short, as written."""
    if isinstance(node, Mapping):
        return "a mapping (" + ", ".join(list(node.pairs)[:3]) + (", …" if len(node.pairs) > 3 else "") + ")"
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}"
    if node.is_null:
        return "null"
    text = node.text if len(node.text) <= 60 else node.text[:57] + "…"
    return f'"{text}"' if node.quoted else text
