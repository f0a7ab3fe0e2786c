"""What the columns of a table are, judged on the training rows: numbers, categories, or nothing to learn from.

Left out, each with its reason: dates, columns with one value, columns that number or name the rows, text with
more values than could be learned, nested values. `data.features` overrules the judgement on what numbers or names
the rows and on many values; it cannot make a date a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.errors import Problems

MAX_CATEGORIES = 100
MIN_ROWS_FOR_IDENTIFIER = 20
MAJORITY_SHARE = 0.9

_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?")
_IDENTIFIER_NAME = re.compile(r"(?i:(^|.*[_ .-])(id|uuid|index))|.*[a-z]I[dD]")
_BOOLEAN_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Column:
    """`kind` is number, boolean or category; `left_out` says why a column is not used."""

    name: str
    kind: str
    exclusion_reason: str | None = None


def infer_columns(frame: pd.DataFrame, section: DataConfig, problems: Problems) -> list[Column]:
    """Every column of the training rows; what is left out is warned of, an empty result is reported."""
    requested = set(section.features or ())
    columns = [
        _infer_column(frame[name], str(name), str(name) in requested, section, problems) for name in frame.columns
    ]
    by_reason: dict[str, list[str]] = {}
    for column in columns:
        if column.exclusion_reason:
            by_reason.setdefault(column.exclusion_reason, []).append(column.name)
    for reason, names in by_reason.items():
        message = f"Left out, {reason}: {', '.join(names)}."
        problems.warn("left-out-column", message, section.location_or_key("features"))
    if not any(column.exclusion_reason is None for column in columns):
        message = "No column is left to learn from. Expected at least one with numbers or categories."
        problems.error("no-features", message, section.location_or_key("features"))
    return columns


def _infer_column(series: pd.Series, name: str, requested: bool, section: DataConfig, problems: Problems) -> Column:
    present = series.dropna()
    if types.is_datetime64_any_dtype(series.dtype) or types.is_timedelta64_dtype(series.dtype):
        return Column(name, "date", "a date or time (turn it into numbers to use it)")
    if not len(present):
        return Column(name, "constant", "always missing")
    if types.is_bool_dtype(series.dtype):
        kind, distinct = "boolean", present.nunique()
    elif types.is_numeric_dtype(series.dtype):
        kind, distinct = "number", present.nunique()
    else:
        if isinstance(present.iloc[0], list | dict | tuple | np.ndarray | bytes):
            return Column(name, "nested", "nested values")
        kind = _kind_of_text(present, name, section, problems)
        if kind == "date":
            return Column(name, kind, "a date or time (turn it into numbers to use it)")
        distinct = present.nunique()
    if distinct == 1 and (kind in ("number", "boolean") or len(present) == len(series)):
        return Column(name, kind, "constant in the training rows")
    if not requested:
        if kind == "category" and distinct > max(MIN_ROWS_FOR_IDENTIFIER, len(present) / 2):
            return Column(name, kind, "identifier-like (nearly every row has its own value)")
        if kind == "number" and _numbers_the_rows(present, name):
            return Column(name, kind, "identifier-like (it numbers the rows)")
        if kind == "category" and distinct > MAX_CATEGORIES:
            return Column(name, kind, f"more than {MAX_CATEGORIES} categories (name it in `features` to keep it)")
    return Column(name, kind)


def _kind_of_text(present: pd.Series, name: str, section: DataConfig, problems: Problems) -> str:
    """Text may be booleans with gaps, dates, or numbers with some words among them."""
    if types.infer_dtype(present) in ("date", "datetime", "time", "timedelta"):
        return "date"
    if isinstance(present.dtype, pd.CategoricalDtype):
        return "category"
    if set(present.map(type)) == {bool}:
        return "boolean"
    texts = present.astype(str).str.strip()
    counts = texts.value_counts()
    if set(counts.index.str.lower()) <= set(_BOOLEAN_WORDS):
        return "boolean"
    if texts.head(1000).str.fullmatch(_DATE.pattern).mean() > MAJORITY_SHARE:
        return "date"
    words = counts[pd.to_numeric(counts.index, errors="coerce").isna()]
    strays = int(words.sum())
    if strays < (1 - MAJORITY_SHARE) * len(texts):
        if strays:
            message = (
                f"'{name}' holds numbers but for {strays} value{'s' * (strays > 1)}, such as "
                f"'{words.index[0]}' in row {texts[texts == words.index[0]].index[0]}; taken as missing."
            )
            problems.warn("not-a-number", message, section.location_or_key("source"))
        return "number"
    return "category"


def _numbers_the_rows(present: pd.Series, name: str) -> bool:
    """Whole numbers, all different, that follow one another once sorted or are called an id: an index or a key."""
    if len(present) <= MIN_ROWS_FOR_IDENTIFIER or not types.is_integer_dtype(present.dtype):
        return False
    close = int(present.max()) - int(present.min()) < 2 * len(present)
    return present.is_unique and (close or _IDENTIFIER_NAME.fullmatch(name) is not None)


def column_to_floats(series: pd.Series) -> np.ndarray:
    """A column as float64, NaN where there is no number; booleans, also as text, are 1 and 0."""
    if types.is_numeric_dtype(series.dtype):
        return series.to_numpy(np.float64, na_value=np.nan)
    texts = series.astype(object).map(lambda value: value if value is None or value != value else str(value).strip())
    truths = texts.map(lambda text: _BOOLEAN_WORDS.get(text.lower(), text) if isinstance(text, str) else text)
    return pd.to_numeric(truths, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def column_to_texts(series: pd.Series) -> np.ndarray:
    """A category column as text, None where a value is missing; 3 and 3.0 are the same category '3'."""
    if types.is_float_dtype(series.dtype):
        values = series.to_numpy(np.float64, na_value=np.nan)
        texts = [
            None if value != value else f"{value:g}" if value != round(value) else str(int(value)) for value in values
        ]
    else:
        missing_mask = series.isna().to_numpy()
        texts = [
            None if is_missing else str(value).strip() for value, is_missing in zip(series, missing_mask, strict=True)
        ]
    return np.array(texts, object)
