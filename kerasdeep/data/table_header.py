"""Whether the first line of a table names its columns, and what the columns are called. Standard library only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kerasdeep.errors import Problem, Problems, SourceLocation

MIN_NUMBER_SHARE = 0.9
MAX_SHOWN = 60


@dataclass(frozen=True)
class Header:
    """The columns' names; whether the first line has them; warnings about what was made of it."""

    columns: list[str]
    in_first_line: bool
    warnings: list[Problem] = field(default_factory=list)


def read_header(
    rows: Sequence[Sequence[str]],
    stated: str,
    known: Collection[str] = (),
    location: SourceLocation | None = None,
    decimal: str = ".",
) -> Header:
    """The header of a table that begins with `rows`, the cells as text.

    `stated` is `data.header`; `known` are names that some column must have; `decimal` is the sign in numbers.
    """
    first = [cell.strip() for cell in rows[0]]
    auto_names = [f"column_{number}" for number in range(1, len(first) + 1)]
    in_first_line = stated == "first" or (
        stated == "auto" and (bool({*first} & {*known}) or not _is_row(rows, decimal))
    )
    problems = Problems()
    if not in_first_line:
        if stated == "auto":
            message = (
                f"The first line, '{', '.join(first)[:MAX_SHOWN]}', is read as a row, since it names no columns; they "
                f"are called {auto_names[0]} … {auto_names[-1]}. Where it does name them: `header: first`."
            )
            problems.warn("no-header", message, location)
        return Header(auto_names, False, problems.warnings)
    names: list[str] = []
    renamed = {}
    taken = Counter(first)
    for cell, auto_name in zip(first, auto_names, strict=True):
        name, number = cell or auto_name, 1
        while name in names or (number > 1 and taken[name]):
            name, number = f"{cell}_{number + 1}", number + 1
        if number > 1:
            renamed[name] = cell
        names.append(name)
    if renamed:
        changes = ", ".join(f"'{old}' as '{new}'" for new, old in renamed.items())
        message = f"Several columns have one name; the later ones are read under others: {changes}."
        problems.warn("duplicate-column", message, location)
    return Header(names, True, problems.warnings)


def _is_row(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first line is a row like the others: it has a number in each column of numbers.

    Whole numbers at equal distance (0, 1, 2 or the years of a pivot table) may be names.
    """
    first, *others = ([cell.strip().replace(decimal, ".") for cell in row] for row in rows)
    columns = [
        column
        for column, cell in enumerate(first)
        if (below := [row[column] for row in others if len(row) > column and row[column]] or [cell])
        and sum(map(is_number, below)) >= MIN_NUMBER_SHARE * len(below)
    ]
    if not columns or len(first) < 2 or not all(is_number(first[column]) for column in columns):
        return False
    numbers = [float(first[column]) for column in columns]
    steps = {b - a for a, b in pairwise(numbers)}
    counted = len(steps) == 1 and 0 not in steps and (len(numbers) > 2 or 1 in steps)
    return not (counted and all(number.is_integer() for number in numbers))


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
