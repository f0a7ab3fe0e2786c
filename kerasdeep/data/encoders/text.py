"""Free text as a bag: TF-IDF of words and of letters in a row, cut to its strongest directions.

State and transform are plain arrays; scikit-learn helps to fit them. A text's features depend on nothing but itself,
so blocks of rows, streamed or not, give the same bits.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from kerasdeep.data.encoders.base import ColumnSample, FeatureEncoder, apply_to_distinct
from kerasdeep.data.encoders.category import column_to_texts, too_many_values

if TYPE_CHECKING:
    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems

COMPONENTS = 64
MAX_TERMS = 3000
"""Of words, and as many of letters in a row: the commonest."""
MAX_FITTED_TEXTS = 20_000
MAX_CHARACTERS = 20_000
MIN_MEAN_WORDS = 3
LETTERS_IN_A_ROW = (3, 4)

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class TextEncoder(FeatureEncoder):
    """`terms`, their `weights` (inverse document frequencies) and `components`, `(terms, features)`, which also
    carry the scale; a text without known terms is all zeros."""

    rule: ClassVar[str] = (
        "in lower case, count `terms`: words after a w, 3 and 4 letters in a row of ' word ' after a c; weigh each by "
        "(1 + ln count) weights; divide by the root of the sum of squares; multiply by `components`. The arrays are in "
        "preprocessing.npz and preprocessing.json of the run"
    )

    name: str
    terms: list[str]
    weights: np.ndarray
    components: np.ndarray

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Several words a value, and too many values to be categories."""
        many = sample.is_text and not sample.requested and too_many_values(sample) is not None
        return many and sample.texts.str.count(r"\S+").mean() >= MIN_MEAN_WORDS

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        if sample.distinct == 1:
            return "constant in the training rows"
        return None if _has_terms(fitted_texts(sample.series)) else "no words are in several rows and not in all"

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        from scipy.sparse import csr_matrix
        from sklearn.decomposition import TruncatedSVD

        texts = fitted_texts(series)
        counted = [count_terms(text) for text in texts]
        frequency = Counter(term for counts in counted for term in counts)
        terms = [
            term
            for mark in "wc"
            for term in sorted(
                (t for t in frequency if t[0] == mark and 1 < frequency[t] < len(texts)),
                key=lambda t: (-frequency[t], t),
            )[:MAX_TERMS]
        ]
        weights = np.array([1 + np.log((1 + len(texts)) / (1 + frequency[term])) for term in terms])
        encoder = cls(name, terms, weights, np.zeros((len(terms), 0)))
        number_of = {term: number for number, term in enumerate(terms)}
        rows = [encoder.weigh(counts, number_of) for counts in counted]
        starts = np.cumsum([0, *(len(numbers) for numbers, _ in rows)])
        numbers, values = (np.concatenate([np.zeros(0), *(row[part] for row in rows)]) for part in (0, 1))
        matrix = csr_matrix((values, numbers.astype(int), starts), (len(rows), len(terms)))
        width = min(COMPONENTS, min(matrix.shape) - 1)
        if width < 1:
            return encoder
        components = TruncatedSVD(width, random_state=0).fit(matrix).components_.T
        # Each direction has the same deviation: a rare word may decide as well as a common one.
        scale = (matrix @ components).std(axis=0) if section.scaling != "none" else np.ones(width)
        return cls(name, terms, weights, np.ascontiguousarray(components / np.where(scale > 0, scale, 1)))

    @property
    def feature_names(self) -> list[str]:
        return [f"{self.name}:{number}" for number in range(self.components.shape[1])]

    def apply(self, series: pd.Series) -> np.ndarray:
        number_of = {term: number for number, term in enumerate(self.terms)}

        def encode(texts: list[str]) -> np.ndarray:
            features = np.zeros((len(texts), self.components.shape[1]), np.float32)
            for row, text in enumerate(texts):
                numbers, values = self.weigh(count_terms(text), number_of)
                features[row] = (values[:, None] * self.components[numbers]).sum(axis=0)
            return features

        return apply_to_distinct(column_to_texts(series), encode)

    def weigh(self, counts: dict[str, int], number_of: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of a text's known terms and their TF-IDF, of length 1."""
        known = [(number_of[term], count) for term, count in counts.items() if term in number_of]
        if not known:
            return np.zeros(0, int), np.zeros(0)
        numbers, times = np.array(known).T
        values = (1 + np.log(times)) * self.weights[numbers]
        return numbers, values / np.sqrt((values**2).sum())

    def invert(self, features: np.ndarray) -> None:
        """A bag of words does not lead back to the text."""

    def count(self, series: pd.Series) -> dict[str, int]:
        return {"missing": sum(not text for text in column_to_texts(series))}


def fitted_texts(series: pd.Series) -> list[str]:
    """The texts that an encoder is fitted on, at most `MAX_FITTED_TEXTS`, evenly spread."""
    texts = [text for text in column_to_texts(series) if text]
    return texts[:: max(1, math.ceil(len(texts) / MAX_FITTED_TEXTS))]


def _has_terms(texts: list[str]) -> bool:
    """Whether two terms, the fewest that have a direction, come back in some of the texts and not in all."""
    frequency: Counter[str] = Counter()
    for seen, text in enumerate(texts, 1):
        terms = count_terms(text)
        frequency.update(terms.keys())
        if sum(1 < frequency[term] < seen for term in terms) > 1:  # which later texts do not change
            return True
    return sum(1 < count < len(texts) for count in frequency.values()) > 1


def split_words(text: str | None) -> list[str]:
    """In lower case."""
    return _WORD.findall(text[:MAX_CHARACTERS].lower()) if text else []


def count_terms(text: str) -> dict[str, int]:
    """How often each word, and each few letters in a row of a word, occur; marked by what they are."""
    words = split_words(text)
    counts = Counter(f"w{word}" for word in words)
    for word in words:
        padded = f" {word} "
        for length in LETTERS_IN_A_ROW:
            counts.update("c" + padded[start : start + length] for start in range(len(padded) - length + 1))
    return counts
