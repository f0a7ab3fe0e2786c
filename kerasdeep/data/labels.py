"""Labels as they stand in the data: as text, as numbers, as lists, and which are missing."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from kerasdeep.data.types import RawSplit
from kerasdeep.errors import InputError

MAX_CLASSES = 20
LIST_SEPARATORS = (";", "|", ",")
"""Between the labels of a list; the first is the one that predictions are written with."""
MIN_LIST_SHARE = 0.1
MAX_ITEM_WORDS = 3
_YES_OR_NO = {"0": 0, "1": 1, "no": 0, "yes": 1, "n": 0, "y": 1, "false": 0, "true": 1}


def label_to_text(label: Any) -> str:
    """A label as text, the same whether it came as 3, 3.0 or '3'."""
    if isinstance(label, bytes):
        label = label.decode("utf-8", "replace")
    if isinstance(label, float | np.floating) and math.isfinite(label) and label == int(label):
        return str(int(label))
    return str(label).strip()


def missing_labels(raw: np.ndarray) -> np.ndarray:
    """Which labels are absent: NaN, infinite, None, or empty text."""
    if raw.dtype.kind == "f":
        return ~np.isfinite(raw)
    if raw.dtype.kind in "iub":
        return np.zeros(len(raw), bool)
    if raw.dtype.kind == "U":
        return np.char.str_len(np.char.strip(raw)) == 0
    return np.array([label is None or str(label).strip() in ("", "<NA>", "NaT") or label != label for label in raw])


def labels_to_floats(raw: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(raw, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected numbers in the target: {error}.", "text-target") from error


def strip_labels(split: RawSplit) -> RawSplit:
    """The rows with text labels stripped of blanks, once and for all; labels with gaps stay as they are."""
    y = {
        name: raw
        if raw.dtype.kind in "iufb" or missing_labels(raw).any()
        else np.array([label_to_text(label) for label in raw])
        for name, raw in split.y.items()
    }
    return replace(split, y=y)


def unique_texts(raw: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The different labels as text, numbers in numeric and text in alphabetical order, and each row's position."""
    if raw.dtype.kind in "OS":
        raw = np.array([label_to_text(label) for label in raw])
    values, inverse = np.unique(raw, return_inverse=True)
    texts = [label_to_text(value) for value in values.tolist()]
    try:
        order = sorted(range(len(texts)), key=lambda position: float(texts[position]))
    except ValueError:
        return texts, inverse
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return [texts[position] for position in order], rank[inverse]


def zeros_and_ones(raw: np.ndarray) -> np.ndarray | None:
    """A column of 0 and 1, of yes and no, or of true and false as 0 and 1; None for any other."""
    if raw.dtype.kind in "iufb":
        return raw.astype(np.int8) if np.isin(raw, (0, 1)).all() else None
    texts, inverse = np.unique(list_texts(raw), return_inverse=True)
    numbers = [_YES_OR_NO.get(text.lower()) for text in texts.tolist()]
    return None if None in numbers else np.array(numbers, np.int8)[inverse]


def looks_like_lists(raw: np.ndarray) -> bool:
    """Whether labels are lists such as `a;b`: few different items, of few words, in more combinations than classes."""
    if raw.ndim != 1 or raw.dtype.kind in "iufb":
        return False
    texts = [text for text in list_texts(raw).tolist() if text]
    separator = find_separator(texts)
    if not separator or np.mean([separator in text for text in texts]) < MIN_LIST_SHARE:
        return False
    items = {item for text in texts for item in split_list(text, separator)}
    short = all(len(item.split()) <= MAX_ITEM_WORDS for item in items)
    return short and 1 < len(items) <= max(MAX_CLASSES, len(texts) / 10) and len(items) < len(set(texts))


def find_separator(texts: Collection[str]) -> str:
    """The sign that most of the texts have, of equals the first; empty where none has any."""
    counts = {sign: sum(sign in text for text in texts) for sign in LIST_SEPARATORS}
    return max(counts, key=counts.__getitem__) if any(counts.values()) else ""


def split_list(text: str, separator: str) -> list[str]:
    """The items of a list, stripped."""
    items = text.split(separator) if separator else [text]
    return [item.strip() for item in items if item.strip()]


def list_texts(raw: np.ndarray) -> np.ndarray:
    """Lists as text; a missing one is empty."""
    if raw.dtype.kind == "U":
        return raw
    return np.where(missing_labels(raw), "", [label_to_text(label) for label in raw]).astype(str)


def join_shortened(words: list[str]) -> str:
    return ", ".join(words[:12]) + (f", … ({len(words)} in all)" if len(words) > 12 else "")
