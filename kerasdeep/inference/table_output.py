"""A table of answers on its way out: to a file, the screen or a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from kerasdeep.errors import InputError, SourceLocation

SUFFIXES = (".csv", ".parquet")


def write_table(table: pd.DataFrame, path: Path | None) -> None:
    """The table as CSV or, by the file's name, as Parquet; on standard output where there is no path."""
    if path is None:
        table.to_csv(sys.stdout, index=False)
        return
    check_path(path)
    try:
        if path.suffix.lower() == ".parquet":
            table.to_parquet(path, index=False)
        else:
            table.to_csv(path, index=False)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror or error}.", "usage", SourceLocation("-o")) from error


def check_path(path: Path) -> None:
    """Raise InputError, before any work is done, for a file that could not be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path} is of no known kind. Expected {' or '.join(SUFFIXES)}.", "usage", SourceLocation("-o")
        )
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist.", "usage", SourceLocation("-o"))


def table_as_json(table: pd.DataFrame) -> dict[str, Any]:
    """The table as one JSON object; what is missing is null."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return {"columns": list(table.columns), "predictions": rows}
