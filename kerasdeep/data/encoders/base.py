"""What every encoder offers, and the sample of a column from which its kind is inferred."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd
from pandas.api import types

if TYPE_CHECKING:
    import keras

    from kerasdeep.config.lowering.planned import ColumnInput
    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems, SourceLocation

MAJORITY_SHARE = 0.9
DATE_SAMPLE_ROWS = 1000

_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d\d)([T ].*)?|"
    rf"(?i:(\w+,? )?(\d{{1,2}}\.?[- ]({_MONTH})[a-z]*|({_MONTH})[a-z]*\.? \d{{1,2}}),?[- ]\d{{2,4}}( .*)?)"
)


class ColumnSample:
    """A column of the training rows, as encoders look at it; `requested` says that `data.features` or `data.columns`
    names it."""

    def __init__(self, name: str, series: pd.Series, requested: bool, location: SourceLocation | None) -> None:
        self.name, self.series, self.requested, self.location = name, series, requested, location
        self.present = series.dropna()

    @cached_property
    def distinct(self) -> int:
        return (self.texts if self.is_nested else self.present).nunique()

    @cached_property
    def texts(self) -> pd.Series:
        return self.present.astype(str).str.strip()

    @cached_property
    def text_counts(self) -> pd.Series:
        return self.texts.value_counts()

    @cached_property
    def is_nested(self) -> bool:
        return bool(len(self.present)) and isinstance(self.present.iloc[0], list | dict | tuple | np.ndarray | bytes)

    @cached_property
    def is_date(self) -> bool:
        dtype = self.series.dtype
        if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
            return True
        if types.is_numeric_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype) or self.is_nested:
            return False
        if types.infer_dtype(self.present) in ("date", "datetime", "time", "timedelta"):
            return True
        return self.texts.head(DATE_SAMPLE_ROWS).str.fullmatch(_DATE.pattern).mean() > MAJORITY_SHARE

    @cached_property
    def is_text(self) -> bool:
        """Whether the values are neither numbers nor dates nor nested nor pandas categories, as far as types tell."""
        plain = not types.is_numeric_dtype(self.series.dtype) and not isinstance(self.series.dtype, pd.CategoricalDtype)
        return plain and not self.is_nested and not self.is_date


class Encoder(Protocol):
    """How a column of one kind is encoded: a frozen dataclass, fitted on the training rows.

    Its fields are JSON values or NumPy arrays, which are saved with the run under their names. `scalar` encoders take
    one number a row, and their columns come first. `as_text` columns are read as text even if they look like numbers.
    Exports take `serving_width` numbers of a column.

    The features of columns stand side by side in one input of the network, unless `own_input` says what an input of
    this column's own is like.
    """

    scalar: ClassVar[bool]
    holds_paths: ClassVar[bool]
    """Whether values are paths, which readers bring into the form that the system takes."""
    rule: ClassVar[str]
    """For whoever feeds an export: what to give it of a value of this column, by the names of the fields."""
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(self, name: str, *values: Any, **state: Any) -> None: ...

    @property
    def name(self) -> str: ...

    @property
    def as_text(self) -> bool: ...

    @property
    def serving_width(self) -> int: ...

    @property
    def own_input(self) -> ColumnInput | None: ...

    def count(self, series: pd.Series) -> dict[str, int]:
        """How many values are `missing`, and of these `unreadable` ones; `unseen` in training; `clipped`."""
        ...

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Whether the column is of this kind."""
        ...

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        """Why nothing can be learned from such a column; None where it is used. Warns of what is not
        read, or read as what it does not seem."""
        ...

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        """The encoder of these training rows, as `data:` says."""
        ...

    @property
    def feature_names(self) -> list[str]:
        """A name for each number the network sees; the column's, where it is an input of its own."""
        ...

    def apply(self, series: pd.Series) -> np.ndarray:
        """The column as numbers, `(rows, features)` or `(rows, *own_input.shape)`, whatever is in it, None too."""
        ...

    def invert(self, features: np.ndarray) -> Any:
        """The raw value of one row's features, as JSON."""
        ...

    @classmethod
    def summarize(cls, series: pd.Series) -> dict[str, float]:
        """Facts of the raw column for the profile: mean, std, min, max, or nothing."""
        ...

    @property
    def vocabulary(self) -> list[str | None] | None:
        """In exports, where a column is one number: the values that the numbers 0, 1, … stand for."""
        ...

    def serving_values(self, series: pd.Series) -> np.ndarray:
        """The column as exports take it, one number a row."""
        ...

    @staticmethod
    def apply_with_keras(encoders: Sequence[Any], raw: keras.KerasTensor) -> keras.KerasTensor:
        """`apply` for exports: the features of several columns of this kind, `raw` is (batch, columns)."""
        ...


class FeatureEncoder:
    """What encoders share whose features a model that is exported cannot make itself: exports take the features."""

    scalar: ClassVar[bool] = False
    holds_paths: ClassVar[bool] = False
    rule: ClassVar[str] = "its features, as kerasdeep makes them"
    as_text: ClassVar[bool] = True
    vocabulary: ClassVar[None] = None

    @property
    def feature_names(self) -> list[str]:
        raise NotImplementedError

    def apply(self, series: pd.Series) -> np.ndarray:
        raise NotImplementedError

    @property
    def own_input(self) -> ColumnInput | None:
        return None

    @property
    def serving_width(self) -> int:
        return self.own_input.shape[0] if self.own_input else len(self.feature_names)

    def serving_values(self, series: pd.Series) -> np.ndarray:
        return self.apply(series)

    def count(self, series: pd.Series) -> dict[str, int]:
        return {"missing": int(series.isna().sum())}

    @staticmethod
    def apply_with_keras(encoders: Sequence[Any], raw: keras.KerasTensor) -> keras.KerasTensor:
        return raw

    @classmethod
    def summarize(cls, series: pd.Series) -> dict[str, float]:
        return {}


def apply_to_distinct(texts: Iterable[str | None], apply: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """`apply`, `(texts, features)`, called with each different text once; rows of None are zeros."""
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    number_of: dict[str | None, int] = {text: number for number, text in enumerate(distinct, 1)}
    features = apply(distinct)
    features = np.concatenate([np.zeros((1, features.shape[1]), features.dtype), features])
    return features[[number_of.get(text, 0) for text in texts]]
