"""A user's table in a file: what the readers of tables share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data import csv_header, streaming
from kerasdeep.data.column_store import ColumnStore, store_columns
from kerasdeep.data.download import file_sha256
from kerasdeep.data.file_content import CsvStream
from kerasdeep.data.hugging_face import local_path
from kerasdeep.data.labels import LIST_SEPARATORS, MAX_CLASSES, find_separator
from kerasdeep.data.picture_paths import below_folder, hash_with_pictures, picture_columns
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.row_roles import read_roles
from kerasdeep.data.sources import missing_columns
from kerasdeep.data.table_header import Header
from kerasdeep.data.types import RawSplit, Source
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReadOptions:
    """How a table is read. `text_columns` stay text though they may look like numbers; `names` are those of a table
    without names that is read like another one."""

    separator: str = csv_header.AUTO
    encoding: str = csv_header.AUTO
    header: str = csv_header.AUTO
    names: Collection[str] = ()
    targets: Collection[str] = ()
    text_columns: Collection[str] = ()


@dataclass(frozen=True)
class TableFile:
    """A table whose rows are not read yet: its columns, about what it takes as a DataFrame, and what reads all of the
    columns (None) or some."""

    columns: list[str]
    bytes_in_memory: int
    read_columns: Callable[[list[str] | None], pd.DataFrame]
    has_names: bool = True
    warnings: list[Problem] = field(default_factory=list)


def names_like(
    header: Header, options: ReadOptions, path: Path | CsvStream, location: SourceLocation | None
) -> list[str]:
    """The columns' names; a table without them has those of the training rows, with or without the targets.

    Raises InputError where such a table has another number of columns.
    """
    if header.in_first_line or not options.names:
        return header.columns
    features = [name for name in options.names if name not in options.targets]
    for names in (list(options.names), features):
        if len(names) == len(header.columns):
            return names
    message = f"{path} has {len(header.columns)} columns without names. Expected {len(options.names)}, as in training, "
    raise InputError(f"{message}or {len(features)} without the target.", "wrong-shape", location)


OpenTable = Callable[[Any, SourceLocation | None, ReadOptions], TableFile]
"""Takes a path, or for CSV also a stream."""


def read_table(
    format: str,
    open_table: OpenTable,
    section: DataConfig,
    problems: Problems,
    say: Callable[[str], None] | None = None,
    matched: Source | None = None,
) -> Source:
    """The file as a source; a missing target and misspelt columns are reported."""
    location = section.location_or_key("source")
    path, labels = local_path(section.source, location, say), list(section.target or ())
    options = ReadOptions(section.separator, section.encoding, section.header, (), labels, section.text_columns)
    opened = open_nonempty(open_table, path, location, options)
    problems.items += opened.warnings
    digest = file_sha256(path)
    decision = streaming.decide_by_size(opened.bytes_in_memory, section)
    frame: pd.DataFrame | ColumnStore
    if decision.streamed:
        _refuse_own_inputs(section)
        read_options = [format, section.separator, section.encoding, opened.has_names, labels, section.text_columns]
        size = opened.bytes_in_memory
        with streaming.explain_full_disk(path, 2 * size, location):
            frame = store_columns(path, digest, opened.columns, read_options, size, opened.read_columns, say)
    else:
        frame = opened.read_columns(None)
    from kerasdeep.data.total_rows import leave_out_total

    pictures = []
    if not isinstance(frame, ColumnStore):
        pictures = picture_columns(path.parent, frame, section)
        _warn_of_found_pictures(pictures, section, problems)
        frame = below_folder(frame, path.parent, pictures)
        digest = hash_with_pictures(digest, frame, pictures)
    split = separate_targets(leave_out_total(frame, problems, location), section, problems)
    problems.raise_if_errors()
    reading = {"header": "first"} if opened.has_names else {"header": "none", "names": opened.columns}
    return Source(
        format, "table", {"train": split}, digest, streaming=decision, reading=reading, picture_columns=pictures
    )


def _warn_of_found_pictures(pictures: list[str], section: DataConfig, problems: Problems) -> None:
    """Says which columns become pictures though nothing says so; kerasdeep 0.1 did not read them."""
    for name in pictures:
        if section.stated_kind(name) == "auto":
            message = f"'{name}' holds paths of pictures, which are read and learned from. `data: {{columns: {{{name}: "
            message += "picture}}` says that this is meant, `ignore` leaves them out."
            problems.warn("found-pictures", message, section.location_or_key("source"))


def _refuse_own_inputs(section: DataConfig) -> None:
    """Raises InputError for columns that are to be an input of their own of rows that are read while training."""
    apart = [name for name, column in section.columns.items() if column.has_own_input]
    if apart:
        message = f"{', '.join(apart)} would be an input of the network's own, and rows are read from the disk while "
        message += "training, which have one input alone. Expected `stream: false`, or another kind under `columns`."
        raise InputError(message, "stream", section.location_or_key("columns"))


def read_table_for_prediction(
    open_table: OpenTable,
    path: str | CsvStream,
    preprocessing: Preprocessing,
    location: SourceLocation | None,
    problems: Problems,
) -> tuple[RawSplit, pd.DataFrame]:
    """The file's rows with the columns of the model, and the whole table."""
    targets = [column for target in preprocessing.targets for column in target.source_columns]
    reading = preprocessing.read_options
    options = ReadOptions(
        *(reading["separator"], reading["encoding"], reading.get("header", "first"), reading.get("names", ())),
        *(targets, preprocessing.table.text_columns),
    )
    file = path if isinstance(path, CsvStream) else local_path(path, location)
    frame = open_nonempty(open_table, file, location, options).read_columns(None)
    return split_frame(frame, preprocessing, location, file.parent if isinstance(file, Path) else Path())


