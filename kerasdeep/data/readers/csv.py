"""CSV files, read with pandas."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdeep.data import csv_header
from kerasdeep.data.table import ReadOptions, TableFile, read_table, read_table_for_prediction
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

# What stands for a missing number or category; in a target only an empty cell does, since "None" may be a class.
MISSING_VALUES = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>", "?"]
MISSING_LABEL_VALUES = ["", "NaN", "nan"]


def open_table(path: Path | csv_header.CsvStream, location: SourceLocation | None, options: ReadOptions) -> TableFile:
    """The file by its header. Raises InputError for a file that is not a table."""
    header = csv_header.read(path, location, options.separator, options.encoding)
    # Text is longer in memory than in a file, numbers have 8 bytes.
    return TableFile(
        header.columns,
        2 * path.stat().st_size if isinstance(path, Path) else 2 * len(path.content),
        partial(_read_csv, path, header, location, options),
    )


read = partial(read_table, "csv", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def _read_csv(
    path: Path | csv_header.CsvStream,
    header: csv_header.CsvHeader,
    location: SourceLocation | None,
    options: ReadOptions,
    columns: list[str] | None,
) -> pd.DataFrame:
    import pandas as pd

    repeated = sorted({name for name in header.columns if header.columns.count(name) > 1})
    if repeated:
        message = f"{path} has several columns called '{repeated[0]}'. Expected each name once."
        raise InputError(message, "not-a-table", location)
    try:
        return pd.read_csv(
            path if isinstance(path, Path) else path.open(),
            sep=header.separator,
            encoding=header.encoding,
            decimal=header.decimal,
            names=header.columns,
            usecols=columns,
            header=0,
            index_col=False,
            na_values={
                name: MISSING_LABEL_VALUES if name in options.targets else MISSING_VALUES for name in header.columns
            },
            keep_default_na=False,
            skipinitialspace=True,
            low_memory=False,
            dtype=dict.fromkeys(set(options.text_columns) & set(header.columns), str),
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        message = (
            f"{path} is not a table: {reason} Expected {len(header.columns)} columns "
            f"separated by {header.separator!r} in every line; state `separator` or `encoding` if that is wrong."
        )
        raise InputError(message, "not-a-table", location) from error
