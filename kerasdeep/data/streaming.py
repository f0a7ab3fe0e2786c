"""Whether rows are streamed, or lie in memory: a rule of sizes, on which nothing that is learned depends.

`data.stream` says so; on `auto`, what the rows take in memory, as the network wants them (float32) or as a table,
against a share of the machine's memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.column_store import ColumnStore
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.disk_cache import free_bytes
from kerasdeep.data.hardware import host_memory_bytes
from kerasdeep.data.lazy_rows import LazyRows, RowSource
from kerasdeep.data.types import ImageFormat, RawSplit, Source, StreamingDecision, input_arrays, map_inputs
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import keras_home

MAX_MEMORY_SHARE = 0.5
"""Of the machine's memory; placed data are copied once on their way, so more would not fit."""
FLOAT32_BYTES = 4
"""Bytes of a float32, as networks want their rows."""
_MIB, _GIB = 1 << 20, 1 << 30


def decide_by_size(needed_bytes: int, section: DataConfig) -> StreamingDecision:
    """The rule for a source that takes `needed_bytes` in memory."""
    if section.stream != "auto":
        return StreamingDecision(bool(section.stream), "as the file says")
    memory = host_memory_bytes()
    if memory is None:
        return StreamingDecision(False, "the system does not say how much memory there is")
    too_large = needed_bytes > MAX_MEMORY_SHARE * memory
    comparison = f"{needed_bytes / _MIB:,.1f} MiB in memory, {'more' if too_large else 'less'} than half of "
    return StreamingDecision(too_large, f"{comparison}{memory / _GIB:.1f} GiB")


def streaming_decision(source: Source, section: DataConfig) -> StreamingDecision:
    """What the reader chose, or the rule for arrays. Raises InputError for a built-in table to be streamed."""
    if source.streaming:
        return source.streaming
    if source.kind == "table":
        if section.stream is True:
            message = f"`data.stream` is true, but {section.source} is a built-in table, which lies in memory. "
            message += "Expected a source in a file or a folder; or leave `stream` out."
            raise InputError(message, "stream", section.location_or_key("stream"))
        return StreamingDecision(False, "a built-in table lies in memory")
    return decide_by_size(sum(_float32_bytes(split.x, source.image) for split in source.splits.values()), section)


@contextmanager
def explain_full_disk(path: Path, needed_bytes: int, location: SourceLocation | None) -> Iterator[None]:
    """Raises InputError where a disk that is full, or may not be written, keeps a table from being encoded."""
    try:
        yield
    except OSError as error:
        message = f"{path} does not fit into memory and must be encoded into files in {keras_home()}, which is not "
        message += f"writable: {error.strerror or error}. They take about {needed_bytes / _GIB:,.1f} GiB, "
        message += f"{free_bytes() / _GIB:,.1f} are free. Set KERAS_HOME to a folder with more room, or "
        message += "`data.stream: false` where memory allows."
        raise InputError(message, "no-room", location) from error


def stream_if_exceeds_device(dataset: Dataset, section: DataConfig, device_bytes: int | None) -> Dataset:
    """The data set with rows that go to the card in chunks, where all of them would take too much of its memory.

    `device_bytes` is its memory, None for a device that shares the machine's.
    """
    fit_splits = [split for split in (dataset.train, dataset.validation) if split is not None]
    total_bytes = sum(array.nbytes for split in fit_splits for array in input_arrays(split.x).values())
    if device_bytes is None or section.stream != "auto" or total_bytes <= MAX_MEMORY_SHARE * device_bytes:
        return dataset
    reason = f"{total_bytes / _MIB:,.1f} MiB, more than half of the card's {device_bytes / _GIB:.1f} GiB"
    lazy: dict[str, Any] = {name: replace(s, x=map_inputs(_as_lazy, s.x)) for name, s in dataset.splits.items()}
    return replace(dataset, **lazy, profile={**dataset.profile, "stream": asdict(StreamingDecision(True, reason))})


def as_lazy_or_array(split: RawSplit, streamed: bool) -> RawSplit:
    """The split with rows that are read on demand, or in memory."""
    if hasattr(split.x, "columns"):
        return split
    return replace(split, x=map_inputs(_as_lazy if streamed else np.asarray, split.x))


def is_streamed(x: Any) -> bool:
    """Whether `x`, rows or a mapping of them by input, is read on demand."""
    return any(isinstance(array, LazyRows | ColumnStore) for array in input_arrays(x).values())


def _as_lazy(array: RowSource) -> LazyRows:
    return array if isinstance(array, LazyRows) else LazyRows(array, np.arange(len(array)))


def _float32_bytes(x: Any, image: ImageFormat | None) -> int:
    return sum(
        len(array) * prod(image.shape if image else array.shape[1:]) * FLOAT32_BYTES
        for array in input_arrays(x).values()
    )
