"""Files with a JSON object a line, compressed or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.data.file_content import READ_ERRORS, content_size, open_bytes
from kerasdeep.data.table import ReadOptions, TableFile, read_table, read_table_for_prediction
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

MAX_WHOLE_DIGITS = 18
"""Longer whole numbers do not fit into 64 bits."""


def open_table(path: Path, location: SourceLocation | None, options: ReadOptions) -> TableFile:
    """The file by the keys of all its objects. Raises InputError for what is no JSON object."""
    columns = list(dict.fromkeys(key for record in _records(path, location) for key in record))
    return TableFile(columns, 2 * content_size(path), partial(_read, path, location, columns))


read = partial(read_table, "jsonl", open_table)
read_for_prediction = partial(read_table_for_prediction, open_table)


def _read(
    path: Path, location: SourceLocation | None, all_columns: list[str], columns: list[str] | None
) -> pd.DataFrame:
    import pandas as pd

    values: dict[str, list[Any]] = {name: [] for name in columns or all_columns}
    for record in _records(path, location):
        for name, column in values.items():
            value = record.get(name)
            column.append(None if value == "" else value)
    return pd.DataFrame(values)


def _records(path: Path, location: SourceLocation | None) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        with open_bytes(path) as file:
            for line in file:
                number += 1
                if not line.strip():
                    continue
                record = json.loads(line, parse_int=_parse_whole)
                if not isinstance(record, dict):
                    raise ValueError(f"expected an object, found a {type(record).__name__}")
                yield record
    except (ValueError, RecursionError, *READ_ERRORS) as error:
        message = f"{path} is not a file of JSON objects, one a line; line {number}: {error}"
        raise InputError(message, "not-a-table", location) from error


def _parse_whole(text: str) -> int | float:
    return int(text) if len(text) <= MAX_WHOLE_DIGITS else float(text)
