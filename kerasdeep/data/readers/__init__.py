"""One reader for each format of a source.

A new format is a file in this folder and an entry in `READERS`; its name and suffixes stand in `FORMATS`
(`config/sections/data.py`), where `validate` finds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from kerasdeep.data.readers import builtin, csv, excel, feather, image_list, images, jsonl, npy, npz, parquet

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.data.preprocessing import Preprocessing
    from kerasdeep.data.table import OpenTable
    from kerasdeep.data.types import RawSplit, Source
    from kerasdeep.errors import Problems, SourceLocation


class Reader(Protocol):
    """What a module of this folder holds. Both functions raise InputError for what cannot be read, and report to
    `problems` what is wrong with parts of it."""

    @property
    def read(self) -> Callable[[DataConfig, Problems, Callable[[str], None] | None, Source | None], Source]:
        """`read(section, problems, say, matched)`: the source of `data:`.

        `say` is told of what takes long; `matched` is the training source where this is a split in a file of its own.
        """
        ...

    @property
    def read_for_prediction(
        self,
    ) -> Callable[[str, Preprocessing, SourceLocation, Problems], tuple[RawSplit, pd.DataFrame | None]]:
        """`read_for_prediction(path, preprocessing, location, problems)`: the rows, labelled where labels are there,
        and the table as it was read where it is one."""
        ...


class TableReader(Reader, Protocol):
    """What a module for a format of tables holds beside."""

    @property
    def open_table(self) -> OpenTable: ...


READERS: dict[str, Reader] = {
    "builtin": builtin,
    "csv": csv,
    "jsonl": jsonl,
    "excel": excel,
    "parquet": parquet,
    "feather": feather,
    "npz": npz,
    "npy": npy,
    "images": images,
    "image_list": image_list,
}
"""By the source's format."""
