"""The run directory: the one module that knows its names.

Training writes it, the report, `evaluate` and `predict` read it. Every file appears whole or not at all: it is
written beside its place, flushed to disk and swapped in. Imports nothing but the standard library, so that
`kerasdeep runs` and `kerasdeep report` start at once.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdeep.errors import InputError

FORMAT_VERSION = 1
STATUSES = ("running", "completed", "failed", "interrupted")
_RUN_NAME = re.compile(r"(?P<name>.+)-(?P<number>[1-9]\d*)")
_UNSAFE_CHARACTERS = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, slots=True)
class RunDir:
    """One run, `<out>/<name>-<number>`; the properties are the paths of what is, or will be, inside."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def resolved(self) -> Path:
        return self.path / "resolved.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def history(self) -> HistoryFile:
        return HistoryFile(self.path / "history.csv")

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    @property
    def preprocessing_npz(self) -> Path:
        return self.path / "preprocessing.npz"

    @property
    def preprocessing_json(self) -> Path:
        return self.path / "preprocessing.json"

    @property
    def facts(self) -> Path:
        return self.path / "facts"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def exports(self) -> Path:
        return self.path / "exports"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def report_html(self) -> Path:
        return self.path / "report.html"

    @property
    def report_md(self) -> Path:
        return self.path / "report.md"

    def write_fact(self, name: str, fact: object) -> None:
        """Write `facts/<name>.json`; numbers that are not finite become null."""
        self.facts.mkdir(exist_ok=True)
        write_json(self.facts / f"{name}.json", fact)

    def read_fact(self, name: str) -> Any:
        """What `write_fact` wrote, or None when this run has no such fact."""
        return _read_json(self.facts / f"{name}.json")

    def read_environment(self) -> dict[str, Any]:
        """`environment.json`; empty where it is missing or broken."""
        environment = _read_json(self.environment)
        return environment if isinstance(environment, dict) else {}

    def write_result(self, result: dict[str, Any]) -> None:
        """Write `result.json`; `format` and `run` are filled in here."""
        write_json(self.result, {"format": FORMAT_VERSION, "run": str(self.path), **result})

    def read_result(self) -> dict[str, Any]:
        """`result.json` as it stands; `running` without a live lock means that the run was interrupted.

        Raises InputError when the directory holds no result.
        """
        result = _read_json(self.result)
        if not isinstance(result, dict):
            raise InputError(f"{self.path} is not a run directory: it has no readable result.json.", "not-a-run")
        if result.get("status") == "running" and not self.locked:
            result["status"] = "interrupted"
        return {**result, "run": str(self.path)}

    def remove_unfinished_files(self) -> None:
        """Remove what a killed process was writing and did not finish. Only for who holds the lock."""
        for unfinished in self.path.rglob(".*.tmp.*"):
            unfinished.unlink(missing_ok=True)

    @property
    def _lock_file(self) -> Path:
        return self.path / ".lock"

    @property
    def locked(self) -> bool:
        """Whether a living process holds this run."""
        try:
            with self._lock_file.open() as file:
                return not _try_flock(file.fileno(), fcntl.LOCK_SH)
        except OSError:
            return False

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run; raises InputError while another process does. The system frees a dead owner's lock."""
        with contextlib.ExitStack() as stack:
            while True:
                file = stack.enter_context(self._lock_file.open("a+"))
                if not _try_flock(file.fileno(), fcntl.LOCK_EX):
                    file.seek(0)
                    owner = file.read().strip() or "unknown"
                    raise InputError(
                        f"{self.path} is in use by another process ({owner}). Wait until it ends, or stop it.",
                        "run-in-use",
                    )
                # The former owner may have removed the file between our opening and locking it.
                if self._lock_file.exists() and self._lock_file.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    break
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                with contextlib.suppress(OSError):  # what ended the run may be that nothing can be written here
                    self._lock_file.unlink(missing_ok=True)


