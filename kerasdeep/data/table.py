"""A user's table, CSV or Parquet: read with pandas, its target and feature columns told apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasdeep.data import header, streamed
from kerasdeep.data.dataset import RawPart, Source, place
from kerasdeep.data.download import sha256
from kerasdeep.data.sources import missing_columns
from kerasdeep.data.stored_table import StoredTable, keep
from kerasdeep.errors import InputError, Mark, Report

# What stands for a missing number or category; in a target only an empty cell does, since "None" may be a class.
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>", "?"]
MISSING_LABEL = ["", "NaN", "nan"]


def read(path: Path, format: str, section: Any, report: Report, say: Callable[[str], None] | None) -> Source:
    """The file as a source; a missing target and misspelt columns are reported."""
    mark = place(section, "source")
    _check(path, mark)
    labels = list(section.target or ())
    columns, opened = _reader(path, format, mark, section.separator, section.encoding, labels)
    size, digest = _bytes_in_memory(path, format, mark), sha256(path)
    choice = streamed.choose(size, section)
    if choice.streamed:
        reading = [format, section.separator, section.encoding, labels]
        with streamed.needing_room(path, 2 * size, mark):
            frame = keep(path, digest, columns, reading, size, opened, say)
    else:
        frame = opened(None)
    part = separate(frame, section, report)
    report.raise_if_errors()
    return Source(format, "table", {"train": part}, digest, stream=choice)


def open_frame(
    path: Path,
    format: str,
    mark: Mark | None,
    *,
    separator: str = header.AUTO,
    encoding: str = header.AUTO,
    labels: Any = (),
    texts: Any = (),
) -> pd.DataFrame:
    """The file's rows. `labels` are target columns, `texts` columns that stay text though they look like numbers.

    Raises InputError when the file is missing, empty, not a table, or has no rows.
    """
    _check(path, mark)
    return _reader(path, format, mark, separator, encoding, labels, texts)[1](None)


def _reader(
    path: Path, format: str, mark: Mark | None, separator: str, encoding: str, labels: Any, texts: Any = ()
) -> tuple[list[str], Callable[[list[str] | None], pd.DataFrame]]:
    """The names of the columns, and what reads all of them (None) or some; a CSV's header is looked at once."""
    if format == "parquet":
        schema = _opened_parquet(path, mark).schema_arrow
        index = (schema.pandas_metadata or {}).get("index_columns", [])  # pandas's own, which no network sees
        names = [str(name) for name in schema.names if name not in index]
        read = partial(_parquet, path, mark)
    else:
        found = header.read(path, mark, separator, encoding)
        names, read = found.columns, partial(_csv, path, found, labels, texts, mark)

    def rows(columns: list[str] | None) -> pd.DataFrame:
        frame = read(columns)
        if not len(frame):
            raise InputError(f"{path} has column names but no rows.", "empty-file", mark)
        return frame

    return names, rows


def _check(path: Path, mark: Mark | None) -> None:
    if not path.is_file():
        raise InputError(f"{path} does not exist.", "missing-file", mark)
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty. Expected a table.", "empty-file", mark)


def _bytes_in_memory(path: Path, format: str, mark: Mark | None) -> int:
    """About what the table takes as a DataFrame: text is longer in memory than in a file, numbers have 8 bytes."""
    if format != "parquet":
        return 2 * path.stat().st_size
    found = _opened_parquet(path, mark).metadata
    groups = sum(found.row_group(number).total_byte_size for number in range(found.num_row_groups))
    return max(groups, 8 * found.num_rows * found.num_columns)


def _csv(
    path: Path, found: header.Header, labels: Any, texts: Any, mark: Mark | None, columns: list[str] | None
) -> pd.DataFrame:
    missing = {name: MISSING_LABEL if name in labels else MISSING for name in found.columns}
    repeated = sorted({name for name in found.columns if found.columns.count(name) > 1})
    if repeated:
        message = f"{path} has several columns called '{repeated[0]}'. Expected each name once."
        raise InputError(message, "not-a-table", mark)
    try:
        return pd.read_csv(
            path,
            sep=found.separator,
            encoding=found.encoding,
            decimal=found.decimal,
            names=found.columns,
            usecols=columns,
            header=0,
            index_col=False,
            na_values=missing,
            keep_default_na=False,
            skipinitialspace=True,
            low_memory=False,
            dtype=dict.fromkeys(set(texts) & set(found.columns), str),
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        message = (
            f"{path} is not a table: {reason} Expected {len(found.columns)} columns "
            f"separated by {found.separator!r} in every line; state `separator` or `encoding` if that is wrong."
        )
        raise InputError(message, "not-a-table", mark) from error


def _parquet(path: Path, mark: Mark | None, columns: list[str] | None) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        raise _no_parquet(path, mark, error) from error
    frame.columns = [str(name) for name in frame.columns]
    frame = frame.reset_index(drop=True)
    texts = [name for name in frame.columns if pd.api.types.infer_dtype(frame[name], skipna=True) == "string"]
    for name in texts:
        frame[name] = frame[name].replace("", None)
    return frame


def _opened_parquet(path: Path, mark: Mark | None) -> Any:
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise _no_parquet(path, mark, error) from error


def _no_parquet(path: Path, mark: Mark | None, error: Exception) -> InputError:
    return InputError(f"{path} is no Parquet file: {str(error).splitlines()[0]}", "not-a-table", mark)


def separate(frame: pd.DataFrame | StoredTable, section: Any, report: Report, usual: str | None = None) -> RawPart:
    """Targets on one side, the columns to learn from on the other; `usual` is the target where none is stated."""
    columns = list(frame.columns)
    for missing in missing_columns(section, columns):
        report.error("missing-column", missing.message, place(section, missing.key), missing.suggestion)
    wanted = section.target or ([usual] if usual else [])
    if not wanted:
        listed = ", ".join(columns)
        message = f"A table does not say what to predict. Expected `target:` with one of its columns: {listed}."
        report.error("missing-target", message, place(section, "source"))
    targets = [name for name in wanted if name in columns]
    for name in targets:
        if name in (section.features or ()):
            message = f"'{name}' is a target and a feature at once; the network would only copy it."
            report.error("target-leak", message, place(section, "features"))
    features = [name for name in section.features or columns if name in columns]
    features = [name for name in features if name not in targets and name not in section.drop]
    labels = {name: labels_of(frame[name]) for name in targets}
    return RawPart(frame[features], labels, np.arange(len(frame)))


def labels_of(series: pd.Series) -> np.ndarray:
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
