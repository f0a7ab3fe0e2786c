"""Excel files, read with pandas and openpyxl: the first sheet."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdeep.data import table_header
from kerasdeep.data.readers.csv import MISSING_LABEL_VALUES, MISSING_VALUES
from kerasdeep.data.table import ReadOptions, TableFile, names_like, read_table, read_table_for_prediction
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 50
MEMORY_PER_BYTE = 10
"""A sheet is compressed XML."""


def open_table(path: Path, location: SourceLocation | None, options: ReadOptions) -> TableFile:
    """The first sheet by its header. Raises InputError for another file, and where openpyxl is not installed."""
    sample = _read_sheet(path, location, nrows=SAMPLE_ROWS)
    if sample.empty:
        raise InputError(f"{path} is empty: its first sheet has no cells.", "empty-file", location)
    rows = [list(map(str, row)) for row in sample.to_numpy(object)]
    header = table_header.read_header(rows, options.header, options.targets, location)
    columns = names_like(header, options, path, location)
    size = MEMORY_PER_BYTE * path.stat().st_size
    read_columns = partial(_read_columns, path, location, header.in_first_line, columns, options.targets)
    return TableFile(columns, size, read_columns, header.in_first_line, header.warnings)


read = partial(read_table, "excel", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def _read_columns(
    path: Path,
    location: SourceLocation | None,
    has_names: bool,
    names: list[str],
    targets: Collection[str],
    columns: list[str] | None,
) -> pd.DataFrame:
    """The rows that are not blank; cells beyond the named columns are no part of the table."""
    cells = _read_sheet(path, location).iloc[int(has_names) :, : len(names)].set_axis(names, axis="columns")
    rows = cells[(cells != "").any(axis="columns")].reset_index(drop=True)
    missing = {name: MISSING_LABEL_VALUES if name in targets else MISSING_VALUES for name in columns or names}
    return (
        rows[list(missing)].replace({name: dict.fromkeys(values) for name, values in missing.items()}).infer_objects()
    )


def _read_sheet(path: Path, location: SourceLocation | None, nrows: int | None = None) -> pd.DataFrame:
    """The cells as they are, empty ones as empty text."""
    import pandas as pd

    try:
        return pd.read_excel(path, engine="openpyxl", header=None, dtype=object, na_filter=False, nrows=nrows)
    except ImportError as error:
        message = f"{path} needs openpyxl, which is not installed: pip install 'kerasdeep[excel]'"
        raise InputError(message, "not-installed", location) from error
    except Exception as error:  # a damaged file can make openpyxl raise anything
        raise InputError(f"{path} is not an Excel file: {error}", "not-a-table", location) from error
