"""Parquet files, read with pandas and PyArrow."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    metadata, columns = file.metadata, columns_of_schema(file.schema_arrow)
    group_bytes = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    bytes_in_memory = max(group_bytes, 8 * metadata.num_rows * metadata.num_columns)
    return TableFile(columns, bytes_in_memory, partial(_read_parquet, path, location, columns))


read = partial(read_table, "parquet", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def columns_of_schema(schema: Any) -> list[str]:
    """The columns of an Arrow schema, but for an index of pandas without a name."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [str(name) for name in schema.names if name not in index or not str(name).startswith("__index_level_")]


def tidy_frame(frame: pd.DataFrame, columns: Collection[str]) -> pd.DataFrame:
    """Those columns of a table that Arrow wrote: a named index is one of them, empty text is missing."""
    import pandas as pd

    named = [name for name in frame.index.names if name is not None and str(name) not in map(str, frame.columns)]
    frame = (frame.reset_index(named) if named else frame).reset_index(drop=True)
    frame.columns = [str(name) for name in frame.columns]
    frame = frame[list(columns)]
    text_columns = [name for name in frame.columns if pd.api.types.infer_dtype(frame[name], skipna=True) == "string"]
    return frame.assign(**{name: frame[name].replace("", None) for name in text_columns})


def _read_parquet(
    path: Path, location: SourceLocation | None, all_columns: list[str], columns: list[str] | None
) -> pd.DataFrame:
    import pandas as pd

    try:
        return tidy_frame(pd.read_parquet(path, columns=columns), columns or all_columns)
    except (OSError, ValueError) as error:
        raise _not_parquet_error(path, location, error) from error


def _not_parquet_error(path: Path, location: SourceLocation | None, error: Exception) -> InputError:
    return InputError(f"{path} is not a Parquet file: {str(error).splitlines()[0]}", "not-a-table", location)
