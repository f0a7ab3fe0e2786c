"""The grammar of types, as text, as data and in words.

expression := atom ("|" atom)*
atom       := int float bool str null any duration | 'word' | list[expression] | list[expression;N]
            | map[expression] | a family: layer initializer activation regularizer constraint optimizer
              schedule loss metric
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

FAMILIES = (
    "layer",
    "initializer",
    "activation",
    "regularizer",
    "constraint",
    "optimizer",
    "schedule",
    "loss",
    "metric",
)
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "null": "null",
    "any": "a value",
    "duration": "a duration such as `10 epochs`, `500 steps` or `30%`",
    "list": "a list",
    "map": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Atom:
    """One alternative: `kind` is an atom word, `choice` (a quoted word) or a family; `of` is the element type."""

    kind: str
    word: str = ""
    of: tuple[Atom, ...] = ()
    length: int | None = None


@cache
def alternatives(expression: str) -> tuple[Atom, ...]:
    """The parsed expression. Raises `ValueError` for a type that the grammar does not have."""
    atoms, rest = _alternatives(expression)
    if rest:
        raise ValueError(f"unexpected {rest!r} in the type {expression!r}")
    return atoms


def _alternatives(text: str) -> tuple[tuple[Atom, ...], str]:
    atoms = []
    while True:
        atom, text = _atom(text.lstrip())
        atoms.append(atom)
        text = text.lstrip()
        if not text.startswith("|"):
            return tuple(atoms), text
        text = text[1:]


def _atom(text: str) -> tuple[Atom, str]:
    if text.startswith("'"):
        word, end, rest = text[1:].partition("'")
        if not end:
            raise ValueError(f"expected a closing quote in {text!r}")
        return Atom("choice", word), rest
    match = re.match(r"[a-z]+", text)
    kind = match[0] if match else ""
    rest = text[len(kind) :]
    if kind in ("list", "map") and rest.startswith("["):
        of, rest = _alternatives(rest[1:])
        length = None
        if rest.startswith(";"):
            digits = re.match(r"\d+", rest[1:])
            if not digits:
                raise ValueError(f"expected a length after ';' in {text!r}")
            length, rest = int(digits[0]), rest[1 + len(digits[0]) :]
        if not rest.startswith("]"):
            raise ValueError(f"expected ']' in {text!r}")
        return Atom(kind, of=of, length=length), rest[1:]
    if kind in FAMILIES or (kind in _KINDS and kind not in ("list", "map")):
        return Atom(kind), rest
    raise ValueError(f"no such type: {text!r}")


def described(atoms: tuple[Atom, ...]) -> str:
    """The alternatives in words: `a whole number, null or one of: same, valid`."""
    parts = [_described(atom) for atom in atoms if atom.kind not in ("choice", "null")]
    words = [atom.word for atom in atoms if atom.kind == "choice"]
    if words:
        parts.append(("one of: " if len(words) > 1 else "") + ", ".join(words))
    if any(atom.kind == "null" for atom in atoms):
        parts.append("null")
    parts = list(dict.fromkeys(parts))
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]


def spell(atoms: tuple[Atom, ...]) -> str:
    """The expression that parses to `atoms`."""
    return "|".join(_spell(atom) for atom in atoms)


def _spell(atom: Atom) -> str:
    if atom.kind == "choice":
        return f"'{atom.word}'"
    length = f";{atom.length}" if atom.length is not None else ""
    return f"{atom.kind}[{spell(atom.of)}{length}]" if atom.of else atom.kind


def _described(atom: Atom) -> str:
    if atom.kind in FAMILIES:
        return f"{'an' if atom.kind[0] in 'aio' else 'a'} {atom.kind}"
    if atom.kind == "list":
        size = f"{atom.length} items" if atom.length is not None else "items"
        return f"a list of {size}, each {described(atom.of)}"
    if atom.kind == "map":
        return f"a mapping of names to {described(atom.of)}"
    return _KINDS[atom.kind]
