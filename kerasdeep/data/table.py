"""A user's table, CSV or Parquet: read with pandas, its target and feature columns told apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data import csv_header, streaming
from kerasdeep.data.column_store import ColumnStore, store_columns
from kerasdeep.data.download import file_sha256
from kerasdeep.data.sources import missing_columns
from kerasdeep.data.types import RawSplit, Source
from kerasdeep.errors import InputError, Problems, SourceLocation

# What stands for a missing number or category; in a target only an empty cell does, since "None" may be a class.
MISSING_VALUES = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>", "?"]
MISSING_LABEL_VALUES = ["", "NaN", "nan"]


def read(path: Path, format: str, section: DataConfig, problems: Problems, say: Callable[[str], None] | None) -> Source:
    """The file as a source; a missing target and misspelt columns are reported."""
    location = section.location_or_key("source")
    _check_file(path, location)
    labels = list(section.target or ())
    columns, read_columns = _column_reader(path, format, location, section.separator, section.encoding, labels)
    size, digest = _bytes_in_memory(path, format, location), file_sha256(path)
    decision = streaming.decide_by_size(size, section)
    if decision.streamed:
        read_options = [format, section.separator, section.encoding, labels]
        with streaming.explain_full_disk(path, 2 * size, location):
            frame = store_columns(path, digest, columns, read_options, size, read_columns, say)
    else:
        frame = read_columns(None)
    split = separate_targets(frame, section, problems)
    problems.raise_if_errors()
    return Source(format, "table", {"train": split}, digest, streaming=decision)


def read_frame(
    path: Path,
    format: str,
    location: SourceLocation | None,
    *,
    separator: str = csv_header.AUTO,
    encoding: str = csv_header.AUTO,
    target_columns: Any = (),
    text_columns: Any = (),
) -> pd.DataFrame:
    """The file's rows. `labels` are target columns, `texts` columns that stay text though they look like numbers.

    Raises InputError when the file is missing, empty, not a table, or has no rows.
    """
    _check_file(path, location)
    return _column_reader(path, format, location, separator, encoding, target_columns, text_columns)[1](None)


def _column_reader(
    path: Path,
    format: str,
    location: SourceLocation | None,
    separator: str,
    encoding: str,
    target_columns: Any,
    text_columns: Any = (),
) -> tuple[list[str], Callable[[list[str] | None], pd.DataFrame]]:
    """The names of the columns, and what reads all of them (None) or some; a CSV's header is looked at once."""
    if format == "parquet":
        schema = _open_parquet(path, location).schema_arrow
        index = (schema.pandas_metadata or {}).get("index_columns", [])  # pandas's own, which no network sees
        names = [str(name) for name in schema.names if name not in index]
        read_columns = partial(_read_parquet, path, location)
    else:
        parsed_header = csv_header.read(path, location, separator, encoding)
        names, read_columns = (
            parsed_header.columns,
            partial(_read_csv, path, parsed_header, target_columns, text_columns, location),
        )

    def read_nonempty(columns: list[str] | None) -> pd.DataFrame:
        frame = read_columns(columns)
        if not len(frame):
            raise InputError(f"{path} has column names but no rows.", "empty-file", location)
        return frame

    return names, read_nonempty


def _check_file(path: Path, location: SourceLocation | None) -> None:
    if not path.is_file():
        raise InputError(f"{path} does not exist.", "missing-file", location)
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty. Expected a table.", "empty-file", location)


def _bytes_in_memory(path: Path, format: str, location: SourceLocation | None) -> int:
    """About what the table takes as a DataFrame: text is longer in memory than in a file, numbers have 8 bytes."""
    if format != "parquet":
        return 2 * path.stat().st_size
    metadata = _open_parquet(path, location).metadata
    group_bytes = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    return max(group_bytes, 8 * metadata.num_rows * metadata.num_columns)


def _read_csv(
    path: Path,
    parsed_header: csv_header.CsvHeader,
    target_columns: Any,
    text_columns: Any,
    location: SourceLocation | None,
    columns: list[str] | None,
) -> pd.DataFrame:
    na_values = {
        name: MISSING_LABEL_VALUES if name in target_columns else MISSING_VALUES for name in parsed_header.columns
    }
    repeated = sorted({name for name in parsed_header.columns if parsed_header.columns.count(name) > 1})
    if repeated:
        message = f"{path} has several columns called '{repeated[0]}'. Expected each name once."
        raise InputError(message, "not-a-table", location)
    try:
        return pd.read_csv(
            path,
            sep=parsed_header.separator,
            encoding=parsed_header.encoding,
            decimal=parsed_header.decimal,
            names=parsed_header.columns,
            usecols=columns,
            header=0,
            index_col=False,
            na_values=na_values,
            keep_default_na=False,
            skipinitialspace=True,
            low_memory=False,
            dtype=dict.fromkeys(set(text_columns) & set(parsed_header.columns), str),
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        message = (
            f"{path} is not a table: {reason} Expected {len(parsed_header.columns)} columns "
            f"separated by {parsed_header.separator!r} in every line; state `separator` or `encoding` if that is wrong."
        )
        raise InputError(message, "not-a-table", location) from error


def _read_parquet(path: Path, location: SourceLocation | None, columns: list[str] | None) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        raise _not_parquet_error(path, location, error) from error
    frame.columns = [str(name) for name in frame.columns]
    frame = frame.reset_index(drop=True)
    text_columns = [name for name in frame.columns if pd.api.types.infer_dtype(frame[name], skipna=True) == "string"]
    for name in text_columns:
        frame[name] = frame[name].replace("", None)
    return frame


def _open_parquet(path: Path, location: SourceLocation | None) -> Any:
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise _not_parquet_error(path, location, error) from error


def _not_parquet_error(path: Path, location: SourceLocation | None, error: Exception) -> InputError:
    return InputError(f"{path} is no Parquet file: {str(error).splitlines()[0]}", "not-a-table", location)


def separate_targets(
    frame: pd.DataFrame | ColumnStore, section: DataConfig, problems: Problems, default_target: str | None = None
) -> RawSplit:
    """Targets on one side, the columns to learn from on the other; `usual` is the target where none is stated."""
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
        if name in (section.features or ()):
            message = f"'{name}' is a target and a feature at once; the network would only copy it."
            problems.error("target-leak", message, section.location_or_key("features"))
    features = [name for name in section.features or columns if name in columns]
    features = [name for name in features if name not in targets and name not in section.drop]
    labels = {name: labels_from_column(frame[name]) for name in targets}
    return RawSplit(frame[features], labels, np.arange(len(frame)))


def labels_from_column(series: pd.Series) -> np.ndarray:
    """A target column as plain NumPy: numbers and booleans as such where none is missing, otherwise objects."""
    if pd.api.types.is_bool_dtype(series.dtype) and not series.isna().any():
        return series.to_numpy(bool)
    if pd.api.types.is_numeric_dtype(series.dtype):
        if series.isna().any() or pd.api.types.is_float_dtype(series.dtype):
            return series.to_numpy(np.float64, na_value=np.nan)
        return series.to_numpy(np.int64)
    if pd.api.types.infer_dtype(series, skipna=True) == "decimal":
        return pd.to_numeric(series).to_numpy(np.float64, na_value=np.nan)
    return series.to_numpy(object, na_value=None)
