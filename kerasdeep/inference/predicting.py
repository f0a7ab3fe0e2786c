"""Predictions as a table: the input's own columns, and what the model says beside them."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from kerasdeep.data import apply, read_raw
from kerasdeep.errors import InputError
from kerasdeep.inference import monte_carlo
from kerasdeep.inference.answering import Answer, answers, outputs
from kerasdeep.inference.opening import Trained

STANDARD_INPUT = "-"


def predict(trained: Trained, source: str, samples: int | None = None) -> pd.DataFrame:
    """Answers to every row of `source`: a table, an `.npz`, a folder of pictures, a picture, a built-in data set,
    or `-` for a CSV on standard input.

    The table has the input's columns (for pictures and arrays `row`: the file's name or the row's number), then
    for each target `prediction`, `probability_<class>` and, with `samples`, what Monte Carlo dropout adds; with
    several targets their names stand in these. Raises InputError for inputs that do not fit the model.
    """
    with _path(source) as path:
        raw = read_raw(trained.preprocessing, path)
    x = apply(trained.preprocessing, raw.x)
    if samples is None:
        found = answers(trained.preprocessing, outputs(trained.model, x))
    else:
        moments = monte_carlo.sample(trained.model, x, samples, trained.spec.seed)
        means = {head: spread.mean for head, spread in moments.items()}
        found = answers(trained.preprocessing, means, moments)
    given = raw.columns if raw.columns is not None else pd.DataFrame({"row": raw.rows})
    return _beside(given, _columns(found))


@contextlib.contextmanager
def _path(source: str) -> Iterator[str]:
    if source != STANDARD_INPUT:
        yield source
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard-input.csv"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield str(path)


def _columns(found: list[Answer]) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for answer in found:
        of = f"_{answer.target.name}" if len(found) > 1 else ""
        columns[f"prediction{of}"] = answer.prediction
        if answer.probabilities is not None:
            for name, share in zip(answer.target.classes, answer.probabilities.T, strict=True):
                columns[f"probability{of}_{name}"] = share
        for name in ("std", "predictive_entropy", "mutual_information"):
            if (value := getattr(answer, name)) is not None:
                columns[f"{name}{of}"] = value
    return columns


def _beside(given: pd.DataFrame, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    taken = [name for name in columns if name in given.columns]
    if taken:
        message = f"The input has a column '{taken[0]}' already, where the answer goes. Rename or remove it."
        raise InputError(message, "column-taken")
    return pd.concat([given.reset_index(drop=True), pd.DataFrame(columns)], axis=1)
