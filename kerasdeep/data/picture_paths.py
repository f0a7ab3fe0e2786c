"""Columns of a table that are paths of pictures: found, and read relative to the table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdeep.config.sections.data import IMAGE_SUFFIXES, DataConfig
from kerasdeep.data import sources
from kerasdeep.data.download import file_sha256

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 50
MIN_PICTURE_SHARE = 0.9


def picture_columns(folder: Path, frame: pd.DataFrame, section: DataConfig) -> list[str]:
    """Those that are stated, and those that are found among columns of which nothing is said."""
    found = find_picture_columns(folder, frame)
    said = {*(section.target or ()), *section.drop, section.group, section.time, section.weight}
    learned = [name for name in map(str, frame.columns) if not section.features or name in section.features]
    kinds = {name: section.stated_kind(name) for name in learned if name not in said}
    return [name for name, kind in kinds.items() if kind == "picture" or (kind == "auto" and name in found)]


def find_picture_columns(folder: Path, frame: pd.DataFrame) -> list[str]:
    """The columns whose first values are paths of pictures, some of which are there."""
    return [str(name) for name in frame.columns if _names_pictures(folder, frame[name])]


def find_picture_column(path: Path, frame: pd.DataFrame) -> str | None:
    """The first of them in the table at `path`."""
    return next(iter(find_picture_columns(path.parent, frame)), None)


def _names_pictures(folder: Path, column: pd.Series) -> bool:
    if column.dtype.kind in "biufcmM":
        return False
    values = column.dropna().head(SAMPLE_ROWS)
    files = [folder / value for value in values if isinstance(value, str) and _names_image(value)]
    return len(files) > MIN_PICTURE_SHARE * len(values) and any(sources.path_exists(str(file)) for file in files)


def _names_image(value: str) -> bool:
    return Path(value.strip()).suffix.lower() in IMAGE_SUFFIXES


def below_folder(frame: pd.DataFrame, folder: Path, columns: Iterable[str]) -> pd.DataFrame:
    """The table with the paths in `columns` as the system takes them: those that are relative belong to `folder`."""
    paths = {name: frame[name].map(lambda value: _below(folder, value)).astype(object) for name in columns}
    if paths:
        frame = frame.copy(deep=False)
    for name, values in paths.items():
        frame[name] = values
    return frame


def _below(folder: Path, value: object) -> str | None:
    return str(folder / value.strip()) if isinstance(value, str) and value.strip() else None


def hash_with_pictures(digest: str, frame: pd.DataFrame, columns: Iterable[str]) -> str:
    """Of the table, whose hash is `digest`, and the pictures that are there; the table's own without such columns."""
    from kerasdeep.data.images import thread_pool

    files = sorted({path for name in columns for path in frame[name].dropna()})
    if not files:
        return digest
    with thread_pool() as pool:
        digests = pool.map(lambda path: file_sha256(Path(path)) if Path(path).is_file() else "", files)
        return hashlib.sha256("\n".join([digest, *digests]).encode()).hexdigest()
