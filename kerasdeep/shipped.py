"""Where the shipped recipes and configs lie: inside the installed package, or beside it in a clone."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
SHELVES = ("configs", "recipes")


def shelf(name: str) -> Path:
    """The folder of `configs` or `recipes`."""
    installed = _PACKAGE / "collection" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def all_files() -> dict[str, Path]:
    """Every shipped file by its name without `.yaml`, configs first."""
    found: dict[str, Path] = {}
    for name in SHELVES:
        for path in sorted(shelf(name).rglob("*.yaml")):
            found.setdefault(path.stem, path)
    return found
