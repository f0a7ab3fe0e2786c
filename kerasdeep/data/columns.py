"""Which columns of a table can be learned from, and of what kind they are, judged on the training rows.

Left out, each with its reason: columns with one value, columns that number or name the rows, names with more values
than could be learned, nested values. `data.features` overrules the judgement on what numbers or names the rows and on
many values; `data.columns` states a column's kind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.column_store import ColumnStore
from kerasdeep.data.encoders import ENCODERS
from kerasdeep.data.encoders.base import ColumnSample
from kerasdeep.errors import Problems

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """`kind` is a key of `ENCODERS`, or None where none recognizes the column; `exclusion_reason` says why a column
    is not used."""

    name: str
    kind: str | None
    exclusion_reason: str | None = None


def infer_columns(frame: pd.DataFrame | ColumnStore, section: DataConfig, problems: Problems) -> list[Column]:
    """Every column of the training rows; what is left out is warned of, an empty result is reported."""
    location, requested = section.location_or_key("source"), {*(section.features or ()), *section.columns}
    requested |= set(section.target or ()) if section.window else set()
    streamed = isinstance(frame, ColumnStore)
    columns = [
        _infer_column(
            ColumnSample(str(name), frame[name], str(name) in requested, location), section, problems, streamed
        )
        for name in frame.columns
    ]
    by_reason: dict[str, list[str]] = {}
    for column in columns:
        if column.exclusion_reason:
            by_reason.setdefault(column.exclusion_reason, []).append(column.name)
    location = section.location_or_key("features")
    for reason, names in by_reason.items():
        problems.warn("left-out-column", f"Left out, {reason}: {', '.join(names)}.", location)
    if all(column.exclusion_reason for column in columns):
        message = "No column is left to learn from. Expected at least one with numbers or categories."
        problems.error("no-features", message, location)
    return columns


def _infer_column(sample: ColumnSample, section: DataConfig, problems: Problems, streamed: bool) -> Column:
    if not len(sample.present):
        return Column(sample.name, None, "always missing")
    stated = section.stated_kind(sample.name)
    if stated != "auto":
        encoder = ENCODERS[stated]
        if encoder.fit(sample.name, sample.present, replace(section, scaling="none")).count(sample.present)[
            "missing"
        ] == len(sample.present):
            message = f"'{sample.name}' is stated to be a {stated}, but none of its values is one, such as "
            problems.error("wrong-kind", f"{message}'{sample.present.iloc[0]}'.", section.location_or_key("columns"))
            return Column(sample.name, None, "of another kind than stated")
        return Column(sample.name, stated, encoder.exclusion_reason(sample, problems))
    for kind, encoder in ENCODERS.items():
        # Paths are read relative to the table, and that only of rows in memory.
        if not (streamed and encoder.holds_paths) and encoder.recognizes(sample):
            return Column(sample.name, kind, encoder.exclusion_reason(sample, problems))
    reason = "nested values" if sample.is_nested else "a date or time (turn it into numbers to use it)"
    return Column(sample.name, None, reason)
