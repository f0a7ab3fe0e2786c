"""CSV files, read with pandas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.data import csv_header
from kerasdeep.data.file_content import READ_ERRORS, CsvStream, content_size, open_bytes
from kerasdeep.data.table import ReadOptions, TableFile, names_like, read_table, read_table_for_prediction
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

# What stands for a missing number or category; in a target only an empty cell does, since "None" may be a class.
MISSING_VALUES = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>", "?"]
MISSING_LABEL_VALUES = ["", "NaN", "nan"]


def open_table(path: Path | CsvStream, location: SourceLocation | None, options: ReadOptions) -> TableFile:
    """The file by its header. Raises InputError for a file that is not a table."""
    header = csv_header.read(path, location, options.separator, options.encoding, options.header, known=options.targets)
    # Text is longer in memory than in a file, numbers have 8 bytes.
    size, found = 2 * content_size(path), header.header
    columns = names_like(found, options, path, location)
    read_columns = partial(_read_csv, path, header, columns, location, options)
    return TableFile(columns, size, read_columns, found.in_first_line, found.warnings)


read = partial(read_table, "csv", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def _read_csv(
    path: Path | CsvStream,
    header: csv_header.CsvHeader,
    names: list[str],
    location: SourceLocation | None,
    options: ReadOptions,
    columns: list[str] | None,
) -> pd.DataFrame:
    import pandas as pd

    try:
        return _read_with_pandas(
            path,
            header,
            names,
            usecols=columns,
            na_values={name: MISSING_LABEL_VALUES if name in options.targets else MISSING_VALUES for name in names},
            low_memory=False,
            dtype=dict.fromkeys(set(options.text_columns) & set(names), str),
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeError, *READ_ERRORS) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        message = (
            f"{path} is not a table: {reason} Expected {len(names)} columns "
            f"separated by {header.separator!r} in every line; state `separator` or `encoding` if that is wrong."
        )
        raise InputError(message, "not-a-table", location) from error


def read_as_written(path: Path | CsvStream, names: list[str], reading: Mapping[str, Any]) -> pd.DataFrame:
    """The text of each cell of a table that `read_for_prediction` read before, whose columns begin `names`."""
    stated = (reading["separator"], reading["encoding"], reading.get("header", "first"))
    header = csv_header.read(path, None, *stated, known=names)
    return _read_with_pandas(path, header, names[: len(header.columns)], dtype=str, na_filter=False)


def _read_with_pandas(
    path: Path | CsvStream, header: csv_header.CsvHeader, names: list[str], **settings: Any
) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(
        open_bytes(path),
        sep=header.separator,
        encoding=header.encoding,
        decimal=header.decimal,
        names=names,
        header=0 if header.header.in_first_line else None,
        index_col=False,
        keep_default_na=False,
        skipinitialspace=True,
        **settings,
    )
