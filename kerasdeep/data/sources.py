"""What a source is by its name, and what can be said of it without reading it: it is there, it has the columns.

Standard library only, like `header.py`: `validate` checks paths and CSV headers with it, `load` infers formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kerasdeep.data import header
from kerasdeep.errors import InputError, Mark, Problem, closest
from kerasdeep.spec.data import BUILT_IN, Data

SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".npz": "npz"}
MOST_NEIGHBOURS = 2000
"""More files than this in a folder are not searched for a name that was meant."""


def infer_format(name: str, mark: Mark | None) -> str:
    """What kind of source `name` is. Raises InputError where there is no such thing or its kind cannot be told."""
    if name in BUILT_IN:
        return "builtin"
    path = Path(name)
    if is_there(path) and path.is_dir():
        return "npy" if any(path.glob("*.npy")) else "images"
    if not is_there(path):
        message = f"{name} does not exist. Expected a file, a folder, or one of: {', '.join(BUILT_IN)}."
        raise InputError([Problem("error", "missing-file", message, mark, alike(name))])
    if path.suffix.lower() not in SUFFIXES:
        kinds = ", ".join(SUFFIXES)
        message = f"{name} is of no known kind. Expected {kinds}, a folder of pictures or of .npy files, or a "
        message += "stated `format`."
        raise InputError(message, "unknown-format", mark)
    return SUFFIXES[path.suffix.lower()]


def is_there(path: Path) -> bool:
    """Whether the path leads somewhere; one that no system would take does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def alike(name: str) -> str | None:
    """A built-in name or a file in the same folder that was probably meant."""
    path = Path(name)
    neighbours: list[str] = []
    with suppress(OSError, ValueError):
        neighbours = [entry.name for entry in islice(path.parent.iterdir(), MOST_NEIGHBOURS)]
    neighbour = closest(path.name, neighbours)
    return str(path.parent / neighbour) if neighbour else closest(path.name, BUILT_IN)


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """A column that `key` (target, features or drop) names and the table does not have."""

    key: str
    message: str
    suggestion: str | None


def missing_columns(section: Data, columns: Iterable[str]) -> Iterator[MissingColumn]:
    """Every column that `section` names and that is not among `columns`."""
    columns = list(columns)
    for key in ("target", "features", "drop"):
        for name in getattr(section, key) or ():
            if name not in columns:
                message = f"There is no column '{name}'. The table has: {', '.join(columns)}."
                yield MissingColumn(key, message, closest(name, columns))


def problems(section: Data) -> list[Problem]:
    """What is wrong with the paths that `section` names and with the columns of its CSV files."""
    found: list[Problem] = []
    for path, mark, names_columns in _paths(section):
        try:
            format = section.format
            if not names_columns or format == "auto":
                format = infer_format(path, mark)
            elif format != "builtin" and not is_there(Path(path)):
                message = f"{path} does not exist."
                raise InputError([Problem("error", "missing-file", message, mark, alike(path))])
            if format == "csv":
                columns = header.read(Path(path), mark, section.separator, section.encoding, whole=False).columns
                found += _columns(section, columns, None if names_columns else mark)
        except InputError as error:
            found += error.problems
    return found


def _paths(section: Data) -> Iterator[tuple[str, Mark | None, bool]]:
    """The source and the parts of their own: path, where it is written, and whether it is the source."""
    yield section.source, section.mark("source"), True
    for key in ("validation", "test"):
        split = getattr(section, key)
        if split is not None and split.path:
            yield split.path, split.mark("path") or section.mark(key), False


def _columns(section: Data, columns: list[str], mark: Mark | None) -> Iterator[Problem]:
    """Missing columns at the key that names them; in a part of its own at `mark`, and only targets are needed."""
    for missing in missing_columns(section, columns):
        if mark is None or missing.key == "target":
            place = mark or section.mark(missing.key)
            yield Problem("error", "missing-column", missing.message, place, missing.suggestion)
