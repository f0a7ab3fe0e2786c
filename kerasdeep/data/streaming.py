"""Whether rows are streamed, or lie in memory: a rule of sizes, on which nothing that is learned depends.

`data.stream` says so; on `auto`, what the rows take in memory, as the network wants them (float32) or as a table,
against a share of the machine's memory.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.column_store import ColumnStore
from kerasdeep.data.disk_cache import free_bytes
from kerasdeep.data.download import keras_home
from kerasdeep.data.hardware import host_memory_bytes
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.data.types import Dataset, RawSplit, Source
from kerasdeep.errors import InputError, SourceLocation

MAX_MEMORY_SHARE = 0.5
"""Of the machine's memory; placed data are copied once on their way, so more would not fit."""
FLOAT32_BYTES = 4
"""Bytes of a float32, as networks want their rows."""
NO_SPACE_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
_MIB, _GIB = 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class StreamingDecision:
    """Whether rows are streamed, and why; a sentence for `plan` and the facts."""

    streamed: bool
    reason: str


def decide_by_size(needed_bytes: int, section: DataConfig) -> StreamingDecision:
    """The rule for a source that takes `wanted` bytes in memory."""
    if section.stream != "auto":
        return StreamingDecision(section.stream, "as the file says")
    memory = host_memory_bytes()
    if memory is None:
        return StreamingDecision(False, "the system does not say how much memory there is")
    comparison = f"{needed_bytes / _MIB:,.1f} MiB in memory, {'more' if needed_bytes > MAX_MEMORY_SHARE * memory else 'less'} than half of "
    return StreamingDecision(needed_bytes > MAX_MEMORY_SHARE * memory, f"{comparison}{memory / _GIB:.1f} GiB")


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
        message = f"{path} does not fit into memory and is encoded into files below {keras_home()}, which cannot be "
        message += f"written: {error.strerror or error}. They take about {needed_bytes / _GIB:,.1f} GiB, "
        message += f"{free_bytes() / _GIB:,.1f} are free. Set KERAS_HOME to a folder with more room, or "
        message += "`data.stream: false` where memory allows."
        raise InputError(message, "no-room", location) from error


def stream_if_exceeds_device(dataset: Dataset, section: DataConfig, device_bytes: int | None) -> Dataset:
    """The data set with rows that go to the card in chunks, where all of them would take too much of its memory.

    `card` is its memory in bytes, None for a device that shares the machine's.
    """
    fit_splits = [split for split in (dataset.train, dataset.validation) if split is not None]
    arrays = [array for split in fit_splits for array in (split.x.values() if isinstance(split.x, dict) else [split.x])]
    total_bytes = sum(array.nbytes for array in arrays)
    if device_bytes is None or section.stream != "auto" or total_bytes <= MAX_MEMORY_SHARE * device_bytes:
        return dataset
    reason = f"{total_bytes / _MIB:,.1f} MiB, more than half of the card's {device_bytes / _GIB:.1f} GiB"
    splits = {
        key: None if (split := getattr(dataset, key)) is None else replace(split, x=_map_inputs(_as_lazy, split.x))
        for key in ("train", "validation", "test")
    }
    return replace(dataset, **splits, profile={**dataset.profile, "stream": asdict(StreamingDecision(True, reason))})


def as_lazy_or_array(split: RawSplit, streamed: bool) -> RawSplit:
    """The part with rows that are read on demand, or in memory."""
    if hasattr(split.x, "columns"):
        return split
    return replace(split, x=_map_inputs(_as_lazy if streamed else np.asarray, split.x))


def is_streamed(x: Any) -> bool:
    """Whether `x`, rows or a mapping of them by input, is read on demand."""
    return any(isinstance(array, LazyRows | ColumnStore) for array in (x.values() if isinstance(x, dict) else [x]))


def _map_inputs(change: Callable[[Any], Any], x: Any) -> Any:
    return {name: change(array) for name, array in x.items()} if isinstance(x, dict) else change(x)


def _as_lazy(array: Any) -> LazyRows:
    return array if isinstance(array, LazyRows) else LazyRows(array, np.arange(len(array)))


def _float32_bytes(x: Any, image: Any) -> int:
    arrays = list(x.values()) if isinstance(x, dict) else [x]
    return sum(len(array) * prod(image.shape if image else array.shape[1:]) * FLOAT32_BYTES for array in arrays)
