"""Booleans, also as text and with gaps: numbers 0 and 1, treated like any other number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd
from pandas.api import types

from kerasdeep.data.encoders.base import ColumnSample
from kerasdeep.data.encoders.number import BOOLEAN_WORDS, NumberEncoder

if TYPE_CHECKING:
    from kerasdeep.errors import Problems


@dataclass(frozen=True)
class BooleanEncoder(NumberEncoder):
    """A `NumberEncoder` of 0 for false and 1 for true."""

    rule: ClassVar[str] = "1 for true, 0 for false, NaN where it is missing"

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        if types.is_bool_dtype(sample.series.dtype):
            return True
        return sample.is_text and set(sample.text_counts.index.str.lower()) <= set(BOOLEAN_WORDS)

    @classmethod
    def style_of(cls, series: pd.Series) -> str:
        texts = series.dropna().astype(str).str.strip().str.lower()
        return "plain" if types.is_bool_dtype(series.dtype) or texts.isin(list(BOOLEAN_WORDS)).all() else "words"

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        return "constant in the training rows" if sample.distinct == 1 else None
