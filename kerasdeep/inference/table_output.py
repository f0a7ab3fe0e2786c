"""A table of predictions: its columns, and how it is written."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasdeep.config.sections.data import format_of_name
from kerasdeep.data import PredictionInput, Preprocessing
from kerasdeep.data.file_content import CsvStream
from kerasdeep.data.readers import csv
from kerasdeep.data.types import INPUT
from kerasdeep.data.windows import WindowTransform
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.evaluation.types import TargetPrediction, module_of
from kerasdeep.paths import explain_write_error
from kerasdeep.runs import RunDir, is_run_dir

SUFFIXES = (".csv", ".parquet")


def prediction_table(raw: PredictionInput, predictions: list[TargetPrediction]) -> pd.DataFrame:
    """The input's columns, or its rows' names or numbers, with the columns of every target's prediction."""
    columns: dict[str, np.ndarray] = {}
    for prediction in predictions:
        suffix = f"_{prediction.encoder.name}" if len(predictions) > 1 else ""
        columns |= module_of(prediction.encoder.task).table_columns(prediction, suffix)
    input_columns = raw.columns if raw.columns is not None else pd.DataFrame({"row": raw.rows})
    for name in columns:
        if name in input_columns.columns:
            message = f"The input already has a column '{name}', which the predictions would overwrite. "
            raise InputError(message + "Rename or remove it.", "column-taken")
    return pd.concat([input_columns.reset_index(drop=True), pd.DataFrame(columns)], axis=1)


def as_written(table: pd.DataFrame, run: Path, rows: str | BytesIO) -> pd.DataFrame:
    """A run's predictions for a CSV, with its columns as they stand there: `007`, `?` and `1.50` are text here."""
    if not is_run_dir(run) or (isinstance(rows, str) and format_of_name(rows) != "csv"):
        return table
    files = RunDir(run)
    preprocessing = Preprocessing.load(files.preprocessing_npz, files.preprocessing_json)
    if preprocessing.kind != "table" or isinstance(preprocessing.inputs.get(INPUT), WindowTransform):
        return table
    path = Path(rows) if isinstance(rows, str) else CsvStream(rows.getvalue())
    written = csv.read_as_written(path, list(table.columns), preprocessing.read_options)
    return pd.concat([written, table.drop(columns=list(written.columns))], axis=1)


def write_table(table: pd.DataFrame, path: Path | None) -> None:
    """The table as CSV or, by the file's name, as Parquet; on standard output where there is no path."""
    if path is None:
        table.to_csv(sys.stdout, index=False)
        return
    try:
        if path.suffix.lower() == ".parquet":
            table.to_parquet(path, index=False)
        else:
            table.to_csv(path, index=False, errors="backslashreplace")
    except OSError as error:
        raise explain_write_error(error, path) from error


def check_path(path: Path, source: Path | None = None, force: bool = False) -> None:
    """Raise InputError, before any work is done, for a file that could not be written, or must not be replaced.

    That is any file without `force`, and what is predicted, `source`, always.
    """
    if path.suffix.lower() not in SUFFIXES:
        message = f"{path} has an unsupported suffix. Expected {' or '.join(SUFFIXES)}."
        raise InputError(message, "usage", SourceLocation("-o"))
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist.", "usage", SourceLocation("-o"))
    if not path.exists():
        return
    if source is not None and source.exists() and path.samefile(source):
        message = f"{path} is what is predicted, which the predictions would replace. Name another file."
        raise InputError(message, "file-exists", SourceLocation("-o"))
    if not force or not path.is_file():
        message = f"{path} exists already. Name another file, or replace it with --force."
        raise InputError(message, "file-exists", SourceLocation("-o"))


def table_as_json(table: pd.DataFrame) -> dict[str, Any]:
    """The table as one JSON object; what is missing is null."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return {"columns": list(table.columns), "predictions": rows}