def split_frame(
    frame: pd.DataFrame, preprocessing: Preprocessing, location: SourceLocation | None, folder: Path = Path()
) -> tuple[RawSplit, pd.DataFrame]:
    """The table's rows with the columns of the model, and the whole table; paths in it are relative to `folder`."""
    transform = preprocessing.table
    transform.require_columns(frame, location)
    paths = [encoder.name for encoder in transform.encoders if encoder.holds_paths]
    rows = below_folder(frame[transform.columns], folder, paths)
    return RawSplit(rows, targets_of(frame, preprocessing), np.arange(len(frame))), frame


def targets_of(frame: pd.DataFrame, preprocessing: Preprocessing) -> dict[str, np.ndarray]:
    """The labels of the model's targets that the table has."""
    return {
        column: labels_from_column(
            frame[column], 1 if target.task.predicts_numbers else MAX_CLASSES + 1, target.separator
        )
        for target in preprocessing.targets
        for column in target.source_columns
        if column in frame.columns
    }


def open_nonempty(
    open_table: OpenTable, path: Path | CsvStream, location: SourceLocation | None, options: ReadOptions
) -> TableFile:
    """The table. Raises InputError when the file is missing or empty, or has no rows once it is read."""
    if isinstance(path, Path) and not path.is_file():
        reason = "is not a regular file. Expected a table." if path.exists() else "does not exist."
        raise InputError(f"{path} {reason}", "missing-file", location)
    if isinstance(path, Path) and path.stat().st_size == 0:
        raise InputError(f"{path} is empty. Expected a table.", "empty-file", location)
    opened = open_table(path, location, options)

    def read_columns(columns: list[str] | None) -> pd.DataFrame:
        frame = opened.read_columns(columns)
        if not len(frame):
            raise InputError(f"{path} has column names but no rows.", "empty-file", location)
        return frame

    return replace(opened, read_columns=read_columns)


