"""Where the shipped recipes and configs lie: inside the installed package, or beside it in a clone."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
COLLECTION_FOLDERS = ("configs", "recipes")
SCHEMA_FILE = _PACKAGE / "schema.json"
"""The JSON Schema of the language, for editors."""


def collection_folder(name: str) -> Path:
    """The folder of `configs` or `recipes`."""
    installed = _PACKAGE / "collection" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def files_in_folder(name: str) -> dict[str, Path]:
    """The files of one shelf by their names without `.yaml`."""
    return {path.stem: path for path in sorted(collection_folder(name).rglob("*.yaml"))}


def collection_files() -> dict[str, Path]:
    """Every shipped file by its name without `.yaml`, configs first."""
    files: dict[str, Path] = {}
    for name in COLLECTION_FOLDERS:
        files = files | {stem: path for stem, path in files_in_folder(name).items() if stem not in files}
    return files
