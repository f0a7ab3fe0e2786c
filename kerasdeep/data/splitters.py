"""Which rows train, which validate, which test.

Each way to hold out rows is one entry of `SPLITTERS`. `{first: N}` and `{last: N}` count the rows of the source as they
stand, before `classes` selects any. A fraction or a count is taken from the selected rows: at random, stratified by
class; as whole groups; or as the latest rows. What is drawn depends on `data.seed` alone. The test split is cut before
the validation split, so changing one's validation never moves the test rows.
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
GROUP_DRAWS = 25


@dataclass
class SplitIndices:
    """Row numbers within the source's training rows, each sorted."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unlabelled: np.ndarray


@dataclass(frozen=True)
class RowKeys:
    """What splitters go by, for every row of the source: its class number, the number of its group, its time."""

    strata: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None


@dataclass(frozen=True)
class Splitter:
    """One way to hold out rows.

    `hold_out(rows, size, keys, seed)` gives `Halves`, about `size` rows first; none where that cannot be. `by_position`
    splitters see the rows as they stand in the source, before `classes` selects any.
    """

    hold_out: Callable[[np.ndarray, int, RowKeys, int], Halves]
    by_position: bool = False


def split_rows(
    section: DataConfig,
    split_configs: Mapping[str, SplitConfig | None],
    row_count: int,
    selected: np.ndarray,
    keys: RowKeys,
    problems: Problems,
) -> SplitIndices:
    """Assign each of the source's rows to a split.

    `split_configs` says what to hold out for "validation" and "test"; None is nothing. `selected` is a boolean mask
    of the rows whose class is wanted.
    """
    remaining = np.arange(row_count)
    held_out = dict.fromkeys(HELD_OUT_SPLITS, remaining[:0])
    for by_position in (True, False):
        drawable = len(remaining)
        for key in reversed(HELD_OUT_SPLITS):
            config = split_configs[key]
            name = None if config is None else section.splitter(config)
            if config is None or name is None or SPLITTERS[name].by_position != by_position:
                continue
            size = config.size(drawable)
            if not by_position and size >= len(remaining):
                message = (
                    f"`{key}` asks for {size} rows, but only {len(remaining)} are left to take them from. "
                    "Expected fewer, so that rows remain to train on."
                )
                problems.error("too-few-rows", message, section.location_or_key(key))
                continue
            if config.fold:
                held_out[key], rest = FOLDERS[name](remaining, config.fold[0], config.fold[1], keys, section.seed)
            else:
                held_out[key], rest = SPLITTERS[name].hold_out(remaining, size, keys, section.seed)
            if not by_position and not len(held_out[key]):
                message = f"`{key}` is taken by {name}, but all {len(remaining)} rows that are left have the same "
                message += f"'{getattr(section, name)}'. Expected two or more, or `by: random`."
                if config.fold:
                    message = f"{len(remaining)} rows cannot be held out in {config.fold[1]} folds by {name}. "
                    message += "Expected fewer folds, or `by: random`."
                problems.error("split", message, section.location_or_key(key))
            remaining = rest
        if by_position:
            remaining = remaining[selected[remaining]]
            held_out = {key: index[selected[index]] for key, index in held_out.items()}
    train = _limit_training_rows(section, remaining, keys.strata)
    unlabelled = remaining[:0]
    if section.labelled and section.labelled < len(train):
        train, unlabelled = stratified_sample(train, section.labelled, keys.strata, section.seed)
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


def _first(rows: np.ndarray, size: int, keys: RowKeys, seed: int) -> Halves:
    return rows[:size], rows[size:]


def _last(rows: np.ndarray, size: int, keys: RowKeys, seed: int) -> Halves:
    return rows[-size:], rows[:-size]


def _random(rows: np.ndarray, size: int, keys: RowKeys, seed: int) -> Halves:
    return stratified_sample(rows, size, keys.strata, seed)


