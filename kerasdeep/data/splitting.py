"""Which rows train, which validate, which test.

Three rules. `{first: N}` and `{last: N}` count the rows of the source as they stand, before `classes` selects any.
A fraction or a count is drawn at random from the selected rows, stratified by class, and depends on `data.seed`
alone. The test part is cut before the validation part, so changing one's validation never moves the test rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.errors import Problems


@dataclass
class SplitIndices:
    """Row numbers within the source's training rows, each sorted."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unlabelled: np.ndarray


def split_rows(
    section: DataConfig,
    split_configs: dict[str, Any],
    rows: int,
    selected: np.ndarray,
    strata: np.ndarray | None,
    problems: Problems,
) -> SplitIndices:
    """Deal out the source's `rows`.

    `splits` says what to cut off for "validation" and "test": a split, or None for nothing. `selected` is a
    boolean mask of the rows whose class is wanted; `strata` holds a class number for each row, or is None where
    there are no classes to stratify by.
    """
    remaining = np.arange(rows)
    held_out: dict[str, np.ndarray] = {}
    for key in ("test", "validation"):
        held_out[key], remaining = _take_first_or_last(split_configs[key], remaining)
    remaining = remaining[selected[remaining]]
    held_out = {key: index[selected[index]] for key, index in held_out.items()}
    drawable = len(remaining)
    for key in ("test", "validation"):
        size = _split_size(split_configs[key], drawable)
        if size is None:
            continue
        if size >= len(remaining):
            message = (
                f"`{key}` asks for {size} rows, but only {len(remaining)} are left to take them from. "
                "Expected fewer, so that rows remain to train on."
            )
            problems.error("too-few-rows", message, section.location_or_key(key))
            continue
        held_out[key], remaining = stratified_sample(remaining, size, strata, section.seed)
    train = _limit_training_rows(section, remaining, strata)
    unlabelled = remaining[:0]
    if section.labelled and section.labelled < len(train):
        train, unlabelled = stratified_sample(train, section.labelled, strata, section.seed)
    return SplitIndices(train, held_out["validation"], held_out["test"], unlabelled)


def _take_first_or_last(split_config: Any, remaining: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first or last rows that `split` names, and what is left."""
    if split_config is not None and split_config.first:
        return remaining[: split_config.first], remaining[split_config.first :]
    if split_config is not None and split_config.last:
        return remaining[-split_config.last :], remaining[: -split_config.last]
    return remaining[:0], remaining


def _split_size(split_config: Any, rows: int) -> int | None:
    if split_config is None:
        return None
    if split_config.count:
        return split_config.count
    return max(1, round(split_config.fraction * rows)) if split_config.fraction else None


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


def stratified_sample(
    index: np.ndarray, count: int, strata: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
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
