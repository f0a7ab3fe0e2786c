"""Arrow files: Feather (version 2) and the streams that Hugging Face's data sets are kept in."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.data.readers.parquet import columns_of_schema, tidy_frame
from kerasdeep.data.table import ReadOptions, TableFile, read_table, read_table_for_prediction
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

MEMORY_PER_BYTE = 3
"""A file may be compressed."""


def open_table(path: Path, location: SourceLocation | None, options: ReadOptions) -> TableFile:
    """The file by its schema. Raises InputError for a file that Arrow does not read."""
    columns = columns_of_schema(_open(path, location).schema)
    size = MEMORY_PER_BYTE * path.stat().st_size
    return TableFile(columns, size, partial(_read_columns, path, location, columns))


read = partial(read_table, "feather", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def _read_columns(
    path: Path, location: SourceLocation | None, all_columns: list[str], columns: list[str] | None
) -> pd.DataFrame:
    try:
        table = _open(path, location).read_all()
        return tidy_frame(table.select(columns or all_columns).to_pandas(), columns or all_columns)
    except (OSError, ValueError, KeyError) as error:
        raise _not_arrow_error(path, location, error) from error


def _open(path: Path, location: SourceLocation | None) -> Any:
    import pyarrow

    try:
        try:
            return pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))
        except pyarrow.ArrowInvalid:  # a stream has no footer
            return pyarrow.ipc.open_stream(pyarrow.memory_map(str(path)))
    except (OSError, ValueError) as error:
        raise _not_arrow_error(path, location, error) from error


def _not_arrow_error(path: Path, location: SourceLocation | None, error: Exception) -> InputError:
    return InputError(f"{path} is not an Arrow file: {str(error).splitlines()[0]}", "not-a-table", location)
