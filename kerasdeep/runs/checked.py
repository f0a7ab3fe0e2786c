"""Values from files, checked against the dataclasses that say what they should be.

What lies in a run directory may come from another version, be damaged, or be made by someone else. `parse` turns JSON
values into dataclasses, or raises an InputError that names the file, the value and what was expected. Keys that a
dataclass does not have are ignored, so that files of newer versions can be read.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import EllipsisType, NoneType, UnionType
from typing import Annotated, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.runs.files import load_json

MAX_INTEGER = 2**63
MAX_NUMBER = 1e300
T = TypeVar("T")
Real = Annotated[float, "need not be finite"]
"""A number that need not be finite, such as the best loss before there was one."""


def json_key(name: str) -> dict[str, str]:
    """Field metadata: the key in the file, where a field cannot have that name."""
    return {"key": name}


RAW = {"raw": True}
"""Field metadata: the whole mapping as the file has it."""


def read(kind: type[T], path: Path, *, finite: bool = True) -> T:
    """The value of a JSON file as `kind`. Raises InputError where it is not; without `finite`, NaN can be read."""
    try:
        value = load_json(path, finite=finite)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise broken(path, f"it cannot be read ({reason})") from error
    return parse(kind, value, path)


def parse(kind: type[T], value: object, path: Path) -> T:
    """`value` as `kind`; `path` is named in the InputError that is raised where it is not."""
    try:
        return cast(T, _reader(kind)(value))  # type: ignore[arg-type]  # a type is hashable
    except _Mismatch as mismatch:
        raise broken(path, str(mismatch)) from None


def broken(path: Path, what: str) -> InputError:
    """The error of a file that is not what it should be."""
    message = f"{what}. The file is damaged, or another program wrote it: restore it, or delete it to go on without."
    return InputError(message, "broken-file", SourceLocation(str(path)))


# For each annotation a reader, which returns the value in its type


class _Mismatch(Exception):
    """`keys` lead to the value, the innermost first."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.keys: list[str] = []

    def __str__(self) -> str:
        path = "".join(reversed(self.keys)).removeprefix(".")
        return f"`{path}` {self.args[0]}" if path else f"it {self.args[0]}"


_Reader = Callable[[object], object]
_SCALARS: dict[object, tuple[str, Callable[[object], bool]]] = {
    str: ("text", lambda value: isinstance(value, str)),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: type(value) is int and -MAX_INTEGER < value < MAX_INTEGER),
    Real: ("a number", lambda value: isinstance(value, int | float) and type(value) is not bool),
    float: (
        "a number",
        lambda value: isinstance(value, int | float) and type(value) is not bool and -MAX_NUMBER < value < MAX_NUMBER,
    ),
    NoneType: ("null", lambda value: value is None),
    object: ("anything", lambda value: True),
}


@cache
def _reader(expected: object) -> _Reader:
    origin, arguments = get_origin(expected), get_args(expected)
    if isinstance(expected, type) and is_dataclass(expected):
        return _dataclass_reader(expected)
    if origin is dict:
        return partial(_read_dict, _reader(arguments[1]))
    if origin is list:
        return partial(_read_list, _reader(arguments[0]), None)
    if origin is tuple:  # all of one type
        length = None if isinstance(arguments[-1], EllipsisType) else len(arguments)
        return partial(_read_tuple, partial(_read_list, _reader(arguments[0]), length))
    choices = arguments if origin in (Union, UnionType) else (expected,)
    if isinstance(expected, type) and expected not in _SCALARS:  # an array, which was put in the place of its name
        return partial(_read_choice, expected.__name__, (lambda value: isinstance(value, expected),), None)
    names, checks = zip(*(_SCALARS[choice] for choice in choices if choice in _SCALARS), strict=True)
    structures = [_reader(choice) for choice in choices if choice not in _SCALARS]
    return partial(_read_choice, " or ".join(names), checks, structures[0] if structures else None)


def _read_choice(
    names: str, checks: Sequence[Callable[[object], bool]], structure: _Reader | None, value: object
) -> object:
    for check in checks:
        if check(value):
            return value
    if structure is None:
        raise _Mismatch(f"should be {names}, not {_describe(value)}")
    return structure(value)


def _read_dict(read_item: _Reader, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Mismatch(f"should be a mapping, not {_describe(value)}")
    return {key: _read_at(f".{key}", read_item, item) for key, item in value.items()}


def _read_list(read_item: _Reader, length: int | None, value: object) -> Sequence[object]:
    if not isinstance(value, list) or length not in (None, len(value)):
        expected = "a list" if length is None else f"a list of {length}"
        raise _Mismatch(f"should be {expected}, not {_describe(value)}")
    items = []
    try:
        for item in value:
            items.append(read_item(item))
    except _Mismatch as mismatch:
        mismatch.keys.append(f"[{len(items)}]")
        raise
    return items


def _read_tuple(read_items: _Reader, value: object) -> tuple[object, ...]:
    return tuple(cast("Sequence[object]", read_items(value)))


def _dataclass_reader(kind: type) -> _Reader:
    hints = get_type_hints(kind, include_extras=True)
    entries = [(item, item.metadata.get("key", item.name), _reader(hints[item.name])) for item in fields(kind)]

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise _Mismatch(f"should be a mapping, not {_describe(value)}")
        arguments: dict[str, object] = {}
        for item, key, read_item in entries:
            if "raw" in item.metadata:
                arguments[item.name] = value
            elif key in value:
                arguments[item.name] = _read_at(f".{key}", read_item, value[key])
            elif item.default is MISSING and item.default_factory is MISSING:
                raise _Mismatch(f"has no `{key}`")
        try:
            return kind(**arguments)
        except ValueError as error:
            raise _Mismatch(str(error)) from None

    return read


def _read_at(key: str, read: _Reader, value: object) -> object:
    try:
        return read(value)
    except _Mismatch as mismatch:
        mismatch.keys.append(key)
        raise


def _describe(value: object) -> str:
    """A value in an error: a short one as it is, a long one by its kind."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = (
        json.dumps(value, ensure_ascii=False) if isinstance(value, str | int | float | None) else type(value).__name__
    )
    return text if len(text) <= 40 else f"{text[:40]}…"
