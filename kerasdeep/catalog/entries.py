"""What the catalogue holds: entries, their arguments, and choices made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerasdeep.errors import SourceLocation


class _Required:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an entry; `type` is an expression of `kerasdeep.catalog.types`, bounds are inclusive.

    `refused` says why it cannot be used, `hint` what to do instead of a value of another type.
    """

    name: str
    type: str
    default: Any = REQUIRED
    doc: str = ""
    minimum: float | None = None
    maximum: float | None = None
    refused: str | None = None
    hint: str | None = None

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Entry:
    """One name that can be written.

    `name` is what Keras exports (`Dense`; for activations the function, `relu`). `shorthand` is the argument that
    `Name: value` stands for. `refused` says why the name cannot be used. `is_custom` marks kerasdeep's additions.
    `layer` names the layer that an activation stands for (`prelu`). `exclusive` are groups of arguments of which
    one may be given. `warning` is a warning's name and message that every use raises.
    """

    family: str
    name: str
    arguments: dict[str, Argument]
    doc: str = ""
    aliases: tuple[str, ...] = ()
    shorthand: str | None = None
    refused: str | None = None
    is_custom: bool = False
    layer: str | None = None
    exclusive: tuple[tuple[str, ...], ...] = ()
    warning: tuple[str, str] | None = None
    formula: str | None = None
    paper: str | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments that must be written."""
        return tuple(name for name, argument in self.arguments.items() if argument.required)


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry as chosen in a file: only the arguments that were written, nested choices among them.

    Two choices are equal when name and arguments are; where they were written does not count.
    """

    family: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    location: SourceLocation | None = field(default=None, compare=False)

    @property
    def entry(self) -> Entry:
        from kerasdeep.catalog import entries

        return entries(self.family)[self.name]

    def value(self, name: str) -> Any:
        """The written value of an argument, else the catalogue's default (a choice where the type is a family).

        Raises `KeyError` for an argument that the entry does not have, or that is required and was not written.
        """
        if name in self.arguments:
            return self.arguments[name]
        from kerasdeep.catalog import default_value

        return default_value(self.entry, name)

    def replace(self, **arguments: Any) -> Choice:
        """The same choice with these arguments written as well."""
        return Choice(self.family, self.name, {**self.arguments, **arguments}, self.location)

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.name}({inside})" if inside else self.name
