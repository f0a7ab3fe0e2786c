"""Raw rows for a trained model: what `predict` and `evaluate` are given, read the way the training data was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasdeep.config.sections.data import FORMATS, IMAGE_SUFFIXES
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.readers import READERS
from kerasdeep.data.sources import infer_format
from kerasdeep.data.targets import check_labels, strip_labels
from kerasdeep.data.types import RawSplit
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class PredictionInput:
    """Rows to predict. `x` is for `transform_inputs`, `y` (labels by target name, or None) for `encode_target`.

    `rows` are numbers or file names; `columns` is the table as it was read, where the input is a table.
    """

    x: pd.DataFrame | np.ndarray | dict[str, np.ndarray]
    y: dict[str, np.ndarray] | None
    rows: np.ndarray
    columns: pd.DataFrame | None
    warnings: list[Problem]

    def __len__(self) -> int:
        return len(self.rows)


def read_for_prediction(preprocessing: Preprocessing, path: str | Path, labels: bool = False) -> PredictionInput:
    """Rows of a table, an `.npz`, a folder of pictures (with or without class folders), one picture, or a built-in
    data set.

    With `labels`, every target must be there and every label a known class. Raises InputError for what cannot be
    read, columns that are missing, and inputs of another kind than the model's.
    """
    problems = Problems()
    location = SourceLocation(str(path))
    split, columns = _read(preprocessing, str(path), location, problems)
    problems.raise_if_errors()
    split = strip_labels(_rename_single_target(split, preprocessing))
    names = [encoder.name for encoder in preprocessing.targets]
    missing_targets = [name for name in names if name not in split.y]
    y = None if missing_targets else {name: split.y[name] for name in names}
    if labels:
        if missing_targets:
            message = f"{path} has no target {', '.join(missing_targets)}. Expected it, to compare predictions with."
            problems.error("missing-column", message, location)
        else:
            check_labels(preprocessing.targets, split, str(path), location, problems)
        problems.raise_if_errors()
    return PredictionInput(split.x, y, split.rows, columns, problems.warnings)


def _read(
    preprocessing: Preprocessing, path: str, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, pd.DataFrame | None]:
    is_image = Path(path).suffix.lower() in IMAGE_SUFFIXES and Path(path).is_file()
    format = "images" if is_image else infer_format(path, location)
    is_table = FORMATS[format].kind == "table"
    if format != "builtin" and is_table != (preprocessing.kind == "table"):
        message = f"{path} is {'a' if is_table else 'not a'} table, but the model was trained on "
        raise InputError(f"{message}{preprocessing.kind} data.", "wrong-shape", location)
    return READERS[format].read_for_prediction(path, preprocessing, location, problems)


def _rename_single_target(split: RawSplit, preprocessing: Preprocessing) -> RawSplit:
    """A single target may have any name: `y`, `digit`, or the folders' `class`."""
    if len(split.y) == 1 == len(preprocessing.targets):
        return replace(split, y={preprocessing.targets[0].name: next(iter(split.y.values()))})
    return split