def _whole_groups(rows: np.ndarray, size: int, keys: RowKeys, seed: int) -> Halves:
    """Of `GROUP_DRAWS` random draws of groups, that whose rows of each class are nearest to their share.

    scikit-learn's GroupShuffleSplit draws a share of the groups, not of the rows, and its StratifiedGroupKFold
    only knows equal shares.
    """
    assert keys.group is not None
    numbers = np.unique(keys.group[rows], return_inverse=True)[1]
    group_count = int(numbers.max()) + 1
    if group_count < 2:
        return rows[:0], rows
    strata = np.zeros(len(rows), int) if keys.strata is None else np.unique(keys.strata[rows], return_inverse=True)[1]
    counts = np.zeros((group_count, strata.max() + 1), int)
    np.add.at(counts, (numbers, strata), 1)
    total = counts.sum(axis=0)
    rng, least = np.random.default_rng(seed), np.inf
    for _ in range(GROUP_DRAWS):
        order = rng.permutation(group_count)
        drawn = counts[order[:-1]].cumsum(axis=0)
        end = int(np.abs(drawn.sum(axis=1) - size).argmin())
        # A draw that leaves some class without a training row is the last choice.
        miss = np.abs(drawn[end] - total * size / len(rows)).sum() + len(rows) * int((drawn[end] == total).any())
        if miss < least:
            least, chosen = miss, order[: end + 1]
    held_out = np.isin(numbers, chosen)
    return rows[held_out], rows[~held_out]


def _latest(rows: np.ndarray, size: int, keys: RowKeys, seed: int) -> Halves:
    """The rows from some time on; rows of the same time stay together."""
    assert keys.time is not None
    times, counts = np.unique(keys.time[rows], return_counts=True)
    if len(times) < 2:
        return rows[:0], rows
    held_out_rows = counts[::-1].cumsum()[::-1][1:]
    held_out = keys.time[rows] >= times[1:][np.abs(held_out_rows - size).argmin()]
    return rows[held_out], rows[~held_out]


SPLITTERS: dict[str, Splitter] = {
    "first": Splitter(_first, by_position=True),
    "last": Splitter(_last, by_position=True),
    "random": Splitter(_random),
    "group": Splitter(_whole_groups),
    "time": Splitter(_latest),
}
"""By the name that `DataConfig.splitter` gives."""


def _random_fold(rows: np.ndarray, k: int, n: int, keys: RowKeys, seed: int) -> Halves:
    """Stratified where every class has a row for each fold."""
    from sklearn.model_selection import KFold, StratifiedKFold

    if len(rows) < n:
        return rows[:0], rows
    strata = None if keys.strata is None else keys.strata[rows]
    stratified = strata is not None and np.unique(strata, return_counts=True)[1].min() >= n
    splitter = (StratifiedKFold if stratified else KFold)(n, shuffle=True, random_state=seed)
    remaining, held_out = list(splitter.split(rows, strata))[k - 1]
    return rows[held_out], rows[remaining]


def _fold_of_groups(rows: np.ndarray, k: int, n: int, keys: RowKeys, seed: int) -> Halves:
    """Whole groups; folds have about as many rows of each class."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    assert keys.group is not None
    groups = keys.group[rows]
    if len(np.unique(groups)) < n:
        return rows[:0], rows
    strata = None if keys.strata is None else keys.strata[rows]
    stratified = strata is not None and np.unique(strata, return_counts=True)[1].min() >= n
    splitter = (StratifiedGroupKFold if stratified else GroupKFold)(n, shuffle=True, random_state=seed)
    remaining, held_out = list(splitter.split(rows, strata, groups))[k - 1]
    return rows[held_out], rows[remaining]


def _fold_of_time(rows: np.ndarray, k: int, n: int, keys: RowKeys, seed: int) -> Halves:
    """Of n + 1 blocks of time with about as many rows, block k + 1 is held out; the blocks before it remain.

    The first block is in no fold: nothing is there to learn it from. Rows of the same time stay together.
    """
    assert keys.time is not None
    times, counts = np.unique(keys.time[rows], return_counts=True)
    if len(times) < n + 1:
        return rows[:0], rows
    before = counts.cumsum()
    starts = [0]
    for block in range(1, n + 1):  # at least one time in each block
        nearest = int(np.abs(before - block * len(rows) / (n + 1)).argmin()) + 1
        starts.append(min(max(nearest, starts[-1] + 1), len(times) - (n + 1 - block)))
    block_of_time = np.searchsorted(starts, np.arange(len(times)), side="right") - 1
    blocks = block_of_time[np.searchsorted(times, keys.time[rows])]
    return rows[blocks == k], rows[blocks < k]


FOLDERS: dict[str, Callable[[np.ndarray, int, int, RowKeys, int], Halves]] = {
    "random": _random_fold,
    "group": _fold_of_groups,
    "time": _fold_of_time,
}
"""The k-th of n folds of the rows, from 1, and the rows to train on: (rows, k, n, keys, seed) -> `Halves`."""
