"""Which rows train, which validate, which test.

`{first: N}` and `{last: N}` count the rows of the source as they stand, before `classes` selects any. A fraction or a
count is drawn at random from the selected rows, stratified by class, and depends on `data.seed` alone. The test split
is cut before the validation split, so changing one's validation never moves the test rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data.types import HELD_OUT_SPLITS
from kerasdeep.errors import Problems

Halves = tuple[np.ndarray, np.ndarray]
"""The rows that are held out, and those that remain; both keep the order of the source."""


@dataclass
class SplitIndices:
    """Row numbers within the source's training rows, each sorted."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unlabelled: np.ndarray


@dataclass(frozen=True)
class Splitter:
    """One way to hold out rows.

    `hold_out(rows, size, strata, seed)` gives `Halves`; `strata` has a class number for every row of the source, or
    is None. `by_position` splitters see the rows as they stand in the source, before `classes` selects any.
    """

    hold_out: Callable[[np.ndarray, int, np.ndarray | None, int], Halves]
    by_position: bool = False


def split_rows(
    section: DataConfig,
    split_configs: Mapping[str, SplitConfig | None],
    row_count: int,
    selected: np.ndarray,
    strata: np.ndarray | None,
    problems: Problems,
) -> SplitIndices:
    """Assign each of the source's rows to a split.

    `split_configs` says what to hold out for "validation" and "test"; None is nothing. `selected` is a boolean mask
    of the rows whose class is wanted; `strata` holds a class number for each row, or is None where there are no
    classes to stratify by.
    """
    remaining = np.arange(row_count)
    held_out = dict.fromkeys(HELD_OUT_SPLITS, remaining[:0])
    for by_position in (True, False):
        drawable = len(remaining)
        for key in reversed(HELD_OUT_SPLITS):
            config = split_configs[key]
            if config is None or config.by is None or SPLITTERS[config.by].by_position != by_position:
                continue
            size = config.size(drawable)
            if not by_position and size >= len(remaining):
                message = (
                    f"`{key}` asks for {size} rows, but only {len(remaining)} are left to take them from. "
                    "Expected fewer, so that rows remain to train on."
                )
                problems.error("too-few-rows", message, section.location_or_key(key))
                continue
            held_out[key], remaining = SPLITTERS[config.by].hold_out(remaining, size, strata, section.seed)
        if by_position:
            remaining = remaining[selected[remaining]]
            held_out = {key: index[selected[index]] for key, index in held_out.items()}
    train = _limit_training_rows(section, remaining, strata)
    unlabelled = remaining[:0]
    if section.labelled and section.labelled < len(train):
        train, unlabelled = stratified_sample(train, section.labelled, strata, section.seed)
    return SplitIndices(train, held_out["validation"], held_out["test"], unlabelled)


def _limit_training_rows(section: DataConfig, train: np.ndarray, strata: np.ndarray | None) -> np.ndarray:
    """The training rows that `per_class` and `limit` leave."""
    if section.per_class and strata is not None:
        rng = np.random.default_rng(section.seed)
        sampled = []
        for number in np.unique(strata[train]):
            class_rows = train[strata[train] == number]
            sampled.append(rng.permutation(class_rows)[: section.per_class])
        train = np.sort(np.concatenate(sampled)) if sampled else train
    if section.limit and section.limit < len(train):
        train, _ = stratified_sample(train, section.limit, strata, section.seed)
    return train


def stratified_sample(index: np.ndarray, count: int, strata: np.ndarray | None, seed: int) -> Halves:
    """`count` rows of `index` at random, and the others; both keep the order of the source.

    Stratified with scikit-learn where every class has two rows and both sides room for every class; where not,
    plainly at random.
    """
    from sklearn.model_selection import train_test_split

    row_strata = None
    if strata is not None:
        sizes = np.bincount(strata[index])
        sizes = sizes[sizes > 0]
        if sizes.min() >= 2 and min(count, len(index) - count) >= len(sizes):
            row_strata = strata[index]
    remaining, drawn = train_test_split(index, test_size=count, random_state=seed, stratify=row_strata)
    return np.sort(drawn), np.sort(remaining)


def _first(rows: np.ndarray, size: int, strata: np.ndarray | None, seed: int) -> Halves:
    return rows[:size], rows[size:]


def _last(rows: np.ndarray, size: int, strata: np.ndarray | None, seed: int) -> Halves:
    return rows[-size:], rows[:-size]


SPLITTERS: dict[str, Splitter] = {
    "first": Splitter(_first, by_position=True),
    "last": Splitter(_last, by_position=True),
    "random": Splitter(stratified_sample),
}
"""By `SplitConfig.by`."""
