"""Numbers: missing ones take the median, then all are shifted and scaled."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from kerasdeep.data.encoders.base import MAJORITY_SHARE, ColumnSample
from kerasdeep.data.scaling import fit_offset_and_scale, scale_with_keras, summarize_numbers
from kerasdeep.data.written_numbers import find_style, parse_numbers

if TYPE_CHECKING:
    import keras

    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems

MIN_ROWS_FOR_IDENTIFIER = 20
BOOLEAN_WORDS = {"true": 1.0, "false": 0.0}
MIN_MISSING_ROWS, MIN_MISSING_SHARE = 20, 0.05
"""Of the training rows, from which on a missing number is a feature of its own."""
ABSURD_DISTANCE = 1e6
"""From the median, in units of the range of all but the outer hundredths."""
ABSURD_SIZE = 1e30
"""Beyond which float32 cannot square a number."""

_IDENTIFIER_NAME = re.compile(r"(?i:(^|.*[_ .-])(id|uuid|index))|.*[a-z]I[dD]")


@dataclass(frozen=True)
class NumberEncoder:
    """encoded = (number − offset) / scale, with `fill` for a missing number.

    `style` says how text is read, one of `written_numbers.STYLES`. Where training rows have absurd numbers, all are
    cut to `bounds`, the least and the largest of the others. With `indicator` a second feature is 1 where the number is
    missing; columns that lack many numbers have it.
    """

    scalar: ClassVar[bool] = True
    rule: ClassVar[str] = "the number, cut to `bounds` where there are any; NaN where it is missing or infinite"
    serving_width: ClassVar[int] = 1
    own_input: ClassVar[None] = None
    holds_paths: ClassVar[bool] = False
    vocabulary: ClassVar[None] = None

    name: str
    fill: float
    offset: float
    scale: float
    style: str = "plain"
    bounds: list[float] | None = None
    indicator: bool = False

    @property
    def as_text(self) -> bool:
        return self.style != "plain"

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Numbers, or text that holds numbers but for a few words."""
        if types.is_numeric_dtype(sample.series.dtype):
            return True
        return sample.is_text and find_style(sample.text_counts)[1].sum() < (1 - MAJORITY_SHARE) * len(sample.texts)

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        if sample.is_text:
            _warn_of_writing(sample, problems)
        if sample.distinct == 1:
            return "constant in the training rows"
        if not sample.requested and _numbers_the_rows(sample.present, sample.name):
            return "identifier-like (it numbers the rows)"
        _warn_of_absurd_numbers(sample, problems)
        return None

    @classmethod
    def style_of(cls, series: pd.Series) -> str:
        """How the column's numbers are written."""
        if types.is_numeric_dtype(series.dtype):
            return "plain"
        counts = series.dropna().astype(str).str.strip().value_counts()
        return find_style(counts[~counts.index.str.lower().isin(list(BOOLEAN_WORDS))])[0]

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        """Median, offset and scale of the column; `data.scaling: auto` standardizes."""
        from sklearn.impute import SimpleImputer

        style = cls.style_of(series)
        values = column_to_floats(series, style)
        values = np.where(np.isfinite(values), values, np.nan)
        sane = values[~_absurd(values)]
        missing = int(np.isnan(values).sum())
        indicator = missing >= max(MIN_MISSING_ROWS, MIN_MISSING_SHARE * len(values))
        bounds = [float(np.nanmin(sane)), float(np.nanmax(sane))] if len(sane) < len(values) else None
        values = (np.clip(values, bounds[0], bounds[1]) if bounds else values)[:, None]
        imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(values)
        scaling = "standardize" if section.scaling == "auto" else section.scaling
        offset, scale = fit_offset_and_scale(imputer.transform(values), scaling)
        return cls(name, float(imputer.statistics_[0]), float(offset[0]), float(scale[0]), style, bounds, indicator)

    @property
    def feature_names(self) -> list[str]:
        return [self.name, f"{self.name}:missing"] if self.indicator else [self.name]

    def apply(self, series: pd.Series) -> np.ndarray:
        values = self.serving_values(series)
        is_missing = ~np.isfinite(values)
        scaled = (np.where(is_missing, self.fill, values) - self.offset) / self.scale
        return np.stack([scaled, is_missing], axis=1) if self.indicator else scaled[:, None]

    def invert(self, features: np.ndarray) -> float | None:
        """The number, without the digits that float32 cannot hold of what it was scaled from."""
        if self.indicator and features[1]:
            return None
        distance = float(features[0]) * self.scale
        magnitude = max(abs(distance), abs(self.offset))
        value = distance + self.offset
        return round(value, 6 - math.floor(math.log10(magnitude))) + 0.0 if magnitude > 1e-300 else value

    def count(self, series: pd.Series) -> dict[str, int]:
        values = column_to_floats(series, self.style)
        missing = ~np.isfinite(values)
        clipped = 0 if self.bounds is None else ((values < self.bounds[0]) | (values > self.bounds[1])) & ~missing
        unreadable = int(missing.sum()) - int(series.isna().sum())
        return {"missing": int(missing.sum()), "unreadable": unreadable, "clipped": int(np.sum(clipped))}

    @classmethod
    def summarize(cls, series: pd.Series) -> dict[str, float]:
        values = column_to_floats(series, cls.style_of(series))
        values = values[np.isfinite(values)]
        return summarize_numbers(values[~_absurd(values)])

    def serving_values(self, series: pd.Series) -> np.ndarray:
        values = column_to_floats(series, self.style)
        if not self.bounds:
            return values
        return np.where(np.isfinite(values), np.clip(values, self.bounds[0], self.bounds[1]), values)

    @staticmethod
    def apply_with_keras(encoders: Sequence[Any], raw: keras.KerasTensor) -> keras.KerasTensor:
        fill, offset, scale = ([getattr(e, key) for e in encoders] for key in ("fill", "offset", "scale"))
        scaled = scale_with_keras(raw, fill, offset, scale)
        marked = [number for number, encoder in enumerate(encoders) if encoder.indicator]
        if not marked:
            return scaled
        from keras import ops

        is_missing, parts, start = ops.cast(ops.logical_or(ops.isnan(raw), ops.isinf(raw)), "float32"), [], 0
        for number in marked:
            parts += [scaled[:, start : number + 1], is_missing[:, number : number + 1]]
            start = number + 1
        return ops.concatenate([*parts, scaled[:, start:]] if start < len(encoders) else parts, axis=-1)


