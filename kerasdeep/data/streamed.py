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

from kerasdeep.data.dataset import Dataset, RawPart, Source, place
from kerasdeep.data.download import keras_home
from kerasdeep.data.kept import room
from kerasdeep.data.machine_memory import machine_memory
from kerasdeep.data.rows import Rows
from kerasdeep.data.stored_table import StoredTable
from kerasdeep.errors import InputError, Mark

SHARE = 0.5
"""Of the machine's memory; placed data are copied once on their way, so more would not fit."""
VALUE = 4
"""Bytes of a float32, as networks want their rows."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
_MIB, _GIB = 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether rows are streamed, and why; a sentence for `plan` and the facts."""

    streamed: bool
    reason: str


def choose(wanted: int, section: Any) -> Choice:
    """The rule for a source that takes `wanted` bytes in memory."""
    if section.stream != "auto":
        return Choice(section.stream, "as the file says")
    memory = machine_memory()
    if memory is None:
        return Choice(False, "the system does not say how much memory there is")
    said = f"{wanted / _MIB:,.1f} MiB in memory, {'more' if wanted > SHARE * memory else 'less'} than half of "
    return Choice(wanted > SHARE * memory, f"{said}{memory / _GIB:.1f} GiB")


def choice_of(source: Source, section: Any) -> Choice:
    """What the reader chose, or the rule for arrays. Raises InputError for a built-in table to be streamed."""
    if source.stream:
        return source.stream
    if source.kind == "table":
        if section.stream is True:
            message = f"`data.stream` is true, but {section.source} is a built-in table, which lies in memory. "
            message += "Expected a source in a file or a folder; or leave `stream` out."
            raise InputError(message, "stream", place(section, "stream"))
        return Choice(False, "a built-in table lies in memory")
    return choose(sum(_bytes(part.x, source.image) for part in source.parts.values()), section)


@contextmanager
def needing_room(path: Path, wanted: int, mark: Mark | None) -> Iterator[None]:
    """Raises InputError where a disk that is full, or may not be written, keeps a table from being encoded."""
    try:
        yield
    except OSError as error:
        message = (
            f"{path} does not fit into memory and is encoded into files below {keras_home()}, which cannot be "
        )
        message += f"written: {error.strerror or error}. They take about {wanted / _GIB:,.1f} GiB, "
        message += f"{room() / _GIB:,.1f} are free. Set KERAS_HOME to a folder with more room, or "
        message += "`data.stream: false` where memory allows."
        raise InputError(message, "no-room", mark) from error


def within_card(dataset: Dataset, section: Any, card: int | None) -> Dataset:
    """The data set with rows that go to the card in chunks, where all of them would take too much of its memory.

    `card` is its memory in bytes, None for a device that shares the machine's.
    """
    learning = [part for part in (dataset.train, dataset.validation) if part is not None]
    arrays = [array for part in learning for array in (part.x.values() if isinstance(part.x, dict) else [part.x])]
    wanted = sum(array.nbytes for array in arrays)
    if card is None or section.stream != "auto" or wanted <= SHARE * card:
        return dataset
    reason = f"{wanted / _MIB:,.1f} MiB, more than half of the card's {card / _GIB:.1f} GiB"
    parts = {
        key: None if (part := getattr(dataset, key)) is None else replace(part, x=_each(_later, part.x))
        for key in ("train", "validation", "test")
    }
    return replace(dataset, **parts, profile={**dataset.profile, "stream": asdict(Choice(True, reason))})


def settle(part: RawPart, streamed: bool) -> RawPart:
    """The part with rows that are read on demand, or in memory."""
    if hasattr(part.x, "columns"):
        return part
    return replace(part, x=_each(_later if streamed else np.asarray, part.x))


def is_streamed(x: Any) -> bool:
    """Whether `x`, rows or a mapping of them by input, is read on demand."""
    return any(isinstance(array, Rows | StoredTable) for array in (x.values() if isinstance(x, dict) else [x]))


def _each(change: Callable[[Any], Any], x: Any) -> Any:
    return {name: change(array) for name, array in x.items()} if isinstance(x, dict) else change(x)


def _later(array: Any) -> Rows:
    return array if isinstance(array, Rows) else Rows(array, np.arange(len(array)))


def _bytes(x: Any, image: Any) -> int:
    arrays = list(x.values()) if isinstance(x, dict) else [x]
    return sum(len(array) * prod(image.shape if image else array.shape[1:]) * VALUE for array in arrays)
