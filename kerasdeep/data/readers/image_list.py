"""A table of picture files and what is known of them: `photo,label`, with paths relative to the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.config.sections.data import FORMATS, ColumnConfig, DataConfig
from kerasdeep.data import sources
from kerasdeep.data.picture_paths import find_picture_column
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.readers import images
from kerasdeep.data.table import ReadOptions, TableFile, open_nonempty, separate_targets, targets_of
from kerasdeep.data.types import INPUT, RawSplit, Source
from kerasdeep.errors import InputError, Problems, SourceLocation

if TYPE_CHECKING:
    import pandas as pd


def read(
    section: DataConfig, problems: Problems, say: Callable[[str], None] | None = None, matched: Source | None = None
) -> Source:
    """The table's pictures, with its targets, groups, times and weights; a table, where columns beside the pictures
    are learned from. Raises InputError as tables and folders do."""
    from kerasdeep.data.readers import READERS

    path, location = Path(section.source), section.location_or_key("source")
    opened = _open(
        path, location, ReadOptions(section.separator, section.encoding, section.header, (), section.target or ())
    )
    frame = opened.read_columns(None)
    column = section.picture_column or find_picture_column(path, frame)
    if column not in frame.columns:
        message = f"There is no column '{column}'" if column else f"{path} has no column of picture files"
        message += f". The table has: {', '.join(frame.columns)}. Expected one of them in `columns: {{NAME: picture}}`."
        raise InputError(message, "missing-column", section.location_or_key("columns"))
    judged = Problems()
    split = separate_targets(frame, section, judged)
    others: Any = split.x
    if not judged.errors and list(others.columns) != [column]:  # the table's own reader says what is to be said
        stated = {**section.columns, str(column): ColumnConfig(kind="picture")}
        beside = replace(section, format=sources.infer_format(str(path), location), columns=stated)
        return READERS[beside.format].read(beside, problems, say, matched)
    problems.items += [*opened.warnings, *judged.items]
    problems.raise_if_errors()
    files = _files(path, frame[column])
    listed = images.ListedImages(path.parent, files, split, path if all(map(Path.is_file, files)) else None)
    return images.source_of({"train": listed}, "image_list", section, problems, say, matched, {"picture": column})


def read_for_prediction(
    path: str, preprocessing: Preprocessing, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, pd.DataFrame]:
    """The table's pictures, labelled where it has the targets, and the whole table."""
    reading, table = preprocessing.read_options, Path(path)
    targets = [column for target in preprocessing.targets for column in target.source_columns]
    stated = {key: str(reading[key]) for key in ("separator", "encoding") if key in reading}  # not of a model file
    options = ReadOptions(**stated, targets=targets)
    frame = _open(table, location, options).read_columns(None)
    column = reading.get("picture")
    if column not in frame.columns:
        column = find_picture_column(table, frame)
    if column is None:
        raise InputError(
            f"{path} has no column of picture files, which the model was trained on.", "no-images", location
        )
    listed = RawSplit(np.zeros(len(frame)), targets_of(frame, preprocessing), np.arange(len(frame)))
    image_format = images.image_format_of(preprocessing.inputs.get(INPUT))
    if image_format is None:
        raise InputError(f"{path} names pictures, but the model was trained on other data.", "wrong-shape", location)
    files = images.ListedImages(table.parent, _files(table, frame[column]), listed)
    split, kept = files.decode(image_format, problems, location)
    return split, frame[kept]


def _files(path: Path, column: pd.Series) -> list[Path]:
    return [path.parent / (value.strip() if isinstance(value, str) else "") for value in column]


def _open(path: Path, location: SourceLocation, options: ReadOptions) -> TableFile:
    from kerasdeep.data.readers import READERS

    format = sources.infer_format(str(path), location)
    if FORMATS[format].kind != "table":
        raise InputError(
            f"{path} is not a table. Expected one with a column of picture files.", "not-a-table", location
        )
    reader: Any = READERS[format]
    return open_nonempty(reader.open_table, path, location, options)
