"""Reading values by their declared type: one small language for every setting, Keras's arguments and ours alike.

The grammar stands in `kerasdeep.catalog.grammar`.

A scalar takes the type that is declared where it stands: `1e-3` is a number, `no` is false where a boolean is due
and text where text is due, an int becomes a float where a float is due, a bool never becomes a number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog.grammar import FAMILIES, Atom, alternatives, described, spell
from kerasdeep.errors import Report, closest
from kerasdeep.source import Mapping, Node, Scalar, Sequence

__all__ = [
    "FAMILIES",
    "INVALID",
    "Atom",
    "Duration",
    "alternatives",
    "described",
    "plain",
    "read",
    "spell",
    "spelled",
]

INVALID = object()
"""What `read` returns after it has reported a problem; None is a value."""

_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MOST_DIGITS = 30
_LARGEST_INT = 2**63
"""No count, size or seed is larger; arrays and Keras could not hold it."""
_WHOLE = re.compile(r"[-+]?(\d[\d_]*|0x[0-9a-fA-F]+|0o[0-7]+)")
_BOOLEANS = {
    word: value for value, words in ((True, "true yes on"), (False, "false no off")) for word in words.split()
}
_DURATION = re.compile(r"([-+]?[\d_.]+(?:[eE][-+]?\d+)?)\s*(epochs?|steps?|minutes?|%)?")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of training as written; `steps` turns it into optimizer steps, in one place."""

    amount: float
    unit: str

    def steps(self, steps_per_epoch: int, total_steps: int) -> int:
        """Whole optimizer steps; `%` is of the stage's planned steps. Raises `ValueError` for minutes."""
        per = {"steps": 1.0, "epochs": float(steps_per_epoch), "%": total_steps / 100}
        if self.unit not in per:
            raise ValueError(f"{self} is a time, not a number of steps")
        return max(1, round(self.amount * per[self.unit]))

    def __str__(self) -> str:
        amount = f"{self.amount:g}" if self.amount < 1e6 else f"{self.amount:.0f}"
        if self.unit == "%":
            return f"{amount}%"
        return f"{amount} {self.unit[:-1] if self.amount == 1 else self.unit}"


