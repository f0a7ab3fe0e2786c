"""The tables that defaults are measured on, as CSV files: real ones and generated ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

TARGET = "target"


def california() -> pd.DataFrame:
    """As kerasdeep's built-in set reads it: Keras downloads it, or takes it from KERAS_HOME."""
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


def moons() -> pd.DataFrame:
    """Two moons among 18 columns of noise."""
    x, y = datasets.make_moons(2000, noise=0.25, random_state=0)
    noise = np.random.default_rng(0).normal(size=(2000, 18))
    return _frame(np.hstack([x, noise]), np.array(["lower", "upper"])[y])


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "california": california,
    "breast_cancer": lambda: _frame(*datasets.load_breast_cancer(return_X_y=True)),
    "digits": lambda: _frame(*datasets.load_digits(return_X_y=True)),
    "diabetes": lambda: _frame(*datasets.load_diabetes(return_X_y=True)),
    "friedman": lambda: _frame(*datasets.make_friedman1(2000, noise=1.0, random_state=0)),
    "moons": moons,
    "hinge": hinge,
}


def write(name: str, folder: Path) -> Path:
    """The table's CSV file."""
    path = folder / f"{name}.csv"
    TABLES[name]().to_csv(path, index=False)
    return path


def _frame(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(x, columns=[f"x{n}" for n in range(x.shape[1])]).assign(**{TARGET: y})
