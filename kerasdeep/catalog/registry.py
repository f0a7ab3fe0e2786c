"""The catalogue's data file as entries, built when they are asked for."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kerasdeep.catalog.entries import Argument, Choice, Entry
from kerasdeep.catalog.types import FAMILIES, parse_type
from kerasdeep.errors import fold_name

CATALOG_FILE = Path(__file__).with_name("catalog.json")


def families() -> tuple[str, ...]:
    return FAMILIES


class FamilyEntries(Mapping[str, Entry]):
    """The entries of a family by canonical name; each is built on first use."""

    def __init__(self, family: str, records: dict[str, dict[str, Any]]) -> None:
        self.family, self.records = family, records
        self._built: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        if name not in self._built:
            self._built[name] = _build_entry(self.family, name, self.records[name])
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, name: object) -> bool:
        return name in self.records


@cache
def _catalog_data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(CATALOG_FILE.read_text(encoding="utf-8"))
    return data


def keras_version() -> str:
    """The Keras that the catalogue was generated from."""
    return str(_catalog_data()["keras"])


@cache
def entries(family: str) -> FamilyEntries:
    """The entries of a family, refused ones included. Raises `KeyError` for an unknown family."""
    return FamilyEntries(family, _catalog_data()["families"][family])


@cache
def _names_by_spelling(family: str) -> dict[str, str]:
    names: dict[str, str] = {}
    records = entries(family).records
    for name, record in sorted(records.items(), key=lambda item: "warning" in item[1]):
        for spelling in (name, *record.get("aliases", ())):
            names.setdefault(fold_name(spelling), name)
    return names


def find_entry(family: str, spelling: str) -> Entry | None:
    """The entry that a spelling names: an exact name first (`Accuracy` is not `accuracy`), then any spelling."""
    known = entries(family)
    if spelling in known:
        return known[spelling]
    name = _names_by_spelling(family).get(fold_name(spelling))
    return known[name] if name else None


@cache
def suggestable_names(family: str) -> tuple[str, ...]:
    """Every name and alias that is worth suggesting: neither refused nor warned of."""
    words = []
    for name, record in entries(family).records.items():
        if not record.keys() & {"refused", "warning"}:
            words += [name, *record.get("aliases", ())]
    return tuple(words)


def default_value(entry: Entry, name: str) -> Any:
    """The default of an argument; a choice where the default names an entry of the argument's family."""
    argument = entry.arguments[name]
    if argument.required:
        raise KeyError(f"{entry.name} needs {name}")
    if isinstance(argument.default, str):
        for atom in parse_type(argument.type):
            default_entry = find_entry(atom.kind, argument.default) if atom.kind in FAMILIES else None
            if default_entry:
                return Choice(atom.kind, default_entry.name)
    return argument.default


def _build_entry(family: str, name: str, record: dict[str, Any]) -> Entry:
    common = _catalog_data()["common"]
    known = {argument: values or common[argument] for argument, values in record["arguments"].items()}
    arguments = {argument: Argument(argument, **values) for argument, values in known.items()}
    values = {key: value for key, value in record.items() if key not in ("arguments", "own")}
    values |= {key: tuple(record[key]) for key in ("aliases", "warning") if key in record}
    exclusive = tuple(tuple(group) for group in record.get("exclusive", ()))
    is_custom = record.get("own", False)
    return Entry(family, name, **values | {"arguments": arguments, "exclusive": exclusive, "is_custom": is_custom})