def read(
    expression: str,
    node: Node,
    report: Report,
    where: str,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """The value of `node` as `expression` declares it, or INVALID after a problem was reported.

    `where` names the setting in messages (`optimizer.Nadam.learning_rate`); the bounds are inclusive and hold for
    every number inside.
    """
    value = _read_one_of(alternatives(expression), node, report, where)
    if value is not INVALID and not _within(value, minimum, maximum):
        bounds = " and ".join(
            text
            for text, bound in (
                (f"at least {minimum:g}", minimum) if minimum is not None else ("", None),
                (f"at most {maximum:g}", maximum) if maximum is not None else ("", None),
            )
            if bound is not None
        )
        report.error("out-of-range", f"`{where}` is {spelled(node)}. Expected a number of {bounds}.", node.mark)
        return INVALID
    return value


def _within(value: Any, minimum: float | None, maximum: float | None) -> bool:
    if isinstance(value, list | tuple):
        return all(_within(item, minimum, maximum) for item in value)
    if isinstance(value, Duration):
        value = value.amount
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _read_one_of(atoms: tuple[Atom, ...], node: Node, report: Report, where: str) -> Any:
    if len(atoms) == 1:
        return _read_atom(atoms[0], node, report, where)
    if isinstance(node, Scalar) and node.is_null and any(atom.kind == "null" for atom in atoms):
        return None
    fitting = [atom for atom in atoms if _fits(atom, node)]
    attempts = []
    for atom in fitting:
        attempt = Report()
        value = _read_atom(atom, node, attempt, where)
        if value is not INVALID:
            report.problems.extend(attempt.problems)
            return value
        attempts.append((atom, attempt))
    attempts = [(atom, attempt) for atom, attempt in attempts if atom.kind != "null"]
    if len(attempts) == 1 and (attempts[0][0].kind in FAMILIES or not isinstance(node, Scalar)):
        report.problems.extend(attempts[0][1].problems)
        return INVALID
    words = [atom.word for atom in atoms if atom.kind == "choice"]
    for atom in atoms:
        if atom.kind in FAMILIES:
            words.extend(_family_words(atom.kind))
    suggestion = closest(node.text, words) if isinstance(node, Scalar) else None
    report.error(
        "wrong-type", f"`{where}` is {spelled(node)}. Expected {described(atoms)}.", node.mark, suggestion
    )
    return INVALID


def _family_words(family: str) -> list[str]:
    from kerasdeep.catalog import spellings

    return spellings(family)


def _fits(atom: Atom, node: Node) -> bool:
    """Whether the shape of the node (scalar, list, mapping) can be this alternative at all."""
    if atom.kind == "any":
        return True
    if isinstance(node, Sequence):
        return atom.kind == "list"
    if isinstance(node, Mapping):
        return atom.kind == "map" or atom.kind in FAMILIES
    return atom.kind not in ("list", "map")


def _read_atom(atom: Atom, node: Node, report: Report, where: str) -> Any:
    if atom.kind in FAMILIES:
        from kerasdeep.catalog import read_choice

        choice = read_choice(atom.kind, node, report, where)
        return INVALID if choice is None else choice
    if atom.kind == "any":
        return plain(node)
    if atom.kind == "list" and isinstance(node, Sequence):
        return _read_list(atom, node, report, where)
    if atom.kind == "map" and isinstance(node, Mapping):
        values = {
            key: _read_one_of(atom.of, pair.value, report, f"{where}.{key}") for key, pair in node.pairs.items()
        }
        return INVALID if any(value is INVALID for value in values.values()) else values
    if isinstance(node, Scalar):
        value = _SCALARS.get(atom.kind, lambda atom, node: INVALID)(atom, node)
        if value is not INVALID:
            return value
    suggestion = closest(node.text, [atom.word]) if atom.kind == "choice" and isinstance(node, Scalar) else None
    hint = ""
    if isinstance(node, Scalar) and node.quoted and atom.kind in ("int", "float", "bool"):
        hint = " Remove the quotes."
    report.error(
        "wrong-type",
        f"`{where}` is {spelled(node)}. Expected {described((atom,))}.{hint}",
        node.mark,
        suggestion,
    )
    return INVALID


def _read_list(atom: Atom, node: Sequence, report: Report, where: str) -> Any:
    if atom.length is not None and len(node.items) != atom.length:
        message = f"`{where}` has {len(node.items)} items. Expected {described((atom,))}."
        report.error("wrong-length", message, node.mark)
        return INVALID
    values = []
    for i, item in enumerate(node.items):
        values.append(INVALID if report.full else _read_one_of(atom.of, item, report, f"{where}[{i}]"))
    return INVALID if any(value is INVALID for value in values) else values


def _int(atom: Atom, node: Scalar) -> Any:
    if node.quoted:
        return INVALID
    text = node.text.replace("_", "")
    if len(text) <= _MOST_DIGITS and _WHOLE.fullmatch(node.text):
        number = int(text, 0) if "x" in text or "o" in text else int(text)
    else:
        number = _float(atom, node)
        if number is INVALID or not number.is_integer() or "." in text:
            return INVALID
    return int(number) if abs(number) < _LARGEST_INT else INVALID


def _float(atom: Atom, node: Scalar) -> Any:
    if node.quoted or not _NUMBER.fullmatch(node.text):
        return INVALID
    number = float(node.text.replace("_", ""))
    return number if math.isfinite(number) else INVALID


def _bool(atom: Atom, node: Scalar) -> Any:
    return INVALID if node.quoted else _BOOLEANS.get(node.text.lower(), INVALID)


def _str(atom: Atom, node: Scalar) -> Any:
    return INVALID if node.is_null else node.text


def _null(atom: Atom, node: Scalar) -> Any:
    return None if node.is_null else INVALID


def _choice(atom: Atom, node: Scalar) -> Any:
    return atom.word if node.text == atom.word else INVALID


def _duration(atom: Atom, node: Scalar) -> Any:
    match = _DURATION.fullmatch(node.text)
    if not match or _float(atom, Scalar(match[1], False, node.mark)) is INVALID:
        return INVALID
    amount = float(match[1].replace("_", ""))
    unit = match[2] or "steps"
    unit = unit if unit == "%" or unit.endswith("s") else unit + "s"
    return Duration(amount, unit) if amount >= 0 and (unit != "%" or amount <= 100) else INVALID


_SCALARS = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "str": _str,
    "null": _null,
    "choice": _choice,
    "duration": _duration,
}


def plain(node: Node) -> Any:
    """The node as ordinary Python data, scalars by YAML 1.2's core rules."""
    if isinstance(node, Mapping):
        return {key: plain(pair.value) for key, pair in node.pairs.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    if node.is_null:
        return None
    if not node.quoted and node.text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return node.text.lower() == "true"
    for reader in (_int, _float):
        value = reader(Atom("any"), node)
        if value is not INVALID:
            return value
    return node.text


def spelled(node: Node) -> str:
    """The node as a message shows it: short, as written."""
    if isinstance(node, Mapping):
        return "a mapping (" + ", ".join(list(node.pairs)[:3]) + (", …" if len(node.pairs) > 3 else "") + ")"
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}"
    if node.is_null:
        return "null"
    text = node.text if len(node.text) <= 60 else node.text[:57] + "…"
    return f'"{text}"' if node.quoted else text
