"""Parquet files, read with pandas and PyArrow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdeep.data.table import ReadOptions, TableFile, read_table, read_table_for_prediction
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd


def open_table(path: Path, location: SourceLocation | None, options: ReadOptions) -> TableFile:
    """The file by its schema. Raises InputError for a file that is not Parquet."""
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        raise _not_parquet_error(path, location, error) from error
    metadata = file.metadata
    index = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])  # pandas's own, which no network sees
    columns = [str(name) for name in file.schema_arrow.names if name not in index]
    group_bytes = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    bytes_in_memory = max(group_bytes, 8 * metadata.num_rows * metadata.num_columns)
    return TableFile(columns, bytes_in_memory, partial(_read_parquet, path, location))


read = partial(read_table, "parquet", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def _read_parquet(path: Path, location: SourceLocation | None, columns: list[str] | None) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:
        raise _not_parquet_error(path, location, error) from error
    frame.columns = [str(name) for name in frame.columns]
    frame = frame.reset_index(drop=True)
    text_columns = [name for name in frame.columns if pd.api.types.infer_dtype(frame[name], skipna=True) == "string"]
    for name in text_columns:
        frame[name] = frame[name].replace("", None)
    return frame


def _not_parquet_error(path: Path, location: SourceLocation | None, error: Exception) -> InputError:
    return InputError(f"{path} is not a Parquet file: {str(error).splitlines()[0]}", "not-a-table", location)
