"""Text as the numbers of its words, in their order: an input of its own, which a network embeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import ColumnInput
from kerasdeep.config.sections.data import ColumnConfig, DataConfig
from kerasdeep.data.encoders.base import ColumnSample, FeatureEncoder, apply_to_distinct
from kerasdeep.data.encoders.category import column_to_texts
from kerasdeep.data.encoders.text import split_words

if TYPE_CHECKING:
    from kerasdeep.errors import Problems

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2
MIN_TEXTS = 2
"""That have a word, for it to be known: words of one text alone teach what an unknown word means."""
LENGTH_SHARE = 0.95
"""Of the training texts, which are not cut."""
MAX_LENGTH = 512
EMBEDDING_WIDTH = 32


@dataclass(frozen=True)
class TokensEncoder(FeatureEncoder):
    """A row is `length` numbers: `FIRST_WORD` + the position of a word in `words`, `UNKNOWN` for any other, `PADDING`
    behind the last. A text without words is one unknown word, so that no row is padding alone."""

    rule: ClassVar[str] = (
        "in lower case, the first `length` words (letters, digits and _ in a row): 2 + its position in `words`, 1 for "
        "any other word, 0 behind the last; 1, 0, 0, … without words. `words` are in preprocessing.json of the run"
    )

    name: str
    words: list[str]
    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError("should have a `length` from 1 on")

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Never: text is a bag unless `as: tokens` says otherwise."""
        return False

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        return "constant in the training rows" if sample.distinct == 1 else None

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        settings = section.columns.get(name) or ColumnConfig()
        texts = [words for text in column_to_texts(series) if (words := split_words(text))]
        frequency = Counter(word for words in texts for word in set(words))
        common = sorted((w for w in frequency if frequency[w] >= MIN_TEXTS), key=lambda w: (-frequency[w], w))
        lengths = [len(words) for words in texts] or [1]
        length = min(MAX_LENGTH, int(np.quantile(lengths, LENGTH_SHARE, method="higher")))
        return cls(name, common[: settings.words - FIRST_WORD], settings.length or length)

    @property
    def own_input(self) -> ColumnInput:
        count = FIRST_WORD + len(self.words)
        embedding = {"name": "embedding", "input_dim": count, "output_dim": EMBEDDING_WIDTH, "mask_zero": True}
        layers = (Choice("layer", "Embedding", embedding), Choice("layer", "GlobalAveragePooling1D", {"name": "mean"}))
        return ColumnInput((self.length,), layers, count)

    @property
    def feature_names(self) -> list[str]:
        return [self.name]

    def apply(self, series: pd.Series) -> np.ndarray:
        number_of = {word: number for number, word in enumerate(self.words, FIRST_WORD)}

        def encode(texts: list[str]) -> np.ndarray:
            numbers = np.full((len(texts), self.length), PADDING, np.float32)
            for row, text in enumerate(texts):
                known = [number_of.get(word, UNKNOWN) for word in split_words(text)[: self.length]] or [UNKNOWN]
                numbers[row, : len(known)] = known
            return numbers

        return apply_to_distinct([text or "" for text in column_to_texts(series)], encode)

    def invert(self, features: np.ndarray) -> str:
        numbers = [int(number) for number in features if number != PADDING]
        return " ".join("…" if number < FIRST_WORD else self.words[number - FIRST_WORD] for number in numbers)

    def count(self, series: pd.Series) -> dict[str, int]:
        known, texts = set(self.words), [split_words(text) for text in column_to_texts(series)]
        unseen = sum(bool(words) and known.isdisjoint(words) for words in texts)
        return {"missing": sum(not words for words in texts), "unseen": unseen}
