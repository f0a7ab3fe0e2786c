"""A table larger than memory: each column in a file of its own, encoded for the network once, block by block.

The file is read with the reader of small tables, a group of columns at a time, so types, missing values and
messages are the same. Columns are kept as Arrow files, which are mapped and read in parts; the encoded rows as one
`.npy` file, from which training streams.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data import kept
from kerasdeep.data.dataset import as_slice
from kerasdeep.data.machine_memory import machine_memory
from kerasdeep.data.rows import Rows, Stored

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.preprocessing import TableRule

BLOCK = 32_768
SHARE = 1 / 8
"""Of the machine's memory that a group of columns may take while it is read."""
UNKNOWN_MEMORY = 4 << 30


class StoredTable:
    """Rows `numbers` of the table in an entry's folder, made from the file `source` with contents of that hash.

    Like a DataFrame, it has `columns`, and `table[name]` is a Series, `table[names]` a table of those columns.
    """

    def __init__(
        self, folder: Path, source: Path, digest: str, columns: list[str], numbers: np.ndarray | None = None
    ) -> None:
        self.source, self.digest, self.columns = source, digest, columns
        self._folder = folder
        self._files = {name: place for place, name in enumerate(json.loads((folder / "columns.json").read_text()))}
        if numbers is None:
            numbers = np.arange(self._arrow(self.columns[0]).num_rows)
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, name: str | list[str]) -> Any:
        if not isinstance(name, str):
            return StoredTable(self._folder, self.source, self.digest, name, self.numbers)
        return self._series(name, self.numbers)

    def take_rows(self, rows: Any) -> StoredTable:
        return StoredTable(self._folder, self.source, self.digest, self.columns, self.numbers[rows])

    def every_row(self) -> StoredTable:
        """The same columns with all rows of the file."""
        return StoredTable(self._folder, self.source, self.digest, self.columns)

    def block(self, start: int, end: int, columns: Sequence[str]) -> pd.DataFrame:
        """Rows `start` … `end` - 1 of the table."""
        import pandas as pd

        return pd.DataFrame({name: self._series(name, self.numbers[start:end]) for name in columns})

    def _series(self, name: str, numbers: np.ndarray) -> pd.Series:
        column, where = self._arrow(name), as_slice(numbers)
        neighbours = isinstance(where, slice)  # as in a block, or the whole: nothing is copied
        chosen = column.slice(where.start, len(numbers)) if neighbours else column.take(numbers)
        series = chosen.to_pandas()[name]
        return series.set_axis(numbers)

    def _arrow(self, name: str) -> Any:
        from pyarrow import feather

        return feather.read_table(self._folder / f"{self._files[name]:05}.arrow", memory_map=True)


def keep(
    path: Path,
    digest: str,
    columns: list[str],
    reading: Any,
    bytes_in_memory: int,
    read: Callable[[list[str]], pd.DataFrame],
    say: kept.Say | None,
) -> StoredTable:
    """The table at `path`, with contents of that hash, as files of columns; `read` gives the rows of some of them.

    `reading` is all else that decides what is read.
    """
    groups = max(1, round(bytes_in_memory / (SHARE * (machine_memory() or UNKNOWN_MEMORY))))
    width = max(1, len(columns) // groups)

    def make(entry: Path) -> None:
        from pyarrow import feather

        (entry / "columns.json").write_text(json.dumps(columns))
        tell = kept.telling(say, f"reading columns of {path.name}", len(columns))
        for start in range(0, len(columns), width):
            files = {name: entry / f"{columns.index(name):05}.arrow" for name in columns[start : start + width]}
            if not all(file.exists() for file in files.values()):
                frame = read(list(files))
                for name, file in files.items():
                    unfinished = file.with_suffix(".new")
                    feather.write_feather(frame[[name]], unfinished, compression="uncompressed")
                    unfinished.replace(file)
            tell(start + len(files))

    signature = json.dumps([digest, reading, columns])
    opened = partial(StoredTable, source=path, digest=digest, columns=columns)
    return kept.kept("columns", path, signature, make, opened)


def encoded(table: StoredTable, rule: TableRule, say: kept.Say | None) -> Rows:
    """The table's rows as the network wants them, read on demand from a file of all the source's rows."""
    whole = table.every_row()

    def make(entry: Path) -> None:
        def block(start: int, end: int) -> np.ndarray:
            return rule.apply(whole.block(start, end, rule.columns))

        tell = kept.telling(say, f"encoding rows of {table.source.name}", len(whole))
        kept.fill(entry, (len(whole), *rule.shape), np.float32, BLOCK, block, tell)

    numbers = hashlib.sha256(b"".join(array.tobytes() for array in (rule.fill, rule.offset, rule.scale)))
    signature = json.dumps([table.digest, rule.numbers, rule.categories, numbers.hexdigest()])
    rows = kept.kept("rows", table.source, signature, make, lambda entry: Stored(entry / "x.npy"))
    return Rows(rows, table.numbers)
