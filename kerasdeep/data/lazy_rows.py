"""Rows that stay where they are until a few of them are asked for: data larger than memory."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

ROWS_PER_READ = 512
"""Rows read from one opening of a file: pages of a map count as memory as long as it is open."""

RowNumbers = int | slice | np.ndarray


class RowSource(Protocol):
    """Rows that can be read by number: an array, a file, or what computes them. `nbytes` is what lies in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype
    ndim: int
    size: int
    nbytes: int

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any) -> np.ndarray: ...


class RowTransform(Protocol):
    """What makes rows ready for the network: float32 of `shape`, a row."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def apply(self, raw: Any) -> np.ndarray: ...


class NpyFile:
    """The rows of one `.npy` file, read from a memory map when they are asked for.

    Raises OSError for another file, ValueError for one that holds pickled objects.
    """

    nbytes = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise OSError(f"{path.name} is not a regular file")
        with path.open("rb") as file:
            if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:
                raise OSError(f"{path.name} is not a .npy file")
        opened = self._open()
        self.shape, self.dtype, self.ndim, self.size = opened.shape, opened.dtype, opened.ndim, opened.size

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: RowNumbers) -> np.ndarray:
        return np.array(self._open()[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(np.load(self._path, allow_pickle=False), dtype)

    def _open(self) -> np.ndarray:
        return np.load(self._path, mmap_mode="r", allow_pickle=False)


class LazyRows:
    """The rows `row_numbers` of `source`, in this order; with a transform, as the network wants them.

    It is indexed like an array of shape `(rows, ...)`, by a number, a slice or row numbers, and gives arrays.
    `nbytes` is what it keeps in memory.
    """

    def __init__(self, source: RowSource, row_numbers: np.ndarray, transform: RowTransform | None = None) -> None:
        self._source, self._row_numbers, self._transform = source, row_numbers, transform
        self.shape = (len(row_numbers), *(transform.shape if transform else source.shape[1:]))
        self.dtype = np.dtype(np.float32) if transform else source.dtype
        self.ndim, self.size, self.nbytes = len(self.shape), prod(self.shape), 0
        if len(source):
            self.nbytes = source.nbytes * len(row_numbers) // len(source)

    def __len__(self) -> int:
        return len(self._row_numbers)

    def __getitem__(self, rows: RowNumbers) -> np.ndarray:
        row_numbers = self._row_numbers[rows]
        if not isinstance(row_numbers, np.ndarray):
            return self._read(np.array([row_numbers]))[0]
        gathered = np.empty((len(row_numbers), *self.shape[1:]), self.dtype)
        sorted_by = np.argsort(row_numbers, kind="stable")  # neighbours in the file are read together
        for start in range(0, len(row_numbers), ROWS_PER_READ):
            block = sorted_by[start : start + ROWS_PER_READ]
            gathered[block] = self._read(row_numbers[block])
        return gathered

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def take_rows(self, rows: slice | np.ndarray) -> LazyRows:
        """These rows, not read yet."""
        return LazyRows(self._source, self._row_numbers[rows], self._transform)

    def with_transform(self, transform: RowTransform) -> LazyRows:
        """The same rows, each transformed when it is read."""
        return LazyRows(self._source, self._row_numbers, transform)

    def _read(self, row_numbers: np.ndarray) -> np.ndarray:
        raw = self._source[row_numbers]
        return self._transform.apply(raw) if self._transform else raw


def as_slice(index: np.ndarray) -> np.ndarray | slice:
    """`index` as a slice when its numbers follow one another."""
    if len(index) and index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all():
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
