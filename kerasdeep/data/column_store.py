"""A table larger than memory: each column in a file of its own, encoded for the network once, block by block.

The file is read with the reader of small tables, a group of columns at a time, so types, missing values and
messages are the same. Columns are kept as Arrow files, which are mapped and read in parts; the encoded rows as one
`.npy` file, from which training streams.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data import disk_cache
from kerasdeep.data.hardware import host_memory_bytes
from kerasdeep.data.lazy_rows import as_slice

if TYPE_CHECKING:
    import pandas as pd

MAX_GROUP_MEMORY_SHARE = 1 / 8
"""Of the machine's memory that a group of columns may take while it is read."""
ASSUMED_MEMORY_BYTES = 4 << 30


class ColumnStore:
    """Rows `numbers` of the table in an entry's folder, made from the file `source` with contents of that hash.

    Like a DataFrame, it has `columns`, and `table[name]` is a Series, `table[names]` a table of those columns.
    """

    def __init__(
        self, folder: Path, source: Path, digest: str, columns: list[str], numbers: np.ndarray | None = None
    ) -> None:
        self.source, self.digest, self.columns = source, digest, columns
        self._folder = folder
        self._files = {name: index for index, name in enumerate(json.loads((folder / "columns.json").read_text()))}
        if numbers is None:
            numbers = np.arange(self._arrow(self.columns[0]).num_rows)
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, name: str | list[str]) -> Any:
        if not isinstance(name, str):
            return ColumnStore(self._folder, self.source, self.digest, name, self.numbers)
        return self._series(name, self.numbers)

    def take_rows(self, rows: slice | np.ndarray) -> ColumnStore:
        return ColumnStore(self._folder, self.source, self.digest, self.columns, self.numbers[rows])

    def all_rows(self) -> ColumnStore:
        """The same columns with all rows of the file."""
        return ColumnStore(self._folder, self.source, self.digest, self.columns)

    def block(self, start: int, end: int, columns: Sequence[str]) -> pd.DataFrame:
        """Rows `start` … `end` - 1 of the table."""
        import pandas as pd

        return pd.DataFrame({name: self._series(name, self.numbers[start:end]) for name in columns})

    def _series(self, name: str, numbers: np.ndarray) -> pd.Series:
        column, selection = self._arrow(name), as_slice(numbers)
        if isinstance(selection, slice):  # as in a block, or the whole: nothing is copied
            return column.slice(selection.start, len(numbers)).to_pandas()[name].set_axis(numbers)
        return column.take(numbers).to_pandas()[name].set_axis(numbers)

    def _arrow(self, name: str) -> Any:
        from pyarrow import feather

        return feather.read_table(self._folder / f"{self._files[name]:05}.arrow", memory_map=True)


def store_columns(
    path: Path,
    digest: str,
    columns: list[str],
    read_options: list[Any],
    bytes_in_memory: int,
    read: Callable[[list[str]], pd.DataFrame],
    say: disk_cache.Say | None,
) -> ColumnStore:
    """The table at `path`, with contents of that hash, as files of columns; `read` gives the rows of some of them.

    `read_options` is all else that decides what is read.
    """
    group_count = max(
        1, round(bytes_in_memory / (MAX_GROUP_MEMORY_SHARE * (host_memory_bytes() or ASSUMED_MEMORY_BYTES)))
    )
    group_width = max(1, len(columns) // group_count)

    def make(entry: Path) -> None:
        from pyarrow import feather

        (entry / "columns.json").write_text(json.dumps(columns))
        progress = disk_cache.throttled_progress(say, f"reading columns of {path.name}", len(columns))
        for start in range(0, len(columns), group_width):
            files = {name: entry / f"{columns.index(name):05}.arrow" for name in columns[start : start + group_width]}
            if not all(file.exists() for file in files.values()):
                frame = read(list(files))
                for name, file in files.items():
                    unfinished = file.with_suffix(".new")
                    feather.write_feather(frame[[name]], unfinished, compression="uncompressed")
                    unfinished.replace(file)
            progress(start + len(files))

    signature = json.dumps([digest, read_options, columns])
    open_store = partial(ColumnStore, source=path, digest=digest, columns=columns)
    return disk_cache.cached("columns", path, signature, make, open_store)
