"""Fit the preprocessing rule on the training rows with scikit-learn, and keep what it learned as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data.dataset import INPUT, RawPart, Source, place
from kerasdeep.data.preprocessing import BLOCK, ArrayRule, TableRule
from kerasdeep.data.rows import Rows
from kerasdeep.errors import Report

if TYPE_CHECKING:
    from kerasdeep.data.columns import Column
    from kerasdeep.data.images import ImageRule

LARGE = 20.0
COLUMN_BYTES = 1 << 30


def fit_inputs(
    train: RawPart, source: Source, columns: list[Column] | None, section: Any, report: Report
) -> dict[str, TableRule | ArrayRule]:
    """A rule for each input, fitted on the training rows alone."""
    if columns is not None:
        return {INPUT: fit_table(train.x, columns, section.scaling)}
    inputs = train.x if isinstance(train.x, dict) else {INPUT: train.x}
    return {name: fit_array(array, source, section, report) for name, array in inputs.items()}


def fit_table(frame: Any, columns: list[Column], scaling: str) -> TableRule:
    """Numbers: median for missing values, then `scaling` (auto: standardize). Categories: one column per value.

    `unit` divides a column by its largest absolute value, `minmax` maps its range onto 0 … 1.
    """
    from kerasdeep.data.columns import as_numbers, as_text

    used = [column for column in columns if column.left_out is None]
    numbers = [column.name for column in used if column.kind != "category"]
    names = [column.name for column in used if column.kind == "category"]
    fitted = [_fit_number(as_numbers(frame[name]), scaling) for name in numbers]
    fill, offset, scale = np.array(fitted).T if fitted else np.zeros((3, 0))
    categories = {name: _categories(as_text(frame[name])) for name in names}
    return TableRule(numbers, categories, fill, offset, scale)


def _fit_number(values: np.ndarray, scaling: str) -> tuple[float, float, float]:
    """(fill, offset, scale) of a column; of one alone, since a table may be larger than memory."""
    from sklearn.impute import SimpleImputer

    values = np.where(np.isfinite(values), values, np.nan)[:, None]
    imputer = SimpleImputer(strategy="median").fit(values)
    offset, scale = _offset_and_scale(imputer.transform(values), "standardize" if scaling == "auto" else scaling)
    return imputer.statistics_[0], offset[0], scale[0]


def _categories(texts: np.ndarray) -> list[str | None]:
    from sklearn.preprocessing import OneHotEncoder

    return list(OneHotEncoder(handle_unknown="ignore").fit(texts[:, None]).categories_[0])


def _offset_and_scale(values: np.ndarray | _Flat, scaling: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

    width = values.shape[1]
    if scaling == "none":
        return np.zeros(width), np.ones(width)
    scaler = {"standardize": StandardScaler, "minmax": MinMaxScaler, "unit": MaxAbsScaler}[scaling]()
    for block in _blocks(values):  # scikit-learn works in float64: in blocks, memory stays small
        scaler.partial_fit(block)
    if scaling == "minmax":
        return scaler.data_min_, 1 / scaler.scale_
    return scaler.mean_ if scaling == "standardize" else np.zeros(width), scaler.scale_


def fit_array(array: np.ndarray, source: Source, section: Any, report: Report) -> ArrayRule:
    """Pictures and other arrays.

    `auto` is unit for pictures, standardize for rows of rank 1, and none for other arrays. `unit` divides the
    whole array by one number: 255 for bytes (16 for digits), otherwise the largest absolute training value.
    `standardize` gives every position (pixel) mean 0 and deviation 1 over the training rows, as scikit-learn's
    StandardScaler does on flattened rows; `minmax` maps every position's range onto 0 … 1.
    """
    rule = source.image if source.kind == "image" else None
    streamed = isinstance(array, Rows)
    if rule:
        from kerasdeep.data.images import conform

        array = array if streamed else conform(array, rule)
    shape = rule.shape if rule and streamed else array.shape[1:]
    flat = _Flat(array, rule, shape) if streamed else array.reshape(len(array), -1)
    scaling = section.scaling
    if scaling == "auto":
        scaling = "unit" if source.kind == "image" else "standardize" if array.ndim == 2 else "none"
    fill = np.array(np.nan)
    if array.dtype.kind == "f":
        fill, flat = _impute(flat, shape, section, report)
    if scaling == "unit":
        return ArrayRule(shape, fill, np.array(0.0), np.array(float(_unit(flat, source))), rule)
    if scaling == "none":
        largest = _largest(flat)
        if section.scaling == "auto" and largest > LARGE:
            message = (
                f"The inputs reach {largest:g} and are not scaled. Networks expect numbers near 0: "
                "choose `scaling: unit`, standardize or minmax, or `none` to say that this is meant."
            )
            report.warn("unscaled-inputs", message, place(section, "scaling"))
        return ArrayRule(shape, fill, np.array(0.0), np.array(1.0), rule)
    offset, scale = _offset_and_scale(flat, scaling)
    return ArrayRule(shape, fill, offset.reshape(shape), scale.reshape(shape), rule)


def _impute(
    flat: np.ndarray | _Flat, shape: tuple[int, ...], section: Any, report: Report
) -> tuple[np.ndarray, np.ndarray | _Flat]:
    """Medians for rows of rank 1, where every position is a feature; elsewhere a missing number is an error."""
    gaps = sum(int((~np.isfinite(block)).sum()) for block in _blocks(flat))
    if len(shape) > 1:
        if gaps:
            message = f"The inputs have {gaps} missing or infinite numbers. "
            message += f"Expected none in arrays of rank {len(shape) + 1}."
            report.error("nan-input", message, place(section, "source"))
            report.raise_if_errors()
        return np.array(np.nan), flat
    if gaps:
        message = f"{gaps} missing or infinite numbers are replaced by the median of their column."
        report.warn("imputed", message, place(section, "source"))
    fill = np.concatenate([_medians(columns) for columns in _columns(flat)])
    return fill, _filled(flat, fill) if gaps else flat


def _medians(columns: np.ndarray) -> np.ndarray:
    from sklearn.impute import SimpleImputer

    known = np.where(np.isfinite(columns), columns, np.nan)
    return SimpleImputer(strategy="median", keep_empty_features=True).fit(known).statistics_


def _columns(flat: np.ndarray | _Flat) -> Iterator[np.ndarray]:
    """Groups of whole columns: as many as fit into some memory, since a median needs a column at once."""
    rows, width = flat.shape
    group = max(1, COLUMN_BYTES // (8 * rows))
    for start in range(0, width, group):
        yield np.concatenate([block[:, start : start + group] for block in _blocks(flat)])


def _filled(flat: np.ndarray | _Flat, fill: np.ndarray) -> np.ndarray | _Flat:
    if isinstance(flat, _Flat):
        return flat.filled(fill)
    return np.where(np.isfinite(flat), flat, fill)


def _unit(flat: np.ndarray | _Flat, source: Source) -> float:
    if source.unit:
        return source.unit
    if flat.dtype.kind in "ub" and flat.dtype.itemsize <= 2:
        return float(np.iinfo(flat.dtype).max) if flat.dtype.kind == "u" else 1.0
    return _largest(flat) or 1.0


def _largest(flat: np.ndarray | _Flat) -> float:
    return max(float(np.abs(block).max()) for block in _blocks(flat))


def _blocks(values: np.ndarray | _Flat) -> Iterator[np.ndarray]:
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]


class _Flat:
    """Streamed rows as vectors, a block of them at a time: what fitting takes of an array."""

    def __init__(
        self, rows: Rows, rule: ImageRule | None, shape: tuple[int, ...], fill: np.ndarray | None = None
    ) -> None:
        self._rows, self._rule, self._shape, self._fill = rows, rule, shape, fill
        self.shape, self.dtype = (len(rows), prod(shape)), rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def filled(self, fill: np.ndarray) -> _Flat:
        """The same vectors with `fill` for missing numbers."""
        return _Flat(self._rows, self._rule, self._shape, fill)

    def __getitem__(self, rows: slice) -> np.ndarray:
        block = self._rows[rows]
        if self._rule:
            from kerasdeep.data.images import conform

            block = conform(block, self._rule)
        block = block.reshape(len(block), -1)
        return block if self._fill is None else np.where(np.isfinite(block), block, self._fill)
