"""`history.csv`: one row per epoch."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdeep.paths import read_bytes
from kerasdeep.runs.checked import broken
from kerasdeep.runs.files import atomic_write, fsync_file

MAX_BYTES = 64 << 20
MAX_EPOCH = 1_000_000_000
_LAST_COLUMNS = ("seconds", "examples_per_second")


def _column_group(name: str) -> int:
    if name in ("stage", "epoch"):
        return 0
    if name in ("loss", "data_loss"):
        return 1
    if name in _LAST_COLUMNS:
        return 6
    if name == "momentum":
        return 5
    if name.startswith("learning_rate"):
        return 4
    return 3 if name.startswith("val_") else 2


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """`history.csv`: appended and flushed row by row; a stage may bring new columns."""

    path: Path

    def append(self, row: dict[str, Any]) -> None:
        columns = self._columns()
        if not set(row) <= set(columns):
            self.replace([*self.rows(), row])
            return
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns).writerow(_format_cells(row))
            file.flush()

    def replace(self, rows: list[dict[str, Any]]) -> None:
        """Write the whole file anew, as a resume does that goes back to its checkpoint."""
        if not rows:
            self.path.unlink(missing_ok=True)
            return
        names = dict.fromkeys(name for row in rows for name in row)
        columns = sorted(names, key=_column_group)
        with atomic_write(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(_format_cells(row) for row in rows)
            fsync_file(file)

    def rows(self) -> list[dict[str, Any]]:
        """The rows with their numbers as numbers; an empty cell is None.

        A last line that a killed process did not finish is left out. Raises InputError for a damaged file.
        """
        columns, *lines = self._lines() or [[]]
        try:
            return [{name: _parse_cell(name, cell) for name, cell in zip(columns, line, strict=True)} for line in lines]
        except ValueError as error:
            raise broken(self.path, f"a row cannot be read ({error})") from error

    def _columns(self) -> list[str]:
        return next(iter(self._lines()), [])

    def _lines(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        try:
            text = read_bytes(self.path, MAX_BYTES).decode("utf-8")
            lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
        except (OSError, ValueError, csv.Error) as error:
            raise broken(self.path, f"it cannot be read ({error})") from error
        if len(lines) > 1 and not text.endswith("\n"):
            lines.pop()
        if lines and (not {"stage", "epoch"} <= set(lines[0]) or len(set(lines[0])) < len(lines[0])):
            raise broken(self.path, "its columns are not those of a history")
        return lines


def _format_cells(row: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


def _parse_cell(name: str, cell: str) -> str | float | None:
    if name == "stage":
        return cell
    if name == "epoch":
        epoch = int(cell)
        if not 0 <= epoch < MAX_EPOCH:
            raise ValueError(f"epoch {cell[:20]}")
        return epoch
    return float(cell) if cell else None
