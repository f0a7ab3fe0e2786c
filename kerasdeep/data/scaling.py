"""Shift and scale of numbers: fitted with scikit-learn in blocks of rows, applied in NumPy or, in exports, by Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import keras

QUANTILE_ROWS, QUANTILE_VALUES = 1 << 18, 1 << 26
"""Rows, and values of all columns, that quantiles are taken of; of more, evenly spaced rows."""
BLOCK_ROWS = 4096
"""Rows that are scaled at once: scikit-learn and NumPy work in float64, of which little should exist at a time."""


class Rows(Protocol):
    """Rows of numbers, in memory or not, that are read a slice at a time."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice) -> np.ndarray: ...


def row_blocks(values: Rows | np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(values), BLOCK_ROWS):
        yield values[start : start + BLOCK_ROWS]


def fit_offset_and_scale(values: Rows | np.ndarray, scaling: str) -> tuple[np.ndarray, np.ndarray]:
    """Offset and scale of each column of `values`, `(rows, columns)`; scaled = (value − offset) / scale.

    `unit` divides a column by its largest absolute value, `minmax` maps its range onto 0 … 1, `standardize` gives it
    mean 0 and deviation 1, `robust` median 0 and quartiles one apart (the range two apart where they are equal).
    """
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

    width = values.shape[1]
    if scaling == "none":
        return np.zeros(width), np.ones(width)
    if scaling == "robust":
        return _median_and_quartiles(values)
    scaler = {"standardize": StandardScaler, "minmax": MinMaxScaler, "unit": MaxAbsScaler}[scaling]()
    for block in row_blocks(values):
        scaler.partial_fit(block)
    if scaling == "minmax":
        return scaler.data_min_, 1 / scaler.scale_
    return scaler.mean_ if scaling == "standardize" else np.zeros(width), scaler.scale_


def _median_and_quartiles(values: Rows | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each column; where quartiles are equal, half the range takes their place, and 1 where that is 0, too."""
    rows = max(1, min(QUANTILE_ROWS, QUANTILE_VALUES // max(1, values.shape[1])))
    step = max(1, math.ceil(len(values) / rows))
    sample = np.concatenate([np.asarray(block[::step], np.float64) for block in row_blocks(values)])
    low, middle, high = np.quantile(sample, [0.25, 0.5, 0.75], axis=0)
    half_range = (sample.max(axis=0) - sample.min(axis=0)) / 2
    scale = np.where(high > low, high - low, half_range)
    return middle, np.where(scale > 0, scale, 1.0)


def scale_with_keras(raw: keras.KerasTensor, fill: Any, offset: Any, scale: Any) -> keras.KerasTensor:
    """(raw − offset) / scale in float32, with `fill` for missing numbers where it is known."""
    from keras import ops

    # NumPy, not tensors: a converter takes tensors from outside its graph for inputs.
    fill, offset, scale = (np.asarray(values, np.float32) for values in (fill, offset, scale))
    if np.isfinite(fill).all():
        # In two steps: the onnx converter turns other conditions into a multiplication, which lets NaN pass.
        for is_missing in (ops.isnan, ops.isinf):
            raw = ops.where(is_missing(raw), fill, raw)
    shifted = raw - offset if np.any(offset) else raw
    return shifted / scale if np.any(scale != 1) else shifted


def quantiles(values: np.ndarray, levels: list[float], weights: np.ndarray | None = None) -> np.ndarray:
    """The quantiles of a vector; of weighted values the least one that has the level's share of the weight below it."""
    if weights is None:
        return np.quantile(values, levels)
    return np.quantile(values, levels, weights=weights, method="inverted_cdf")


def summarize_numbers(values: np.ndarray) -> dict[str, float]:
    """Mean, deviation and range, for the profile."""
    return {key: float(getattr(values, key)()) for key in ("mean", "std", "min", "max")}
