"""`kerasdeep predict`: a table of predictions, to a file, the screen or a program."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdeep.cli.exit_codes import print_json

if TYPE_CHECKING:
    import pandas as pd

STANDARD_INPUT = "-"


def read_input(data: str) -> str | BytesIO:
    return BytesIO(sys.stdin.buffer.read()) if data == STANDARD_INPUT else data


def check_path(file: Path | None, data: str, force: bool) -> None:
    """Raises InputError, before any work is done, for a file that could not or must not be written."""
    if file is not None:
        from kerasdeep.inference import table_output

        table_output.check_path(file, None if data == STANDARD_INPUT else Path(data), force)


def show(table: pd.DataFrame, file: Path | None, json: bool, run: Path, rows: str | BytesIO) -> None:
    from kerasdeep.inference import table_output

    if file is not None or not json:
        is_csv = file is None or file.suffix.lower() == ".csv"
        table_output.write_table(table_output.as_written(table, run, rows) if is_csv else table, file)
    if file is not None and not json:
        print(f"Written: {file}, {len(table):,} rows")
    if json:
        output = {"file": str(file), "columns": list(table.columns)} if file else table_output.table_as_json(table)
        print_json({"rows": len(table), **output})
