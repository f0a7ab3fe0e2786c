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

from kerasdeep.data import read_for_prediction, transform_inputs
from kerasdeep.errors import InputError
from kerasdeep.inference import mc_dropout
from kerasdeep.inference.predictor import Predictor
from kerasdeep.inference.target_predictions import TargetPrediction, decode_predictions, predict_outputs

STANDARD_INPUT = "-"


def predict(predictor: Predictor, source: str, samples: int | None = None) -> pd.DataFrame:
    """Answers to every row of `source`: a table, an `.npz`, a folder of pictures, a picture, a built-in data set,
    or `-` for a CSV on standard input.

    The table has the input's columns (for pictures and arrays `row`: the file's name or the row's number), then
    for each target `prediction`, `probability_<class>` and, with `samples`, what Monte Carlo dropout adds; with
    several targets their names stand in these. Raises InputError for inputs that do not fit the model.
    """
    with _local_path(source) as path:
        raw = read_for_prediction(predictor.preprocessing, path)
    x = transform_inputs(predictor.preprocessing, raw.x)
    if samples is None:
        predictions = decode_predictions(predictor.preprocessing, predict_outputs(predictor.model, x))
    else:
        moments = mc_dropout.sample_outputs(predictor.model, x, samples, predictor.config.seed)
        means = {head: head_moments.mean for head, head_moments in moments.items()}
        predictions = decode_predictions(predictor.preprocessing, means, moments)
    input_columns = raw.columns if raw.columns is not None else pd.DataFrame({"row": raw.rows})
    return _join_columns(input_columns, _prediction_columns(predictions))


@contextlib.contextmanager
def _local_path(source: str) -> Iterator[str]:
    if source != STANDARD_INPUT:
        yield source
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard-input.csv"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield str(path)


def _prediction_columns(predictions: list[TargetPrediction]) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for prediction in predictions:
        suffix = f"_{prediction.target.name}" if len(predictions) > 1 else ""
        columns[f"prediction{suffix}"] = prediction.prediction
        if prediction.probabilities is not None:
            for name, probability in zip(prediction.target.classes, prediction.probabilities.T, strict=True):
                columns[f"probability{suffix}_{name}"] = probability
        for name in ("std", "predictive_entropy", "mutual_information"):
            if (value := getattr(prediction, name)) is not None:
                columns[f"{name}{suffix}"] = value
    return columns


def _join_columns(input_columns: pd.DataFrame, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    duplicates = [name for name in columns if name in input_columns.columns]
    if duplicates:
        message = f"The input has a column '{duplicates[0]}' already, where the answer goes. Rename or remove it."
        raise InputError(message, "column-taken")
    return pd.concat([input_columns.reset_index(drop=True), pd.DataFrame(columns)], axis=1)
