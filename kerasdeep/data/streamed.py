"""Whether rows are streamed, or lie in memory: a rule of sizes, on which nothing that is learned depends.

`data.stream` says so; on `auto`, the rows as the network wants them, float32, against a share of the machine's
memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from kerasdeep.data.dataset import RawPart, Source, place
from kerasdeep.data.machine_memory import machine_memory
from kerasdeep.data.rows import Rows
from kerasdeep.errors import InputError

SHARE = 0.5
"""Of the machine's memory; placed data are copied once on their way, so more would not fit."""
_MIB, _GIB = 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether rows are streamed, and why; a sentence for `plan` and the facts."""

    streamed: bool
    reason: str


def choose(source: Source, section: Any) -> Choice:
    """The rule. Raises InputError where the user asks for what a table cannot do."""
    if source.kind == "table":
        if section.stream is True:
            message = f"`data.stream` is true, but {section.source} is a table, which is read whole. Expected "
            message += "pictures or arrays: a folder of .npy files, an .npz or pictures; or leave `stream` out."
            raise InputError(message, "stream", place(section, "stream"))
        return Choice(False, "a table is read whole")
    if section.stream != "auto":
        return Choice(section.stream, "as the file says")
    wanted = sum(_bytes(part.x, source.image) for part in source.parts.values())
    memory = machine_memory()
    if memory is None:
        return Choice(False, "the system does not say how much memory there is")
    said = f"{wanted / _MIB:,.1f} MiB as float32, {'more' if wanted > SHARE * memory else 'less'} than half of "
    return Choice(wanted > SHARE * memory, f"{said}{memory / _GIB:.1f} GiB of memory")


def settle(part: RawPart, streamed: bool) -> RawPart:
    """The part with rows that are read on demand, or in memory."""
    if hasattr(part.x, "iloc"):
        return part
    one = _later if streamed else np.asarray
    x = {name: one(array) for name, array in part.x.items()} if isinstance(part.x, dict) else one(part.x)
    return replace(part, x=x)


def is_streamed(x: Any) -> bool:
    """Whether `x`, rows or a mapping of them by input, is read on demand."""
    return any(isinstance(array, Rows) for array in (x.values() if isinstance(x, dict) else [x]))


def _later(array: Any) -> Rows:
    return array if isinstance(array, Rows) else Rows(array, np.arange(len(array)))


def _bytes(x: Any, image: Any) -> int:
    arrays = list(x.values()) if isinstance(x, dict) else [x]
    return sum(len(array) * prod(image.shape if image else array.shape[1:]) * 4 for array in arrays)
