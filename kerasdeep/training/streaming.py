"""Data that are too large to be placed, as chunks of several steps: gathered beside the training, placed in turn.

The rows of a chunk lie in the order of its steps, so a step takes what it would take from the whole. Every chunk
of full batches has the same number of rows, the last one filled up with rows that no step reaches: another shape
would compile anew. A background thread gathers the next chunk and no more, so that memory does not grow with the
data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np

from kerasdeep.data.rows import Rows

CHUNK_BYTES = 32 << 20
CHUNKS = 3  # at once, at most: the one at work, the next one, and that on its way to the device


@dataclass(frozen=True, slots=True)
class Chunk:
    """Steps `first` … `end` - 1 of a pass, over data and the order of their rows as they are placed."""

    first: int
    end: int
    data: Any
    order: Any


def is_streamed(data: Any) -> bool:
    return any(isinstance(array, Rows) for array in keras.tree.flatten(data))


def chunk_steps(data: Any, batch: int) -> int:
    """Steps in a full chunk: as many as `CHUNK_BYTES` hold, at least one."""
    row = sum(prod(array.shape[1:]) * array.dtype.itemsize for array in keras.tree.flatten(data))
    return max(1, CHUNK_BYTES // max(1, batch * row))


class Whole:
    """Placed data as the one chunk that they are."""

    def __init__(self, data: Any, order: Any, steps: int) -> None:
        self.steps = steps
        self._chunk = Chunk(0, steps, data, order)

    def at(self, step: int) -> Chunk:
        return self._chunk


class Passing:
    """One pass over streamed `data` in the order of rows that `order` gives, from step `first` on.

    `place` puts arrays on the device.
    """

    def __init__(
        self, data: Any, order: np.ndarray, batch: int, place: Callable[[Any], Any], first: int = 0
    ) -> None:
        self._data, self._order, self._batch, self._place = data, order, batch, place
        self.steps = -(-len(order) // batch)
        self._ranges: dict[int, Any] = {}
        self._coming = self._steps(first)
        self._pool = ThreadPoolExecutor(1, "chunks")
        self._next: Future | None = None
        self._here: Chunk | None = None
        self._prefetch()

    def at(self, step: int) -> Chunk:
        """The chunk of that step; steps are asked for in their order."""
        while self._here is None or step >= self._here.end:
            first, end, arrays = self._next.result()
            self._next = self._here = None  # their memory goes before more is taken
            rows = keras.tree.flatten(arrays)[0].shape[0]
            self._here = Chunk(first, end, self._place(arrays), self._range(rows))
            del arrays
            self._prefetch()
        return self._here

    def _prefetch(self) -> None:
        coming = next(self._coming, None)
        if coming is None:
            self._pool.shutdown(wait=False)
        else:
            self._next = self._pool.submit(self._gather, *coming)

    def _gather(self, first: int, end: int, numbers: np.ndarray) -> tuple[int, int, Any]:
        return first, end, keras.tree.map_structure(lambda array: array[numbers], self._data)

    def _range(self, rows: int) -> Any:
        if rows not in self._ranges:
            self._ranges[rows] = self._place(np.arange(rows, dtype=np.int32))
        return self._ranges[rows]

    def _steps(self, step: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """The chunks from that of `step` on: first and last step, and the numbers of their rows."""
        full, size = len(self._order) // self._batch, chunk_steps(self._data, self._batch)
        size = min(size, full) or 1
        for first in range(min(step, full) // size * size, full, size):
            end = min(first + size, full)
            numbers = self._order[first * self._batch : end * self._batch]
            yield first, end, np.pad(numbers, (0, size * self._batch - len(numbers)), mode="edge")
        if full * self._batch < len(self._order):
            yield full, full + 1, self._order[full * self._batch :]
