"""What a source is by its name, and what can be said of it without reading it: it is there, it has the columns.

Standard library only, like `csv_header.py`: `validate` checks paths and CSV headers with it, `load` infers formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kerasdeep.config.sections.data import (
    BUILT_IN_DATASETS,
    COMPRESSION_SUFFIXES,
    FORMAT_BY_SUFFIX,
    HUGGING_FACE,
    ROW_ROLES,
    DataConfig,
    format_of_name,
)
from kerasdeep.data import csv_header
from kerasdeep.errors import InputError, Problem, SourceLocation, suggest

MAX_NEIGHBOURS = 2000
"""More files than this in a folder are not searched for a name that was meant."""


def infer_format(name: str, location: SourceLocation | None) -> str:
    """The format of the source `name`. Raises InputError where it does not exist or its format is unknown."""
    if name in BUILT_IN_DATASETS:
        return "builtin"
    path, format = Path(name), format_of_name(name)
    if path_exists(name) and path.is_dir():
        return "npy" if any(path.glob("*.npy")) else "images"
    if not path_exists(name):
        message = f"{name} does not exist. Expected a file, a folder, or one of: {', '.join(BUILT_IN_DATASETS)}."
        raise InputError([Problem("error", "missing-file", message, location, suggest_source(name))])
    if format is None:
        message = f"{name} has an unknown format. Expected {', '.join(FORMAT_BY_SUFFIX)}, a folder of pictures or of "
        raise InputError(f"{message}.npy files, or set `format`.", "unknown-format", location)
    return format


def format_of(section: DataConfig) -> str:
    """The format of a source, stated or inferred. Raises InputError as `infer_format` does."""
    if section.picture_column:
        return "image_list"
    if section.format != "auto":
        return section.format
    return infer_format(str(section.source), section.location_or_key("source"))


def path_exists(name: str) -> bool:
    """Whether the path leads somewhere; one that no system would take does not, one on the Hub is not looked up."""
    try:
        return name.startswith(HUGGING_FACE) or Path(name).exists()
    except (OSError, ValueError):
        return False


def bare_name(name: str) -> str:
    """The last part of a path without the suffixes that say its format: `sales` of `data/sales.csv.gz`."""
    path = Path(name)
    return Path(path.stem).stem if path.suffix.lower() in COMPRESSION_SUFFIXES else path.stem


def suggest_source(name: str) -> str | None:
    """A built-in name or a file in the same folder that was probably meant."""
    path = Path(name)
    neighbours: list[str] = []
    with suppress(OSError, ValueError):
        neighbours = [entry.name for entry in islice(path.parent.iterdir(), MAX_NEIGHBOURS)]
    neighbour = suggest(path.name, neighbours)
    return str(path.parent / neighbour) if neighbour else suggest(path.name, BUILT_IN_DATASETS)


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """A column that `key` (target, features, drop or columns) names and the table does not have."""

    key: str
    message: str
    suggestion: str | None


def missing_columns(section: DataConfig, columns: Iterable[str]) -> Iterator[MissingColumn]:
    """Every column that `section` names and that is not among `columns`."""
    columns = list(columns)
    for key in ("target", "features", "drop", "columns", *ROW_ROLES):
        names = getattr(section, key) or ()
        for name in [names] if isinstance(names, str) else names:
            if name not in columns:
                message = f"There is no column '{name}'. The table has: {', '.join(columns)}."
                yield MissingColumn(key, message, suggest(name, columns))


def check_sources(section: DataConfig) -> list[Problem]:
    """What is wrong with the paths that `section` names and with the columns of its CSV files."""
    path_problems: list[Problem] = []
    for path, location, names_columns in _stated_paths(section):
        try:
            format = section.format
            if not names_columns or format == "auto":
                format = infer_format(path, location)
            elif format != "builtin" and not path_exists(path):
                message = f"{path} does not exist."
                raise InputError([Problem("error", "missing-file", message, location, suggest_source(path))])
            if format == "csv" and not path.startswith(HUGGING_FACE):
                options = section.separator, section.encoding, section.header
                known = section.target or ()
                columns = csv_header.read(Path(path), location, *options, known=known, whole=False).columns
                path_problems += _column_problems(section, columns, None if names_columns else location)
        except InputError as error:
            path_problems += error.problems
    return path_problems


def _stated_paths(section: DataConfig) -> Iterator[tuple[str, SourceLocation | None, bool]]:
    """The source and the parts of their own: path, where it is written, and whether it is the source."""
    yield section.source, section.location("source"), True
    for key in ("validation", "test"):
        split_config = getattr(section, key)
        if split_config is not None and split_config.path:
            yield split_config.path, split_config.location("path") or section.location(key), False


def _column_problems(section: DataConfig, columns: list[str], mark: SourceLocation | None) -> Iterator[Problem]:
    """Missing columns at the key that names them; in a part of its own at `mark`, and only targets are needed."""
    for missing in missing_columns(section, columns):
        if mark is None or missing.key == "target":
            location = mark or section.location(missing.key)
            yield Problem("error", "missing-column", missing.message, location, missing.suggestion)
