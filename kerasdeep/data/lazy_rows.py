"""Rows that stay where they are until a few of them are asked for: data larger than memory."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

BLOCK = 512
"""Rows read from one opening of a file: pages of a map count as memory as long as it is open."""


class NpyFile:
    """The rows of one `.npy` file, read from a memory map when they are asked for.

    Raises OSError for another file, ValueError for one that holds pickled objects.
    """

    nbytes = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:
                raise OSError(f"{path.name} is none")
        opened = self._open()
        self.shape, self.dtype, self.ndim, self.size = opened.shape, opened.dtype, opened.ndim, opened.size

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.array(self._open()[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(np.load(self._path, allow_pickle=False), dtype)

    def _open(self) -> np.ndarray:
        return np.load(self._path, mmap_mode="r", allow_pickle=False)


class LazyRows:
    """Those rows of `source` that `numbers` names, in this order; by a rule, as the network wants them.

    It is indexed like an array of shape `(rows, ...)`, by a number, a slice or row numbers, and gives arrays.
    `nbytes` is what it keeps in memory.
    """

    def __init__(self, source: Any, row_numbers: np.ndarray, transform: Any = None) -> None:
        self._source, self._row_numbers, self._transform = source, row_numbers, transform
        self.shape = (len(row_numbers), *(transform.shape if transform else source.shape[1:]))
        self.dtype = np.dtype(np.float32) if transform else source.dtype
        self.ndim, self.size, self.nbytes = len(self.shape), prod(self.shape), 0
        if len(source):
            self.nbytes = source.nbytes * len(row_numbers) // len(source)

    def __len__(self) -> int:
        return len(self._row_numbers)

    def __getitem__(self, rows: Any) -> np.ndarray:
        row_numbers = self._row_numbers[rows]
        if not isinstance(row_numbers, np.ndarray):
            return self._read(np.array([row_numbers]))[0]
        gathered = np.empty((len(row_numbers), *self.shape[1:]), self.dtype)
        sorted_by = np.argsort(row_numbers, kind="stable")  # neighbours in the file are read together
        for start in range(0, len(row_numbers), BLOCK):
            block = sorted_by[start : start + BLOCK]
            gathered[block] = self._read(row_numbers[block])
        return gathered

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def take_rows(self, rows: Any) -> LazyRows:
        """These rows, not read yet."""
        return LazyRows(self._source, self._row_numbers[rows], self._transform)

    def with_transform(self, transform: Any) -> LazyRows:
        """The same rows, each as `rule` makes it when it is read."""
        return LazyRows(self._source, self._row_numbers, transform)

    def _read(self, row_numbers: np.ndarray) -> np.ndarray:
        raw = self._source[row_numbers]
        return self._transform.apply(raw) if self._transform else raw