def _warn_of_writing(sample: ColumnSample, problems: Problems) -> None:
    """Texts that are no numbers, and numbers that are not written as Python would."""
    style, strays = find_style(sample.text_counts)
    if style != "plain":
        texts = sample.texts.drop_duplicates()
        numbers = parse_numbers(texts, style)
        readable = np.flatnonzero(numbers.notna() & pd.to_numeric(texts, errors="coerce").isna())
        example = readable[0]
        message = (
            f"'{sample.name}' holds numbers such as '{texts.iloc[example]}', read as {numbers.iloc[example]:.10g}."
        )
        problems.warn("written-number", message, sample.location)
    count = int(strays.sum())
    if count:
        row = sample.texts[sample.texts == strays.index[0]].index[0]
        message = f"'{sample.name}' holds numbers except for {count} value{'s' * (count > 1)}, such as "
        message += f"'{strays.index[0]}' in row {row}; treated as missing."
        problems.warn("not-a-number", message, sample.location)


def _warn_of_absurd_numbers(sample: ColumnSample, problems: Problems) -> None:
    values = column_to_floats(sample.series, NumberEncoder.style_of(sample.series))
    for rows, treatment in (
        (np.isinf(values), "treated as missing"),
        (_absurd(values), "cut to the range of the others"),
    ):
        if rows.any():
            first = np.flatnonzero(rows)[0]
            message = f"'{sample.name}' is {values[first]:g} in row {sample.series.index[first]}"
            message += f" and {rows.sum() - 1} more such" if rows.sum() > 1 else ""
            problems.warn("absurd-number", f"{message}; {treatment}.", sample.location)


def _absurd(values: np.ndarray) -> np.ndarray:
    """Which finite numbers are out of all proportion."""
    finite = np.isfinite(values)
    with np.errstate(over="ignore", invalid="ignore"):
        low, middle, high = np.quantile(values[finite], [0.01, 0.5, 0.99]) if finite.any() else (0.0, 0.0, 0.0)
        limit = ABSURD_DISTANCE * (high - low) if 0 < high - low < ABSURD_SIZE else ABSURD_SIZE
        return finite & ((np.abs(values) > ABSURD_SIZE) | (np.abs(values - middle) > limit))


def _numbers_the_rows(present: pd.Series, name: str) -> bool:
    """Whole numbers, all different, that follow one another once sorted or are called an id: an index or a key."""
    if len(present) <= MIN_ROWS_FOR_IDENTIFIER or not types.is_integer_dtype(present.dtype):
        return False
    close = int(present.max()) - int(present.min()) < 2 * len(present)
    return present.is_unique and (close or _IDENTIFIER_NAME.fullmatch(name) is not None)


def column_to_floats(series: pd.Series, style: str = "plain") -> np.ndarray:
    """A column as float64, NaN where there is no number; booleans, also as text, are 1 and 0."""
    if types.is_numeric_dtype(series.dtype):
        return series.to_numpy(np.float64, na_value=np.nan)
    texts = series.astype(object).map(lambda value: str(value).strip(), na_action="ignore")
    truths = texts.map(lambda text: BOOLEAN_WORDS.get(text.lower(), text), na_action="ignore")
    return parse_numbers(truths, style).to_numpy(np.float64, na_value=np.nan)