def separate_targets(
    frame: pd.DataFrame | ColumnStore, section: DataConfig, problems: Problems, default_target: str | None = None
) -> RawSplit:
    """Targets on one side, the columns to learn from on the other; `default_target` stands in for `target`."""
    columns = list(frame.columns)
    for missing in missing_columns(section, columns):
        problems.error("missing-column", missing.message, section.location_or_key(missing.key), missing.suggestion)
    requested_targets = section.target or ([default_target] if default_target else [])
    if not requested_targets:
        column_list = ", ".join(columns)
        message = f"A table does not say what to predict. Expected `target:` with one of its columns: {column_list}."
        problems.error("missing-target", message, section.location_or_key("source"))
    targets = [name for name in requested_targets if name in columns]
    for name in targets:
        if name in (section.features or ()) and not section.window:
            message = f"'{name}' is both a target and a feature; the network would only copy it."
            problems.error("target-leak", message, section.location_or_key("features"))
        if name in section.columns:
            message = f"'{name}' is a target, whose kind `task` states; `columns` is for what is learned from."
            problems.error("wrong-kind", message, section.location_or_key("columns"))
    past = targets if section.window else []  # what was says what will be
    no_features = {*section.drop, section.group, section.weight, *(() if past else targets)}
    no_features |= section.ignored_columns
    if section.time not in {*(section.features or ()), *section.columns}:
        no_features.add(section.time)
    features = [name for name in section.features or columns if name in columns and name not in no_features]
    features += [name for name in past if name not in features]
    labels = {name: labels_from_column(frame[name]) for name in targets}
    for name in targets:
        text = frame[name].dropna()
        if len(text) and isinstance(text.iloc[0], dict | bytes):
            message = (
                f"The target '{name}' holds {type(text.iloc[0]).__name__} values. Expected a text or number a row."
            )
            problems.error("wrong-target", message, section.location_or_key("target"))
        if labels[name].dtype.kind == "f" and len(text) and isinstance(text.iloc[0], str):
            row = np.flatnonzero(np.isfinite(labels[name]))[0]
            message = f"The target '{name}' holds numbers such as '{text.iloc[0]}', read as {labels[name][row]:.10g}."
            problems.warn("written-number", message, section.location_or_key("target"))
    return RawSplit(frame[features], labels, np.arange(len(frame)), read_roles(frame, section, problems))


def labels_from_column(series: pd.Series, min_distinct: int = MAX_CLASSES + 1, separator: str = "") -> np.ndarray:
    """A target column as plain NumPy: numbers and booleans as such where none is missing, otherwise objects.

    So many different texts as `min_distinct` that are all numbers as people write them (`1,234.50`) are those numbers.
    Lists proper become text with `separator` between their items, or a sign that is found as one.
    """
    import pandas as pd

    from kerasdeep.data.written_numbers import find_style, parse_numbers

    if pd.api.types.is_bool_dtype(series.dtype) and not series.isna().any():
        return series.to_numpy(bool)
    if pd.api.types.is_numeric_dtype(series.dtype):
        if series.isna().any() or pd.api.types.is_float_dtype(series.dtype):
            return series.to_numpy(np.float64, na_value=np.nan)
        return series.to_numpy(np.int64)
    if pd.api.types.infer_dtype(series, skipna=True) == "decimal":
        return pd.to_numeric(series).to_numpy(np.float64, na_value=np.nan)
    if series.map(lambda value: isinstance(value, list | tuple | np.ndarray)).any():
        return _joined_lists(series, separator)
    texts = series.dropna().astype(str).str.strip()
    counts = texts.value_counts()
    if len(counts) >= max(1, min_distinct):
        style, strays = find_style(counts)
        if style != "plain" and not len(strays):
            numbers = np.full(len(series), np.nan)
            numbers[series.notna().to_numpy()] = parse_numbers(texts, style)  # by position: an index may repeat
            return numbers
    return series.to_numpy(object, na_value=None)


def _joined_lists(series: pd.Series, separator: str) -> np.ndarray:
    """Raises InputError where no sign is in none of the items."""
    import pandas as pd

    lists = [list(value) if isinstance(value, list | tuple | np.ndarray) else [] for value in series]
    rows = [[str(item) for item in row if not (item is None or item is pd.NA)] for row in lists]
    for sign in [separator] if separator else LIST_SEPARATORS:
        # A sign behind the last item as well tells it from others that are in the items.
        texts = [
            sign.join([*row, ""]) if any(other in "".join(row) for other in LIST_SEPARATORS) else sign.join(row)
            for row in rows
        ]
        inside = any(sign in item for row in rows for item in row)
        if separator or (not inside and find_separator(texts) in (sign, "")):
            return np.array(texts, object)
    message = f"The items of '{series.name}' hold each of {' '.join(LIST_SEPARATORS)}. Expected one not in them."
    raise InputError(message, "wrong-label")
