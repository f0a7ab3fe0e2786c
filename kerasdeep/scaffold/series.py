"""What `init --window` needs to know of a table: which column orders the rows, and which tells several series apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kerasdeep.config.sections.data import WindowConfig
from kerasdeep.data.encoders import ENCODERS
from kerasdeep.data.encoders.base import ColumnSample
from kerasdeep.data.row_roles import times_of
from kerasdeep.data.suspicions import names_a_time
from kerasdeep.errors import InputError, SourceLocation

if TYPE_CHECKING:
    import pandas as pd

_WINDOW = re.compile(r"([1-9]\d{0,4})(?:/([1-9]\d{0,4}))?")


def parse_window(text: str) -> WindowConfig:
    """`48/12`: 48 rows are seen, and the 12 values after them forecast; without the second number it is one."""
    match = _WINDOW.fullmatch(text.strip())
    if not match:
        message = f"`{text}` is no window. Expected LENGTH/HORIZON, such as 48/12: how many rows the network sees, and "
        raise InputError(f"{message}how many of the next values it forecasts.", "wrong-value", _at("--window"))
    return WindowConfig(length=int(match[1]), horizon=int(match[2] or 1))


def find_time(frame: pd.DataFrame) -> str:
    """The column of dates; of several the one that is called so. Raises InputError where there is none."""
    names = [name for name in map(str, frame.columns) if ENCODERS["date"].recognizes(_sample(frame, name))]
    if not names:
        message = f"No column holds dates. Expected `--time NAME`: what orders the rows, one of {', '.join(frame)}."
        raise InputError(message, "missing-key", _at("--window"))
    return next(filter(names_a_time, names), names[0])


def find_group(frame: pd.DataFrame, time: str, targets: list[str]) -> str | None:
    """The column with the fewest values within each of which every time is there once; None where no time repeats."""
    import pandas as pd

    times = pd.Series(times_of(frame[time])[0], frame.index)
    if times.is_unique:
        return None
    counts = {}
    for name in (str(name) for name in frame.columns if name not in (time, *targets)):
        sample = _sample(frame, name)
        if not (pd.api.types.is_float_dtype(frame[name].dtype) or sample.is_nested or sample.is_date):
            counts[name] = sample.distinct
    for name in sorted(counts, key=counts.__getitem__):
        if 2 * counts[name] <= len(frame) and not pd.DataFrame({"g": frame[name], "t": times}).duplicated().any():
            return name
    return None


def _sample(frame: pd.DataFrame, name: str) -> ColumnSample:
    return ColumnSample(name, frame[name], False, None)


def _at(option: str) -> SourceLocation:
    return SourceLocation(option)
