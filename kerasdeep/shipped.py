"""Where the shipped recipes and configs lie: inside the installed package, or beside it in a clone."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
SHELVES = ("configs", "recipes")
SCHEMA = _PACKAGE / "schema.json"
"""The JSON Schema of the language, for editors."""


def shelf(name: str) -> Path:
    """The folder of `configs` or `recipes`."""
    installed = _PACKAGE / "collection" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def files_on(name: str) -> dict[str, Path]:
    """The files of one shelf by their names without `.yaml`."""
    return {path.stem: path for path in sorted(shelf(name).rglob("*.yaml"))}


def all_files() -> dict[str, Path]:
    """Every shipped file by its name without `.yaml`, configs first."""
    found: dict[str, Path] = {}
    for name in SHELVES:
        found = found | {stem: path for stem, path in files_on(name).items() if stem not in found}
    return found
