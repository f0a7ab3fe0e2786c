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
    *("layer", "initializer", "activation", "regularizer", "constraint", "optimizer", "schedule", "loss", "metric"),
)
_KIND_DESCRIPTIONS = {
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
    """One alternative: `kind` is an atom word, `choice` (a quoted word) or a family; `of` are the element types."""

    kind: str
    word: str = ""
    of: tuple[Atom, ...] = ()
    length: int | None = None


@cache
def parse_type(expression: str) -> tuple[Atom, ...]:
    """The parsed expression. Raises `ValueError` for a type that the grammar does not have."""
    atoms, rest = _parse_alternatives(expression)
    if rest:
        raise ValueError(f"unexpected {rest!r} in the type {expression!r}")
    return atoms


def _parse_alternatives(text: str) -> tuple[tuple[Atom, ...], str]:
    atoms = []
    while True:
        atom, text = _parse_atom(text.lstrip())
        atoms.append(atom)
        text = text.lstrip()
        if not text.startswith("|"):
            return tuple(atoms), text
        text = text[1:]


def _parse_atom(text: str) -> tuple[Atom, str]:
    if text.startswith("'"):
        word, end, rest = text[1:].partition("'")
        if not end:
            raise ValueError(f"expected a closing quote in {text!r}")
        return Atom("choice", word), rest
    match = re.match(r"[a-z]+", text)
    kind = match[0] if match else ""
    rest = text[len(kind) :]
    if kind in ("list", "map") and rest.startswith("["):
        element_types, rest = _parse_alternatives(rest[1:])
        length = None
        if rest.startswith(";"):
            digits = re.match(r"\d+", rest[1:])
            if not digits:
                raise ValueError(f"expected a length after ';' in {text!r}")
            length, rest = int(digits[0]), rest[1 + len(digits[0]) :]
        if not rest.startswith("]"):
            raise ValueError(f"expected ']' in {text!r}")
        return Atom(kind, of=element_types, length=length), rest[1:]
    if kind in FAMILIES or (kind in _KIND_DESCRIPTIONS and kind not in ("list", "map")):
        return Atom(kind), rest
    raise ValueError(f"no such type: {text!r}")


def is_nullable(expression: str) -> bool:
    """Whether null is a value of the type."""
    return any(atom.kind in ("null", "any") for atom in parse_type(expression))


def describe_type(atoms: tuple[Atom, ...]) -> str:
    """The alternatives in words: `a whole number, null or one of: same, valid`."""
    parts = [_describe_atom(atom) for atom in atoms if atom.kind not in ("choice", "null")]
    words = [atom.word for atom in atoms if atom.kind == "choice"]
    if words:
        parts.append(("one of: " if len(words) > 1 else "") + ", ".join(words))
    if any(atom.kind == "null" for atom in atoms):
        parts.append("null")
    parts = list(dict.fromkeys(parts))
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " or " + parts[-1]


def format_type(atoms: tuple[Atom, ...]) -> str:
    """The expression that parses to `atoms`."""
    return "|".join(_format_atom(atom) for atom in atoms)


def _format_atom(atom: Atom) -> str:
    if atom.kind == "choice":
        return f"'{atom.word}'"
    length = f";{atom.length}" if atom.length is not None else ""
    return f"{atom.kind}[{format_type(atom.of)}{length}]" if atom.of else atom.kind


def _describe_atom(atom: Atom) -> str:
    if atom.kind in FAMILIES:
        return f"{'an' if atom.kind[0] in 'aio' else 'a'} {atom.kind}"
    if atom.kind == "list":
        size = f"{atom.length} items" if atom.length is not None else "items"
        return f"a list of {size}, each {describe_type(atom.of)}"
    if atom.kind == "map":
        return f"a mapping of names to {describe_type(atom.of)}"
    return _KIND_DESCRIPTIONS[atom.kind]
