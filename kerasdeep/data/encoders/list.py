"""Lists such as `a;b`, or lists proper: a column of 0 and 1 for each item that the training rows have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from kerasdeep.data.encoders.base import ColumnSample, FeatureEncoder
from kerasdeep.data.encoders.category import MAX_CATEGORIES, too_many_values

if TYPE_CHECKING:
    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems

SEPARATORS = (";", "|", ",")
MIN_LIST_SHARE = 0.5
MAX_ITEM_WORDS = 2
NESTED = (list, tuple, np.ndarray)


@dataclass(frozen=True)
class ListEncoder(FeatureEncoder):
    """One feature for each of `items`; `separator` is between them where lists are text."""

    rule: ClassVar[str] = "for each of `items` 1 where the list has it, else 0; `separator` is between items in text"

    name: str
    items: list[str]
    separator: str

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Lists proper, and text with too many values to be categories but few items, if it is mostly lists."""
        if sample.is_nested:
            items = [item for value in sample.present if isinstance(value, NESTED) for item in value]
            return bool(items) and all(isinstance(item, str) for item in items) and len(set(items)) <= MAX_CATEGORIES
        if not sample.is_text or sample.requested or too_many_values(sample) is None:
            return False
        separator = _separator(sample.present)
        items = _items(sample.present, separator)
        distinct = {item for row in items for item in row}
        few_words = all(len(item.split()) <= MAX_ITEM_WORDS for item in distinct)
        share = float(np.mean([len(row) > 1 for row in items]))
        return few_words and len(distinct) <= MAX_CATEGORIES and share > MIN_LIST_SHARE

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        return "constant in the training rows" if sample.distinct == 1 else None

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        """The commonest items, in alphabetical order."""
        separator = _separator(series.dropna())
        counts = Counter(item for row in _items(series, separator) for item in set(row))
        common = sorted(counts, key=lambda item: (-counts[item], item))[:MAX_CATEGORIES]
        return cls(name, sorted(common), separator)

    @property
    def feature_names(self) -> list[str]:
        return [f"{self.name}={item}" for item in self.items]

    def apply(self, series: pd.Series) -> np.ndarray:
        number_of = {item: number for number, item in enumerate(self.items)}
        features = np.zeros((len(series), len(self.items)), np.float32)
        for row, items in enumerate(_items(series, self.separator)):
            features[row, [number_of[item] for item in items if item in number_of]] = 1
        return features

    def invert(self, features: np.ndarray) -> str:
        return (self.separator or ";").join(item for item, there in zip(self.items, features, strict=True) if there)

    def count(self, series: pd.Series) -> dict[str, int]:
        known = set(self.items)
        items = _items(series, self.separator)
        return {"missing": sum(not row for row in items), "unseen": sum(bool(set(row) - known) for row in items)}


def _separator(present: pd.Series) -> str:
    """The sign that most of the texts have, or of lists proper the fewest items; of equals the first."""
    texts = present.astype(str)
    if len(present) and isinstance(present.iloc[0], NESTED):
        items = {item for row in _items(present) for item in row}
        return min(SEPARATORS, key=lambda separator: sum(separator in item for item in items))
    return max(SEPARATORS, key=lambda separator: texts.str.contains(separator, regex=False).sum())


def _items(series: pd.Series, separator: str | None = None) -> list[list[str]]:
    return [_split(value, separator) for value in series]


def _split(value: Any, separator: str | None) -> list[str]:
    if isinstance(value, NESTED):
        return [str(item) for item in value if not (item is None or item is pd.NA)]
    if value is None or value is pd.NA or value != value:
        return []
    return [item for part in str(value).split(separator) if (item := part.strip())]
