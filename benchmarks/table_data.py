"""The tables that defaults are measured on, as CSV files: real ones and generated ones."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

from kerasdeep.data.readers.builtin import load_builtin

TARGET = "target"


def california() -> pd.DataFrame:
    """As kerasdeep's built-in set reads it: Keras downloads it, or takes it from KERAS_HOME. A CSV file with the target
    in its last column stands for it where CALIFORNIA_CSV names one."""
    if "CALIFORNIA_CSV" in os.environ:
        rows = pd.read_csv(os.environ["CALIFORNIA_CSV"])
        return rows.rename(columns={rows.columns[-1]: TARGET})
    from keras.datasets import california_housing

    parts = california_housing.load_data(version="large")
    x, y = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    return _frame(x, y / 100_000)


def hinge() -> pd.DataFrame:
    """A slope that begins at a value and depends on one category, and an offset by another, with noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 4)) * [1, 10, 0.1, 1]
    offset, slope = rng.integers(0, 6, 3000), rng.integers(0, 3, 3000)
    y = 3 * np.maximum(0, x[:, 0] - 0.5) * np.array([1, -1, 2])[slope] + offset - 2
    y += np.maximum(0, -x[:, 1] / 10) + 0.3 * rng.normal(size=3000)
    return _frame(x, y).assign(offset=[f"o{n}" for n in offset], slope=[f"s{n}" for n in slope])


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "california": california,
    "breast_cancer": lambda: _frame(*datasets.load_breast_cancer(return_X_y=True)),
    "digits": lambda: _frame(*datasets.load_digits(return_X_y=True)),
    "diabetes": lambda: _frame(*datasets.load_diabetes(return_X_y=True)),
    "friedman": lambda: _built_in("friedman1"),
    "moons": lambda: _built_in("two_moons"),
    "hinge": hinge,
}


def write(name: str, folder: Path) -> Path:
    """The table's CSV file."""
    path = folder / f"{name}.csv"
    TABLES[name]().to_csv(path, index=False)
    return path


def _built_in(name: str) -> pd.DataFrame:
    source = load_builtin(name, None)
    ((target, y),) = source.splits["train"].y.items()
    names = source.class_names.get(target)
    return _frame(source.splits["train"].x.to_numpy(), y if names is None else np.array(names)[y])


def _frame(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(x, columns=[f"x{n}" for n in range(x.shape[1])]).assign(**{TARGET: y})
