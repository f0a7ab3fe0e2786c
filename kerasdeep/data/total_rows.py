"""A last row that sums up the others, as spreadsheets have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kerasdeep.data.encoders.number import NumberEncoder, column_to_floats
from kerasdeep.data.types import take_rows
from kerasdeep.errors import Problems, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.column_store import ColumnStore

Table = TypeVar("Table", "pd.DataFrame", "ColumnStore")

WORDS = ("total", "totals", "grand total", "sum", "overall", "average", "mean", "summe", "gesamt", "insgesamt")
RELATIVE_TOLERANCE = 1e-3
"""Sums in spreadsheets are rounded."""


def leave_out_total(frame: Table, problems: Problems, location: SourceLocation) -> Table:
    """The table without its last row where that is a total; says so."""
    reason = _describe_total(frame) if len(frame) > 2 else None
    if reason is None:
        return frame
    message = f"The last row, {len(frame) - 1}, is a total and no case, so it is left out: {reason}."
    problems.warn("total-row", message, location)
    return take_rows(frame, slice(0, len(frame) - 1))


def _describe_total(frame: pd.DataFrame | ColumnStore) -> str | None:
    """Why the last row is a total: it is called so, and some number is the sum or mean of those above."""
    tail = take_rows(frame, slice(len(frame) - 2, len(frame)))
    last = {str(name): tail[name] for name in frame.columns}
    named = [name for name, pair in last.items() if _word(pair.iloc[1]) in WORDS and _word(pair.iloc[0]) not in WORDS]
    if not named:
        return None
    word = f"it says '{last[named[0]].iloc[1]}' in '{named[0]}'"
    others = [name for name in last if name not in named]
    if all(last[name].isna().iloc[1] for name in others):
        return f"{word} and nothing else"
    for name in others:
        numbers = column_to_floats(frame[name], NumberEncoder.style_of(frame[name]))
        above = numbers[:-1][np.isfinite(numbers[:-1])]
        for what in ("sum", "mean"):
            if len(above) and np.isclose(numbers[-1], getattr(above, what)(), rtol=RELATIVE_TOLERANCE, atol=0):
                return f"{word}, and its '{name}' is the {what} of the rows above"
    return None


def _word(value: Any) -> str:
    return value.strip().strip(":").lower() if isinstance(value, str) else ""