def create_run_dir(out: str | Path, name: str) -> RunDir:
    """Make `<out>/<name>-<number>` with the next free number; two processes never get the same one.

    Raises InputError when `out` cannot be written.
    """
    out, name = Path(out), _safe_name(name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        number = max((number for existing, number, _ in _numbered_dirs(out) if existing == name), default=0)
        while True:
            number += 1
            with contextlib.suppress(FileExistsError):
                (out / f"{name}-{number}").mkdir()
                return RunDir(out / f"{name}-{number}")
    except OSError as error:
        raise InputError(
            f"Cannot write runs to {out}: {error.strerror}. Give a folder that can be written with --out.", "out"
        ) from error


def open_run_dir(path: str | Path) -> RunDir:
    """The run at `path`. Raises InputError when that is no run directory."""
    path = Path(path)
    if not is_run_dir(path):
        raise InputError(
            f"{path} is not a run directory: expected a folder with result.json and resolved.yaml, "
            "as `kerasdeep train` writes it.",
            "not-a-run",
        )
    return RunDir(path)


def is_run_dir(path: str | Path) -> bool:
    return (Path(path) / "result.json").is_file()


def latest_run(out: str | Path, name: str) -> RunDir | None:
    """The run of that name with the highest number."""
    return next(reversed(runs_named(out, name)), None)


def runs_named(out: str | Path, name: str) -> list[RunDir]:
    """The runs of that name, by number."""
    name = _safe_name(name)
    runs = [(number, path) for run_name, number, path in _numbered_dirs(Path(out)) if run_name == name and is_run_dir(path)]
    return [RunDir(path) for _, path in sorted(runs)]


def list_runs(out: str | Path) -> list[RunDir]:
    """Every run in `out`, by name and number."""
    return [RunDir(path) for _, _, path in sorted(_numbered_dirs(Path(out))) if is_run_dir(path)]


def _safe_name(name: str) -> str:
    """The name as a folder can bear it."""
    return _UNSAFE_CHARACTERS.sub("-", name).strip("-.") or "run"


def _numbered_dirs(out: Path) -> list[tuple[str, int, Path]]:
    if not out.is_dir():
        return []
    matches = ((_RUN_NAME.fullmatch(path.name), path) for path in out.iterdir() if path.is_dir())
    return [(match["name"], int(match["number"]), path) for match, path in matches if match]


@dataclass(frozen=True, slots=True)
class ComparisonDir:
    """`<out>/<name>-compare`: what several runs say together. It can be made anew from them at any time."""

    path: Path

    @property
    def facts(self) -> Path:
        return self.path / "comparison.json"

    @property
    def html(self) -> Path:
        return self.path / "comparison.html"

    @property
    def markdown(self) -> Path:
        return self.path / "comparison.md"

    def write(self, facts: dict[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.facts, {"format": FORMAT_VERSION, **facts})

    def read(self) -> dict[str, Any]:
        """What `write` wrote; empty where there is nothing readable."""
        facts = _read_json(self.facts)
        return facts if isinstance(facts, dict) else {}


def comparison_dir(out: str | Path, name: str) -> ComparisonDir:
    return ComparisonDir(Path(out) / f"{_safe_name(name)}-compare")


# History: a row an epoch

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
            _fsync(file)

    def rows(self) -> list[dict[str, Any]]:
        """The rows with their numbers as numbers; an empty cell is None."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [{name: _parse_cell(name, cell) for name, cell in row.items()} for row in csv.DictReader(file)]

    def _columns(self) -> list[str]:
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file), [])


def _format_cells(row: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


def _parse_cell(name: str, cell: str | None) -> Any:
    if not cell:
        return None
    if name == "stage":
        return cell
    return int(cell) if name == "epoch" else float(cell)


# Writing whole files


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Hand out a temporary path beside `path`; swap it in when the block ends well, remove it when not."""
    temporary = path.with_name(f".{os.getpid()}.tmp.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
        fsync_dir(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        _fsync(file)


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(to_jsonable(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def to_jsonable(value: Any) -> Any:
    """The value in JSON's own types: arrays become lists, paths text, numbers that are not finite None."""
    if isinstance(value, dict):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    return to_jsonable(value.tolist()) if hasattr(value, "tolist") else str(value)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def fsync_dir(path: Path) -> None:
    """Make renames inside `path` durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fsync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
