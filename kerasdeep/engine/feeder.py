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

from kerasdeep.data.lazy_rows import LazyRows

CHUNK_BYTES = 32 << 20
MAX_CHUNKS_IN_MEMORY = 3  # at once, at most: the one at work, the next one, and that on its way to the device


@dataclass(frozen=True, slots=True)
class Chunk:
    """Steps `start` … `end` - 1 of a pass: the data and the order of their rows, (rows,) int32, on the device."""

    start: int
    end: int
    data: Any
    order: Any


def is_streamed(data: Any) -> bool:
    """Whether any array in `data` is read from the disk row by row."""
    return any(isinstance(array, LazyRows) for array in keras.tree.flatten(data))


def steps_per_chunk(data: Any, batch: int) -> int:
    """Steps in a full chunk: as many as `CHUNK_BYTES` hold, at least one."""
    row_bytes = sum(prod(array.shape[1:]) * array.dtype.itemsize for array in keras.tree.flatten(data))
    return max(1, CHUNK_BYTES // max(1, batch * row_bytes))


class InMemoryPass:
    """Data on the device, as one chunk of `steps` steps."""

    def __init__(self, data: Any, order: Any, steps: int) -> None:
        self.steps = steps
        self._chunk = Chunk(0, steps, data, order)

    def chunk_at(self, step: int) -> Chunk:
        """The one chunk, whatever the step."""
        return self._chunk


class StreamedPass:
    """One pass over streamed data.

    Args:
        data: Arrays and `LazyRows`, in tuples and dicts.
        order: (rows,): the rows in the order in which they are taken.
        batch: Rows of a step.
        to_device: Puts arrays on the device.
        start_step: The first step of the pass.
    """

    def __init__(
        self, data: Any, order: np.ndarray, batch: int, to_device: Callable[[Any], Any], start_step: int = 0
    ) -> None:
        self._data, self._order, self._batch, self._to_device = data, order, batch, to_device
        self.steps = -(-len(order) // batch)
        self._row_orders: dict[int, Any] = {}
        self._chunk_ranges = self._iter_chunk_ranges(start_step)
        self._pool = ThreadPoolExecutor(1, "chunks")
        self._next_arrays: Future | None = None
        self._current: Chunk | None = None
        self._prefetch()

    def chunk_at(self, step: int) -> Chunk:
        """The chunk of that step; steps are asked for in their order."""
        while self._current is None or step >= self._current.end:
            assert self._next_arrays is not None  # the last chunk ends with the last step
            start, end, arrays = self._next_arrays.result()
            self._next_arrays = self._current = None  # their memory goes before more is taken
            rows = keras.tree.flatten(arrays)[0].shape[0]
            self._current = Chunk(start, end, self._to_device(arrays), self._row_order(rows))
            del arrays
            self._prefetch()
        return self._current

    def _prefetch(self) -> None:
        chunk_range = next(self._chunk_ranges, None)
        if chunk_range is None:
            self._pool.shutdown(wait=False)
        else:
            self._next_arrays = self._pool.submit(self._gather, *chunk_range)

    def _gather(self, start: int, end: int, row_indices: np.ndarray) -> tuple[int, int, Any]:
        return start, end, keras.tree.map_structure(lambda array: array[row_indices], self._data)

    def _row_order(self, rows: int) -> Any:
        if rows not in self._row_orders:
            self._row_orders[rows] = self._to_device(np.arange(rows, dtype=np.int32))
        return self._row_orders[rows]

    def _iter_chunk_ranges(self, step: int) -> Iterator[tuple[int, int, np.ndarray]]:
        """The chunks from that of `step` on: first and last step, and the numbers of their rows."""
        full_steps, chunk_size = len(self._order) // self._batch, steps_per_chunk(self._data, self._batch)
        chunk_size = min(chunk_size, full_steps) or 1
        for start in range(min(step, full_steps) // chunk_size * chunk_size, full_steps, chunk_size):
            end = min(start + chunk_size, full_steps)
            row_indices = self._order[start * self._batch : end * self._batch]
            yield start, end, np.pad(row_indices, (0, chunk_size * self._batch - len(row_indices)), mode="edge")
        if full_steps * self._batch < len(self._order):
            yield full_steps, full_steps + 1, self._order[full_steps * self._batch :]
