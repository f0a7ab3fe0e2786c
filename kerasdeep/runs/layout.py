"""The layout of a run directory: the one module that knows the names inside.

Training writes it, the report, `evaluate` and `predict` read it. Imports nothing but the standard library, so that
`kerasdeep runs` and `kerasdeep report` start at once.
"""

from __future__ import annotations

import contextlib
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdeep.errors import InputError
from kerasdeep.paths import read_bytes
from kerasdeep.runs import checked, death
from kerasdeep.runs.files import read_json, write_json
from kerasdeep.runs.history import HistoryFile
from kerasdeep.runs.lock import hold_lock, is_locked

FORMAT_VERSION = 1
OUT_OF_FOLD = "out_of_fold.csv"
MAX_YAML_BYTES = 1 << 20
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
    def out_of_fold(self) -> Path:
        return self.path / OUT_OF_FOLD

    @property
    def exports(self) -> Path:
        return self.path / "exports"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def crash_log(self) -> Path:
        """What Python did when native code crashed; empty while the run trains, and gone when it ends otherwise."""
        return self.path / "crash.txt"

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
        return read_json(self.facts / f"{name}.json")

    def write_result(self, result: dict[str, Any]) -> None:
        """Write `result.json`; `format` and `run` are filled in here."""
        write_json(self.result, {"format": FORMAT_VERSION, "run": str(self.path), **result})

    def read_result(self) -> dict[str, Any]:
        """`result.json` as it stands; `running` without a live lock means that the run was interrupted.

        Then the file is corrected, and says how the process died. Raises InputError when the directory holds no result.
        """
        result = checked.read(dict[str, object], self.result) if self.result.exists() else None
        if result is None:
            raise InputError(f"{self.path} is not a run directory: it has no readable result.json.", "not-a-run")
        if result.get("status") == "running" and not self.locked:
            result = self._as_interrupted(result)
        return {**result, "run": str(self.path)}

    def _as_interrupted(self, seen: dict[str, object]) -> dict[str, object]:
        """Corrects a result whose process seemed dead, or returns what its process has written meanwhile."""
        dead = seen | {"status": "interrupted", "error": death.describe(self.path, self.crash_log)}
        try:
            with self.lock():
                found = checked.read(dict[str, object], self.result)
                if found.get("status") != "running":
                    return found
                write_json(self.result, dead)
        except InputError:  # in use: another process goes on with it
            return seen
        except OSError:  # not writable
            pass
        return dead

    def read_resolved(self) -> str:
        """The text of `resolved.yaml`. Raises InputError where it cannot be read."""
        return self._read_text(self.resolved)

    def read_config(self) -> str:
        """The text of `config.yaml`. Raises InputError where it cannot be read."""
        return self._read_text(self.config)

    def _read_text(self, path: Path) -> str:
        try:
            return read_bytes(path, MAX_YAML_BYTES).decode("utf-8")
        except (OSError, ValueError) as error:
            raise checked.broken(path, f"it cannot be read ({error})") from error

    def remove_unfinished_files(self) -> None:
        """Remove what a killed process was writing and did not finish. Only for who holds the lock."""
        for unfinished in self.path.rglob(".*.tmp.*"):
            unfinished.unlink(missing_ok=True)

    @property
    def locked(self) -> bool:
        """Whether a living process holds this run."""
        return is_locked(self.path / ".lock")

    def lock(self) -> AbstractContextManager[None]:
        """Hold the run; raises InputError while another process does. The system frees a dead owner's lock."""
        return hold_lock(self.path / ".lock")


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
    runs = [
        (number, path) for run_name, number, path in _numbered_dirs(Path(out)) if run_name == name and is_run_dir(path)
    ]
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

    @property
    def out_of_fold(self) -> Path:
        return self.path / OUT_OF_FOLD

    def write(self, facts: dict[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.facts, {"format": FORMAT_VERSION, **facts})

    def read(self) -> dict[str, Any]:
        """What `write` wrote; empty where there is nothing readable."""
        facts = read_json(self.facts)
        return facts if isinstance(facts, dict) else {}


def comparison_dir(out: str | Path, name: str) -> ComparisonDir:
    return ComparisonDir(Path(out) / f"{_safe_name(name)}-compare")


@dataclass(frozen=True, slots=True)
class SweepDir:
    """`<out>/<name>-sweep`: a search over settings; its trials are runs of `out`."""

    path: Path

    @property
    def facts(self) -> Path:
        return self.path / "study.json"

    @property
    def html(self) -> Path:
        return self.path / "sweep.html"

    @property
    def markdown(self) -> Path:
        return self.path / "sweep.md"

    @property
    def best(self) -> Path:
        return self.path / "best.yaml"

    @property
    def lock(self) -> Path:
        return self.path / ".lock"

    def write(self, facts: dict[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.facts, {"format": FORMAT_VERSION, "study": str(self.path), **facts})

    def read(self) -> dict[str, Any]:
        """What `write` wrote; empty where there is nothing readable."""
        facts = read_json(self.facts)
        return facts if isinstance(facts, dict) else {}


def sweep_dir(out: str | Path, name: str) -> SweepDir:
    return SweepDir(Path(out) / f"{_safe_name(name)}-sweep")
