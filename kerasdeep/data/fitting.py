"""Fit the transforms of the inputs on the training rows."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.data.preprocessing import ArrayTransform, TableTransform, Transform
from kerasdeep.data.scaling import fit_offset_and_scale, row_blocks
from kerasdeep.data.types import INPUT, ImageFormat, RawSplit, Source, input_arrays
from kerasdeep.errors import Problems

if TYPE_CHECKING:
    from kerasdeep.data.columns import Column

MAX_UNSCALED = 20.0
MAX_COLUMN_GROUP_BYTES = 1 << 30


def fit_inputs(
    train: RawSplit, source: Source, columns: list[Column] | None, section: DataConfig, problems: Problems
) -> dict[str, Transform]:
    """A transform for each input, fitted on the training rows alone."""
    if columns is not None:
        return fit_table(train.x, columns, section)
    return {name: fit_array(array, source, section, problems) for name, array in input_arrays(train.x).items()}


def fit_table(frame: Any, columns: list[Column], section: DataConfig) -> dict[str, Transform]:
    """Each column that is used with the encoder of its kind: those with an input of their own by their names, all
    others in one input, those with a single feature first."""
    from kerasdeep.data.encoders import ENCODERS

    # One column after another, since a table may be larger than memory.
    encoders = [
        ENCODERS[column.kind].fit(column.name, frame[column.name], section)
        for column in columns
        if column.kind is not None and column.exclusion_reason is None
    ]
    shared = [encoder for encoder in encoders if not encoder.own_input]
    apart = [encoder for encoder in encoders if encoder.own_input]
    if not shared and len(apart) == 1:
        return {INPUT: TableTransform(apart)}
    inputs = {INPUT: TableTransform(sorted(shared, key=lambda encoder: not encoder.scalar))} if shared else {}
    names = {encoder.name if encoder.name != INPUT else f"{INPUT}_column": encoder for encoder in apart}
    return {**inputs, **{name: TableTransform([encoder]) for name, encoder in names.items()}}


def fit_array(array: np.ndarray | LazyRows, source: Source, section: DataConfig, problems: Problems) -> ArrayTransform:
    """Pictures and other arrays.

    `auto` is unit for pictures, standardize for rows of rank 1, and none for other arrays. `unit` divides the
    whole array by one number: 255 for bytes (16 for digits), otherwise the largest absolute training value.
    `standardize` gives every position (pixel) mean 0 and deviation 1 over the training rows, as scikit-learn's
    StandardScaler does on flattened rows; `minmax` maps every position's range onto 0 … 1.
    """
    image_format = source.image if source.kind == "image" else None
    flat: np.ndarray | _FlatRows
    if isinstance(array, LazyRows):
        shape = image_format.shape if image_format else array.shape[1:]
        flat = _FlatRows(array, image_format, shape)
    else:
        if image_format:
            from kerasdeep.data.images import to_image_format

            array = to_image_format(array, image_format)
        shape, flat = array.shape[1:], array.reshape(len(array), -1)
    scaling = section.scaling
    if scaling == "auto":
        scaling = "unit" if source.kind == "image" else "standardize" if array.ndim == 2 else "none"
    fill = np.array(np.nan)
    if array.dtype.kind == "f":
        fill, flat = _impute(flat, shape, section, problems)
    if scaling == "unit":
        return ArrayTransform(shape, fill, np.array(0.0), np.array(float(_max_value(flat, source))), image_format)
    if scaling == "none":
        largest = _max_abs(flat)
        if section.scaling == "auto" and largest > MAX_UNSCALED:
            message = (
                f"The inputs reach {largest:g} and are not scaled. Networks expect numbers near 0: "
                "choose `scaling: unit`, standardize or minmax, or `none` to say that this is meant."
            )
            problems.warn("unscaled-inputs", message, section.location_or_key("scaling"))
        return ArrayTransform(shape, fill, np.array(0.0), np.array(1.0), image_format)
    offset, scale = fit_offset_and_scale(flat, scaling)
    return ArrayTransform(shape, fill, offset.reshape(shape), scale.reshape(shape), image_format)


def _impute(
    flat: np.ndarray | _FlatRows, shape: tuple[int, ...], section: DataConfig, problems: Problems
) -> tuple[np.ndarray, np.ndarray | _FlatRows]:
    """Medians for rows of rank 1, where every position is a feature; elsewhere a missing number is an error."""
    missing_count = sum(int((~np.isfinite(block)).sum()) for block in row_blocks(flat))
    if len(shape) > 1:
        if missing_count:
            message = f"The inputs have {missing_count} missing or infinite numbers. "
            message += f"Expected none in arrays of rank {len(shape) + 1}."
            problems.error("nan-input", message, section.location_or_key("source"))
            problems.raise_if_errors()
        return np.array(np.nan), flat
    if missing_count:
        message = f"{missing_count} missing or infinite numbers are replaced by the median of their column."
        problems.warn("imputed", message, section.location_or_key("source"))
    fill = np.concatenate([_medians(columns) for columns in _column_groups(flat)])
    return fill, _fill_missing(flat, fill) if missing_count else flat


def _medians(columns: np.ndarray) -> np.ndarray:
    from sklearn.impute import SimpleImputer

    finite_or_nan = np.where(np.isfinite(columns), columns, np.nan)
    return SimpleImputer(strategy="median", keep_empty_features=True).fit(finite_or_nan).statistics_


def _column_groups(flat: np.ndarray | _FlatRows) -> Iterator[np.ndarray]:
    """Groups of whole columns: as many as fit into some memory, since a median needs a column at once."""
    rows, width = flat.shape
    group = max(1, MAX_COLUMN_GROUP_BYTES // (8 * rows))
    for start in range(0, width, group):
        yield np.concatenate([block[:, start : start + group] for block in row_blocks(flat)])


def _fill_missing(flat: np.ndarray | _FlatRows, fill: np.ndarray) -> np.ndarray | _FlatRows:
    if isinstance(flat, _FlatRows):
        return flat.with_fill(fill)
    return np.where(np.isfinite(flat), flat, fill)


def _max_value(flat: np.ndarray | _FlatRows, source: Source) -> float:
    if source.pixel_max:
        return source.pixel_max
    if flat.dtype.kind == "b":
        return 1.0
    if flat.dtype.kind == "u" and flat.dtype.itemsize <= 2:
        return 2.0 ** (8 * flat.dtype.itemsize) - 1
    return _max_abs(flat) or 1.0


def _max_abs(flat: np.ndarray | _FlatRows) -> float:
    return max(float(np.abs(block).max()) for block in row_blocks(flat))


class _FlatRows:
    """Streamed rows as vectors, a block of them at a time: what fitting takes of an array."""

    def __init__(
        self, rows: LazyRows, image_format: ImageFormat | None, shape: tuple[int, ...], fill: np.ndarray | None = None
    ) -> None:
        self._rows, self._image_format, self._shape, self._fill = rows, image_format, shape, fill
        self.shape, self.dtype = (len(rows), prod(shape)), rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def with_fill(self, fill: np.ndarray) -> _FlatRows:
        """The same vectors with `fill` for missing numbers."""
        return _FlatRows(self._rows, self._image_format, self._shape, fill)

    def __getitem__(self, rows: slice) -> np.ndarray:
        block = self._rows[rows]
        if self._image_format:
            from kerasdeep.data.images import to_image_format

            block = to_image_format(block, self._image_format)
        block = block.reshape(len(block), -1)
        return block if self._fill is None else np.where(np.isfinite(block), block, self._fill)
