"""Dates and times: days since the first training row, and where in the year, the week and the day they lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from kerasdeep.data.encoders.base import MAJORITY_SHARE, ColumnSample, FeatureEncoder
from kerasdeep.data.scaling import fit_offset_and_scale

if TYPE_CHECKING:
    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems

PERIODS = {"month": 12, "day_of_week": 7, "hour": 24}
"""Parts of a date that come round, and how many of them make a turn."""
MICROSECONDS_A_DAY = 86_400 * 10**6

_TWO_NUMBERS_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d\d)(?!\d)")


@dataclass(frozen=True)
class DateEncoder(FeatureEncoder):
    """Days since `first` (in days since 1970), scaled, and sine and cosine of `parts`; zeros where there is no date."""

    rule: ClassVar[str] = (
        "((days since 1970-01-01, with fractions, UTC) - first - offset) / scale; then for each of `parts` sine and "
        "cosine of 2 pi value / period: month counts from 1 (period 12), day_of_week from Monday = 0 (7) and hour "
        "from 0 (24); zeros where there is no date. day_first says how 3/4/2024 is read"
    )

    name: str
    first: float
    offset: float
    scale: float
    day_first: bool
    parts: list[str]

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        return (
            sample.is_date
            and read_dates(sample.present, find_day_first(sample.texts)[0]).notna().mean() > MAJORITY_SHARE
        )

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        day_first, evidence = find_day_first(sample.texts)
        if evidence:
            order = "day" if day_first else "month"
            message = f"'{sample.name}' is read {order} first: {evidence}."
            problems.warn("date-order", message, sample.location)
        dates = read_dates(sample.present, day_first).dropna()
        return "constant in the training rows" if dates.nunique() < 2 else None

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        day_first = find_day_first(series.dropna().astype(str))[0]
        dates = read_dates(series, day_first).dropna()
        days = _days(dates)
        if not len(days):
            return cls(name, 0.0, 0.0, 1.0, day_first, [])
        parts = [part for part in PERIODS if getattr(dates.dt, part).nunique() > 1]
        offset, scale = fit_offset_and_scale(
            days[:, None] - days.min(), "standardize" if section.scaling == "auto" else section.scaling
        )
        return cls(name, float(days.min()), float(offset[0]), float(scale[0]), day_first, parts)

    @property
    def feature_names(self) -> list[str]:
        waves = [f"{self.name}:{part}_{wave}" for part in self.parts for wave in ("sin", "cos")]
        return [f"{self.name}:days", *waves]

    def apply(self, series: pd.Series) -> np.ndarray:
        dates = read_dates(series, self.day_first)
        columns = [(_days(dates) - self.first - self.offset) / self.scale]
        for part in self.parts:
            angles = np.arange(PERIODS[part] + 1) * (2 * np.pi / PERIODS[part])
            place = getattr(dates.dt, part).fillna(0).to_numpy(int)
            columns += [np.where(dates.isna(), np.nan, wave(angles)[place]) for wave in (np.sin, np.cos)]
        return np.nan_to_num(np.stack(columns, axis=1)).astype(np.float32)

    def invert(self, features: np.ndarray) -> str | None:
        if not features.any():
            return None
        days = float(features[0]) * self.scale + self.offset + self.first
        return str(np.datetime64(0, "D") + np.timedelta64(round(days), "D"))

    def count(self, series: pd.Series) -> dict[str, int]:
        missing = int(read_dates(series, self.day_first).isna().sum())
        return {"missing": missing, "unreadable": missing - int(series.isna().sum())}


def read_dates(series: pd.Series, day_first: bool) -> pd.Series:
    """Times without a zone, in microseconds; NaT where there is none."""
    if types.is_datetime64_any_dtype(series.dtype):
        return pd.to_datetime(series, utc=True).dt.tz_localize(None).astype("datetime64[us]")
    texts = series.dropna().astype(str).str.strip()
    number_of, values = pd.factorize(texts)
    distinct = pd.Series(values, dtype=object)
    two_first = distinct.astype(str).str.match(_TWO_NUMBERS_FIRST.pattern)
    times = pd.Series(pd.NaT, distinct.index, dtype="datetime64[us]")
    for chosen, order in ((two_first, day_first), (~two_first, False)):
        read = pd.to_datetime(distinct[chosen], format="mixed", dayfirst=order, errors="coerce", utc=True)
        times[chosen] = read.dt.tz_localize(None).astype("datetime64[us]")
    found = np.full(len(series), "NaT", "datetime64[us]")
    found[series.notna().to_numpy()] = times.to_numpy()[number_of]
    return pd.Series(found, series.index)  # by position: an index may repeat


def _days(dates: pd.Series) -> np.ndarray:
    """Days since 1970, NaN where there is no date."""
    values = dates.to_numpy("datetime64[us]")
    return np.where(np.isnat(values), np.nan, values.astype(np.int64) / MICROSECONDS_A_DAY)


def find_day_first(texts: pd.Series) -> tuple[bool, str]:
    """Whether 3/4 is the third of April, and why; no reason where no date leaves the question open."""
    found = texts.str.strip().str.extract(f"^{_TWO_NUMBERS_FIRST.pattern}").dropna()
    if not len(found):
        return False, ""
    first, second = found[0].astype(int), found[2].astype(int)
    day_first, month_first = int((first > 12).sum()), int((second > 12).sum())
    if day_first or month_first:
        row = (first if day_first >= month_first else second).gt(12).idxmax()
        return day_first >= month_first, f"'{texts[row]}' in row {row} leaves no other choice"
    dotted = bool((found[1] == ".").mean() > MAJORITY_SHARE)
    return dotted, "no date says which" + (", and points are written so" if dotted else "")
