"""Categories: a column of 0 and 1 for each value that the training rows have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from kerasdeep.data.encoders.base import ColumnSample
from kerasdeep.data.encoders.number import MIN_ROWS_FOR_IDENTIFIER

if TYPE_CHECKING:
    import keras

    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems

MAX_CATEGORIES = 100


@dataclass(frozen=True)
class CategoryEncoder:
    """One feature for each of `values`; None among them is a missing value. Any other value gives zeros."""

    scalar: ClassVar[bool] = False
    rule: ClassVar[str] = (
        "the position of the text, without blanks around it, among its `categories`, from 0; null there is a missing "
        "value; -1 for any other"
    )
    as_text: ClassVar[bool] = True
    serving_width: ClassVar[int] = 1
    own_input: ClassVar[None] = None
    holds_paths: ClassVar[bool] = False

    name: str
    values: list[str | None]

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        return sample.is_text or isinstance(sample.series.dtype, pd.CategoricalDtype)

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        if sample.distinct == 1 and len(sample.present) == len(sample.series):
            return "constant in the training rows"
        if sample.requested:
            return None
        return too_many_values(sample)

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        """The values in scikit-learn's order: alphabetical, a missing value last."""
        from sklearn.preprocessing import OneHotEncoder

        fitted = OneHotEncoder(handle_unknown="ignore").fit(column_to_texts(series)[:, None])
        return cls(name, list(fitted.categories_[0]))

    @property
    def feature_names(self) -> list[str]:
        return [f"{self.name}={'missing' if value is None else value}" for value in self.values]

    def apply(self, series: pd.Series) -> np.ndarray:
        codes = self.serving_values(series)
        features = np.zeros((len(codes), len(self.values)), np.float32)
        known = np.flatnonzero(codes >= 0)
        features[known, codes[known]] = 1
        return features

    def invert(self, features: np.ndarray) -> str | None:
        return self.values[int(features.argmax())] if features.any() else None

    def count(self, series: pd.Series) -> dict[str, int]:
        texts = column_to_texts(series)
        known, missing = set(self.values), np.array([text is None for text in texts], bool)
        unseen = sum(text not in known for text in texts[~missing])
        return {"missing": 0 if None in known else int(missing.sum()), "unseen": unseen}

    @classmethod
    def summarize(cls, series: pd.Series) -> dict[str, float]:
        return {}

    @property
    def vocabulary(self) -> list[str | None]:
        return self.values

    def serving_values(self, series: pd.Series) -> np.ndarray:
        """The number of each value in `values`, −1 for any other."""
        number_of = {value: number for number, value in enumerate(self.values)}
        return np.array([number_of.get(text, -1) for text in column_to_texts(series)], int)

    @staticmethod
    def apply_with_keras(encoders: Sequence[Any], raw: keras.KerasTensor) -> keras.KerasTensor:
        from keras import ops

        one_hot = [
            ops.cast(
                ops.equal(raw[:, column : column + 1], np.arange(len(encoder.values), dtype=np.float32)), "float32"
            )
            for column, encoder in enumerate(encoders)
        ]
        return ops.concatenate(one_hot, axis=-1) if len(one_hot) > 1 else one_hot[0]


def too_many_values(sample: ColumnSample) -> str | None:
    """Why a column has too many different values to be categories, if it has."""
    if sample.distinct > max(MIN_ROWS_FOR_IDENTIFIER, len(sample.present) / 2):
        return "identifier-like (nearly every row has its own value)"
    if sample.distinct > MAX_CATEGORIES:
        return f"more than {MAX_CATEGORIES} categories (name it in `features` to keep it)"
    return None


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
