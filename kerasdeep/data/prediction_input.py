"""Raw rows for a trained model: what `predict` and `evaluate` are given, read the way the training data was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

import numpy as np

from kerasdeep.config.sections.data import FORMATS, IMAGE_SUFFIXES
from kerasdeep.data.arrays import split_arrays
from kerasdeep.data.file_content import CsvStream
from kerasdeep.data.labels import missing_labels, strip_labels
from kerasdeep.data.preprocessing import Preprocessing, warn_of_replaced_values
from kerasdeep.data.readers import READERS
from kerasdeep.data.sources import infer_format
from kerasdeep.data.table import split_frame
from kerasdeep.data.target_inference import join_label_columns
from kerasdeep.data.targets import check_labels
from kerasdeep.data.types import INPUT, RawSplit
from kerasdeep.data.unreadable import explain_unreadable
from kerasdeep.data.windows import WindowTransform, cut_windows, latest_windows, with_roles
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

    RawRows: TypeAlias = pd.DataFrame | np.ndarray | dict[str, np.ndarray]
    """Inputs as `transform_inputs` takes them: a table, an array (rows, ...), or arrays by input."""
    Rows: TypeAlias = str | Path | BinaryIO | pd.DataFrame | np.ndarray | Mapping[str, Any]
    """What can be predicted: a path, a built-in data set, an open CSV file, or rows in memory."""

_EXPECTED = {
    "table": "Expected a table with the columns of training.",
    "array": "Expected an .npz file with `x`, or a folder of .npy files.",
    "image": "Expected a picture, a folder of pictures, or an .npz file with `x`.",
}
"""What can be read for a model, by the kind of data that it was trained on."""


@dataclass
class PredictionInput:
    """Rows to predict. `x` is for `transform_inputs`, `y` (labels by target name, or None) for `encode_target`.

    `rows` are numbers or file names; `columns` is the table as it was read, where the input is a table.
    """

    x: RawRows
    y: dict[str, np.ndarray] | None
    rows: np.ndarray
    columns: pd.DataFrame | None
    warnings: list[Problem]

    def __len__(self) -> int:
        return len(self.rows)


def read_for_prediction(
    preprocessing: Preprocessing, rows: Rows, labels: bool = False, every_window: bool = False
) -> PredictionInput:
    """Rows in memory, or of a table, an `.npz`, a folder of images (with or without class folders), one image, or a
    built-in data set.

    Arrays in memory have the names that they would have in an `.npz`. With `labels`, every target must be there and
    every label a known class; rows without a label are left out, with a warning, but for windows. A model of windows
    gets the last one of each group or, with `every_window`, all whose labels are there. Raises InputError for what
    cannot be read, columns that are missing, and inputs of another kind than the model's.
    """
    problems = Problems()
    origin, location = "The input", None
    if isinstance(rows, str | Path):
        origin, location = str(rows), SourceLocation(str(rows))
        split, columns = _read(preprocessing, origin, location, problems)
    else:
        split, columns = _read_in_memory(preprocessing, rows, problems)
    problems.raise_if_errors()
    if columns is not None and preprocessing.kind == "table":
        warn_of_replaced_values(preprocessing.table.count_replaced(split.x), origin, problems)
    split = _rename_single_target(split, preprocessing)
    if labels and not isinstance(preprocessing.inputs.get(INPUT), WindowTransform):
        split, columns = _leave_out_unlabelled(split, columns, preprocessing, origin, location, problems)
    split = strip_labels(split)
    for encoder in preprocessing.targets:
        split = join_label_columns(split, encoder.columns)
    names = [encoder.name for encoder in preprocessing.targets]
    missing_targets = [name for name in names if name not in split.y]
    y = None if missing_targets else {name: split.y[name] for name in names}
    if labels:
        if missing_targets:
            columns = [name for encoder in preprocessing.targets for name in encoder.source_columns]
            missing_targets = [name for name in columns if name not in split.y]
            message = f"{origin} has no target {', '.join(missing_targets)}. Expected it, to compare predictions with."
            problems.error("missing-column", message, location)
        else:
            check_labels(preprocessing.targets, split, origin, location, problems)
        problems.raise_if_errors()
    transform = preprocessing.inputs.get(INPUT)
    if isinstance(transform, WindowTransform) and columns is not None:
        split = with_roles(split, columns, transform.window, location)
        if every_window:
            split = cut_windows(split, transform.window, {"": None}, problems, location)[""]
        else:
            split = latest_windows(split, transform.window, problems, location)
        y, columns = split.y if labels else None, columns.iloc[split.rows]
    return PredictionInput(split.x, y, split.rows, columns, problems.warnings)


def _read(
    preprocessing: Preprocessing, path: str, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, pd.DataFrame | None]:
    is_image = Path(path).suffix.lower() in IMAGE_SUFFIXES and Path(path).is_file()
    format = "images" if is_image else infer_format(path, location)
    if FORMATS[format].kind == "table" and preprocessing.kind == "image":
        format = "image_list"
    is_table = FORMATS[format].kind == "table"
    if format != "builtin" and is_table != (preprocessing.kind == "table"):
        message = f"{path} is {'a' if is_table else 'not a'} table, but the model was trained on "
        raise InputError(
            f"{message}{preprocessing.kind} data. {_EXPECTED[preprocessing.kind]}", "wrong-shape", location
        )
    with explain_unreadable(path, location):
        return READERS[format].read_for_prediction(path, preprocessing, location, problems)


def _read_in_memory(
    preprocessing: Preprocessing, rows: BinaryIO | pd.DataFrame | np.ndarray | Mapping[str, Any], problems: Problems
) -> tuple[RawSplit, pd.DataFrame | None]:
    """A CSV from an open file, a table, or arrays."""
    import pandas as pd

    from kerasdeep.data.readers import csv

    is_array = isinstance(rows, np.ndarray | Mapping)
    if preprocessing.kind != "table" and not is_array:
        message = f"The input is a table, but the model was trained on {preprocessing.kind} data."
        raise InputError(f"{message} Expected an array, or arrays by name.", "wrong-shape")
    if preprocessing.kind != "table":
        named = rows if isinstance(rows, Mapping) else {"x": rows}
        arrays = {name: np.asarray(array) for name, array in named.items()}
        return split_arrays(arrays, "The input", preprocessing, None, problems)
    if is_array or isinstance(rows, pd.DataFrame):
        return split_frame(pd.DataFrame(rows), preprocessing, None)
    with explain_unreadable("The input", None):
        return csv.read_for_prediction(CsvStream(cast(BinaryIO, rows).read()), preprocessing, None, problems)


def _leave_out_unlabelled(
    split: RawSplit,
    columns: pd.DataFrame | None,
    preprocessing: Preprocessing,
    origin: str,
    location: SourceLocation | None,
    problems: Problems,
) -> tuple[RawSplit, pd.DataFrame | None]:
    """The rows that have all targets, unless none has; an empty set is a label."""
    names = [name for target in preprocessing.targets if not target.is_set for name in target.source_columns]
    known = [split.y[name] for name in names if name in split.y and split.y[name].ndim == 1]
    absent = np.logical_or.reduce([np.zeros(len(split), bool), *map(missing_labels, known)])
    if not absent.any() or absent.all():
        return split, columns
    message = f"{absent.sum()} of {len(absent)} rows of {origin} have no target and are left out."
    problems.warn("unlabelled-rows", message, location)
    kept = np.flatnonzero(~absent)
    return split.take(kept), None if columns is None else columns.iloc[kept]


def _rename_single_target(split: RawSplit, preprocessing: Preprocessing) -> RawSplit:
    """A single target may have any name: `y`, `digit`, or the folders' `class`."""
    if len(split.y) == 1 == len(preprocessing.targets) and not preprocessing.targets[0].columns:
        return replace(split, y={preprocessing.targets[0].name: next(iter(split.y.values()))})
    return split
