"""Problems and errors, worded so that a user can fix them.

A `Problem` says where, what, what was expected and how to fix it. `Problems` collects problems so that a user
sees all of them at once. Each error class carries the exit code that the command line ends with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in a file (line and column from 1), or an origin such as `--set training.epochs` (line 0)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to fix. `name` is a stable kebab-case word; warnings can be accepted by it under `allow:`."""

    severity: str
    name: str
    message: str
    location: SourceLocation | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        prefix = f"{self.location}: " if self.location else ""
        kind = f"warning [{self.name}]: " if self.severity == "warning" else ""
        hint = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{prefix}{kind}{self.message}{hint}"

    def as_dict(self) -> dict[str, object]:
        """The shape that `--json` prints."""
        location = self.location or SourceLocation("")
        return {
            "severity": self.severity,
            "name": self.name,
            "file": location.file or None,
            "line": location.line or None,
            "column": location.column or None,
            "message": self.message,
            "suggestion": self.suggestion,
        }


class KerasdeepError(Exception):
    """A failure that kerasdeep expects; `exit_code` is what the shell sees."""

    exit_code = 1
    run_path: Path | None = None
    """The run directory that is left, where there is one."""


class RunFailed(KerasdeepError):
    """The run itself failed: not finite, out of disk, an unmet expectation."""


class Interrupted(KerasdeepError):
    """The user or the system asked the run to stop; what was finished is saved."""

    exit_code = 130


class Pruned(KerasdeepError):
    """A study stopped the run early: at the same epoch, other trials are better."""


class InputError(KerasdeepError):
    """Configuration, data or usage is wrong; carries every problem found."""

    exit_code = 2

    def __init__(
        self,
        problems: Iterable[Problem] | str,
        name: str = "usage",
        location: SourceLocation | None = None,
        suggestion: str | None = None,
    ) -> None:
        if isinstance(problems, str):
            problems = [Problem("error", name, problems, location, suggestion)]
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Problems:
    """Collects problems; `raise_if_errors` ends the stage that filled it."""

    items: list[Problem] = field(default_factory=list)

    def error(self, name: str, message: str, location: SourceLocation | None, suggestion: str | None = None) -> None:
        self.items.append(Problem("error", name, message, location, suggestion))

    def warn(self, name: str, message: str, location: SourceLocation | None, suggestion: str | None = None) -> None:
        self.items.append(Problem("warning", name, message, location, suggestion))

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.items if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.items if problem.severity == "warning"]

    @property
    def is_full(self) -> bool:
        """Whether more problems would only cost time."""
        return len(self.items) >= MAX_PROBLEMS

    def raise_if_errors(self) -> None:
        if self.errors:
            raise InputError(sort_problems(self.items)[:MAX_PROBLEMS])


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file and line, without duplicates."""
    unique = dict.fromkeys(problems)
    return sorted(
        unique, key=lambda p: (p.location.file, p.location.line, p.location.column) if p.location else ("", 0, 0)
    )


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate a mistyped `word` most likely stands for, or None.

    Compares the way names are compared (case and underscores do not count) by Damerau-Levenshtein distance,
    ties broken by difflib's ratio; a candidate further away than a third of its length is no help.
    """
    given = fold_name(word)
    best = len(given) + 1
    tied: list[str] = []
    for candidate in candidates:
        other = fold_name(candidate)
        limit = min(best, max(1, max(len(given), len(other)) // 3))
        if abs(len(given) - len(other)) > limit:
            continue
        distance = edit_distance(given, other, limit)
        if distance <= limit:
            tied = [*tied, candidate] if distance == best else [candidate]
            best = distance
    return min(tied, key=lambda other: (-SequenceMatcher(None, word, other).ratio(), other), default=None)


def fold_name(word: str) -> str:
    """How names are compared: `RMSprop`, `rmsprop` and `rms_prop` are one."""
    return word.lower().replace("_", "")


def edit_distance(a: str, b: str, limit: int | None = None) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (Damerau 1964).

    Past `limit` the exact number is of no interest: some number above it is returned early.
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row, older = row, [i], before
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        before = last
        if limit is not None and min(row) > limit and min(before) > limit:
            return limit + 1
    return row[-1]
