"""Rows that stay where they are until a few of them are asked for: data larger than memory."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

BLOCK = 512
"""Rows read from one opening of a file: pages of a map count as memory as long as it is open."""


class Stored:
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


class Rows:
    """Those rows of `source` that `numbers` names, in this order; by a rule, as the network wants them.

    It is indexed like an array of shape `(rows, ...)`, by a number, a slice or row numbers, and gives arrays.
    `nbytes` is what it keeps in memory.
    """

    def __init__(self, source: Any, numbers: np.ndarray, rule: Any = None) -> None:
        self._source, self._numbers, self._rule = source, numbers, rule
        self.shape = (len(numbers), *(rule.shape if rule else source.shape[1:]))
        self.dtype = np.dtype(np.float32) if rule else source.dtype
        self.ndim, self.size, self.nbytes = len(self.shape), prod(self.shape), 0
        if len(source):
            self.nbytes = source.nbytes * len(numbers) // len(source)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, rows: Any) -> np.ndarray:
        numbers = self._numbers[rows]
        if not isinstance(numbers, np.ndarray):
            return self._read(np.array([numbers]))[0]
        found = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        sorted_by = np.argsort(numbers, kind="stable")  # neighbours in the file are read together
        for start in range(0, len(numbers), BLOCK):
            block = sorted_by[start : start + BLOCK]
            found[block] = self._read(numbers[block])
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def take_rows(self, rows: Any) -> Rows:
        """These rows, not read yet."""
        return Rows(self._source, self._numbers[rows], self._rule)

    def prepared(self, rule: Any) -> Rows:
        """The same rows, each as `rule` makes it when it is read."""
        return Rows(self._source, self._numbers, rule)

    def _read(self, numbers: np.ndarray) -> np.ndarray:
        raw = self._source[numbers]
        return self._rule.apply(raw) if self._rule else raw
