"""Which rows train, which validate, which test.

Three rules. `{first: N}` and `{last: N}` count the rows of the source as they stand, before `classes` selects any.
A fraction or a count is drawn at random from the selected rows, stratified by class, and depends on `data.seed`
alone. The test part is cut before the validation part, so changing one's validation never moves the test rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdeep.data.dataset import place
from kerasdeep.errors import Report


@dataclass
class Rows:
    """Row numbers within the source's training rows, each sorted."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unlabelled: np.ndarray


def cut(
    section: Any,
    splits: dict[str, Any],
    rows: int,
    selected: np.ndarray,
    strata: np.ndarray | None,
    report: Report,
) -> Rows:
    """Deal out the source's `rows`.

    `splits` says what to cut off for "validation" and "test": a split, or None for nothing. `selected` is a
    boolean mask of the rows whose class is wanted; `strata` holds a class number for each row, or is None where
    there are no classes to stratify by.
    """
    rest = np.arange(rows)
    held: dict[str, np.ndarray] = {}
    for key in ("test", "validation"):
        held[key], rest = _ends(splits[key], rest)
    rest = rest[selected[rest]]
    held = {key: index[selected[index]] for key, index in held.items()}
    drawable = len(rest)
    for key in ("test", "validation"):
        size = _size(splits[key], drawable)
        if size is None:
            continue
        if size >= len(rest):
            message = (
                f"`{key}` asks for {size} rows, but only {len(rest)} are left to take them from. "
                "Expected fewer, so that rows remain to train on."
            )
            report.error("too-few-rows", message, place(section, key))
            continue
        held[key], rest = draw(rest, size, strata, section.seed)
    train = _fewer(section, rest, strata)
    unlabelled = rest[:0]
    if section.labelled and section.labelled < len(train):
        train, unlabelled = draw(train, section.labelled, strata, section.seed)
    return Rows(train, held["validation"], held["test"], unlabelled)


def _ends(split: Any, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first or last rows that `split` names, and what is left."""
    if split is not None and split.first:
        return rest[: split.first], rest[split.first :]
    if split is not None and split.last:
        return rest[-split.last :], rest[: -split.last]
    return rest[:0], rest


def _size(split: Any, rows: int) -> int | None:
    if split is None:
        return None
    if split.count:
        return split.count
    return max(1, round(split.fraction * rows)) if split.fraction else None


def _fewer(section: Any, train: np.ndarray, strata: np.ndarray | None) -> np.ndarray:
    """The training rows that `per_class` and `limit` leave."""
    if section.per_class and strata is not None:
        random = np.random.default_rng(section.seed)
        kept = []
        for number in np.unique(strata[train]):
            of_class = train[strata[train] == number]
            kept.append(random.permutation(of_class)[: section.per_class])
        train = np.sort(np.concatenate(kept)) if kept else train
    if section.limit and section.limit < len(train):
        train, _ = draw(train, section.limit, strata, section.seed)
    return train


def draw(index: np.ndarray, count: int, strata: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` rows of `index` at random, and the others; both keep the order of the source.

    Stratified with scikit-learn where every class has two rows and both sides room for every class; where not,
    plainly at random.
    """
    from sklearn.model_selection import train_test_split

    of_rows = None
    if strata is not None:
        sizes = np.bincount(strata[index])
        sizes = sizes[sizes > 0]
        if sizes.min() >= 2 and min(count, len(index) - count) >= len(sizes):
            of_rows = strata[index]
    others, drawn = train_test_split(index, test_size=count, random_state=seed, stratify=of_rows)
    return np.sort(drawn), np.sort(others)
