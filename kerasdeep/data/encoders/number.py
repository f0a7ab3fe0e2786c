"""Numbers: missing ones take the median, then all are shifted and scaled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from kerasdeep.data.encoders.base import MAJORITY_SHARE, ColumnSample
from kerasdeep.data.scaling import fit_offset_and_scale, scale_with_keras, summarize_numbers

if TYPE_CHECKING:
    import keras

    from kerasdeep.errors import Problems

MIN_ROWS_FOR_IDENTIFIER = 20
BOOLEAN_WORDS = {"true": 1.0, "false": 0.0}

_IDENTIFIER_NAME = re.compile(r"(?i:(^|.*[_ .-])(id|uuid|index))|.*[a-z]I[dD]")


@dataclass(frozen=True)
class NumberEncoder:
    """encoded = (number − offset) / scale, with `fill` for a missing number."""

    scalar: ClassVar[bool] = True
    as_text: ClassVar[bool] = False
    vocabulary: ClassVar[None] = None

    name: str
    fill: float
    offset: float
    scale: float

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Numbers, or text that holds numbers but for a few words."""
        if types.is_numeric_dtype(sample.series.dtype):
            return True
        return sample.is_text and _stray_words(sample).sum() < (1 - MAJORITY_SHARE) * len(sample.texts)

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        if sample.is_text:
            _warn_of_strays(sample, problems)
        if sample.distinct == 1:
            return "constant in the training rows"
        if not sample.requested and _numbers_the_rows(sample.present, sample.name):
            return "identifier-like (it numbers the rows)"
        return None

    @classmethod
    def fit(cls, name: str, series: pd.Series, scaling: str) -> Self:
        """Median, offset and scale of the column; `scaling: auto` standardizes."""
        from sklearn.impute import SimpleImputer

        values = column_to_floats(series)
        values = np.where(np.isfinite(values), values, np.nan)[:, None]
        imputer = SimpleImputer(strategy="median").fit(values)
        scaling = "standardize" if scaling == "auto" else scaling
        offset, scale = fit_offset_and_scale(imputer.transform(values), scaling)
        return cls(name, float(imputer.statistics_[0]), float(offset[0]), float(scale[0]))

    @property
    def feature_names(self) -> list[str]:
        return [self.name]

    def apply(self, series: pd.Series) -> np.ndarray:
        values = column_to_floats(series)
        values = np.where(np.isfinite(values), values, self.fill)
        return ((values - self.offset) / self.scale)[:, None]

    def invert(self, features: np.ndarray) -> float:
        return float(features[0]) * self.scale + self.offset

    @staticmethod
    def summarize(series: pd.Series) -> dict[str, float]:
        values = column_to_floats(series)
        return summarize_numbers(values[np.isfinite(values)])

    def serving_values(self, series: pd.Series) -> np.ndarray:
        return column_to_floats(series)

    @staticmethod
    def apply_with_keras(encoders: Sequence[Any], raw: keras.KerasTensor) -> keras.KerasTensor:
        fill, offset, scale = ([getattr(e, key) for e in encoders] for key in ("fill", "offset", "scale"))
        return scale_with_keras(raw, fill, offset, scale)


def _stray_words(sample: ColumnSample) -> pd.Series:
    """How often each text occurs that is not a number."""
    counts = sample.text_counts
    return counts[pd.to_numeric(counts.index, errors="coerce").isna()]


def _warn_of_strays(sample: ColumnSample, problems: Problems) -> None:
    words = _stray_words(sample)
    count = int(words.sum())
    if count:
        row = sample.texts[sample.texts == words.index[0]].index[0]
        message = f"'{sample.name}' holds numbers except for {count} value{'s' * (count > 1)}, such as "
        message += f"'{words.index[0]}' in row {row}; treated as missing."
        problems.warn("not-a-number", message, sample.location)


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
    truths = texts.map(lambda text: BOOLEAN_WORDS.get(text.lower(), text) if isinstance(text, str) else text)
    return pd.to_numeric(truths, errors="coerce").to_numpy(np.float64, na_value=np.nan)
