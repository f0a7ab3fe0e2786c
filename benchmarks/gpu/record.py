"""What every section needs: the options, the results on disk, stopwatches and the table."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Options:
    """The command's options; `rows` None means as many as the net's data set has."""

    data: Path | None
    out: Path
    rows: int | None
    quick: bool
    device: str

    def arguments(self) -> list[str]:
        words = ["--out", str(self.out), "--device", self.device]
        words += ["--data", str(self.data)] if self.data else []
        words += ["--rows", str(self.rows)] if self.rows else []
        return [*words, "--quick"] if self.quick else words

    def row_count(self, full: int) -> int:
        return self.rows or (min(full, 2048) if self.quick else full)

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 3

    @property
    def work(self) -> Path:
        """For run directories, caches and data files."""
        folder = self.out / "work"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class Record:
    """The results of one section in `<out>/<section>.json`, written after every measurement."""

    def __init__(self, out: Path, section: str) -> None:
        self.section, self._path = section, out / f"{section}.json"
        self._content: dict[str, Any] = {"finished": [], "rows": []}
        if self._path.is_file():
            self._content = json.loads(self._path.read_text(encoding="utf-8"))

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self._content["rows"]

    def add(self, case: str, way: str, value: float | str, unit: str, first: float | None = None, **more: Any) -> None:
        """One line of the table; `first` is the seconds of a first round with compiling, `more` is kept as it is."""
        self.rows.append({"case": case, "way": way, "value": value, "unit": unit, "first": first, **more})
        self._write()
        print("  " + " | ".join(_cells(self.section, self.rows[-1], self.rows)), flush=True)

    def has(self, case: str, way: str) -> bool:
        return any((row["case"], row["way"]) == (case, way) for row in self.rows)

    def is_finished(self, part: str) -> bool:
        return part in self._content["finished"]

    def finish(self, part: str) -> None:
        self._content["finished"].append(part)
        self._write()

    def measure(self, case: str, way: str, epoch: Callable[[], object], rounds: int, unit: str = "s an epoch") -> None:
        """Median seconds of `epoch` over `rounds`, behind two rounds that compile and find their pace."""
        if self.has(case, way):
            return
        first, _, *seconds = [stopwatch(epoch) for _ in range(rounds + 2)]
        self.add(case, way, statistics.median(seconds), unit, first)

    def _write(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._content, indent=1), encoding="utf-8")
        temporary.replace(self._path)


def stopwatch(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def print_table(out: Path, sections: list[str]) -> None:
    """Every result there is, and how many times as long each way took as kerasdeep on the same case."""
    print("\n| section, case | way | figure | ÷ kerasdeep | first, s | note |\n|---|---|---|---|---|---|")
    for section in sections:
        rows = Record(out, section).rows
        for row in rows:
            print(f"| {' | '.join(_cells(section, row, rows))} |")


def _cells(section: str, row: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    ours = next((r["value"] for r in rows if r["case"] == row["case"] and r["way"] == "kerasdeep"), None)
    value, ratio = row["value"], ""
    if isinstance(value, float):
        compared = ours and row["way"] != "kerasdeep" and row["unit"] == "s an epoch"
        ratio = f"{value / ours:.2f}" if compared else ""
        value = f"{value:.4f}" if value < 1 else f"{value:.2f}"
    first = f"{row['first']:.1f}" if row["first"] is not None else ""
    return [
        f"{section}, {row['case']}",
        row["way"],
        f"{value} {row['unit']}".strip(),
        ratio,
        first,
        row.get("note", ""),
    ]
