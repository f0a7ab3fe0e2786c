"""Data sets for pretraining: the same rows with other answers, none of which needs a person to label it.

What is drawn at random (pairs, rotations) is a pure function of seed and epoch, as the order of rows is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from kerasdeep.data.dataset import Dataset
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, DataSplit, Target

HELD_OUT_EPOCH = 2**32 - 1
"""Stands for the epoch where the held-out rows are drawn, once for all epochs."""
EpochSampler = Callable[[int], DataSplit]


def reconstruction_dataset(dataset: Dataset) -> Dataset:
    """Every row is its own answer; rows without a label take part."""
    splits = [split for split in (dataset.train, dataset.unlabelled) if split is not None]
    x = splits[0].x if len(splits) == 1 else np.concatenate([split.x for split in splits])
    rows = np.concatenate([split.rows for split in splits])
    held_out = dataset.validation
    return _with_target(
        dataset,
        Target("reconstruction", "regression"),
        DataSplit(x, cast(np.ndarray, x), rows),
        held_out and DataSplit(held_out.x, held_out.only_x, held_out.rows),
    )


def rotation_dataset(dataset: Dataset, seed: int) -> tuple[Dataset, EpochSampler]:
    """Square pictures, each turned by a multiple of 90 degrees; and the training part of any epoch.

    The answer counts the quarter turns: int32 of shape (rows,).
    """
    reconstruction_data = reconstruction_dataset(dataset)

    def turned(split: DataSplit, epoch: int) -> DataSplit:
        turns = np.random.Generator(np.random.PCG64([seed, epoch, 1])).integers(0, 4, len(split)).astype(np.int32)
        x = np.empty_like(split.x)
        for count in range(4):
            x[turns == count] = np.rot90(split.only_x[turns == count], count, axes=(1, 2))
        return DataSplit(x, turns, split.rows)

    target = Target("rotation", "multiclass", ["0", "90", "180", "270"])
    held_out = reconstruction_data.validation
    pretext_dataset = _with_target(
        reconstruction_data, target, turned(reconstruction_data.train, 0), held_out and turned(held_out, HELD_OUT_EPOCH)
    )
    return pretext_dataset, lambda epoch: turned(reconstruction_data.train, epoch)


def pair_dataset(dataset: Dataset, seed: int, second_input: str) -> tuple[Dataset, EpochSampler]:
    """As many pairs as there are rows, half of them of one class; and the training part of any epoch.

    `second` names the input of the second row. The answer is 1 where both rows have the same class.
    """

    def paired(split: DataSplit, epoch: int) -> DataSplit:
        rng = np.random.Generator(np.random.PCG64([seed, epoch, 2]))
        first_rows, second_rows, same = _draw_pairs(split.only_y, rng)
        x = {INPUT: split.only_x[first_rows], second_input: split.only_x[second_rows]}
        return DataSplit(x, same, split.rows[first_rows])

    held_out = dataset.validation
    target = Target("same", "binary", ["different", "same"])
    pretext_dataset = _with_target(
        dataset, target, paired(dataset.train, 0), held_out and paired(held_out, HELD_OUT_EPOCH)
    )
    return pretext_dataset, lambda epoch: paired(dataset.train, epoch)


def _draw_pairs(labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of the first and second rows, and whether their labels (class numbers) are the same."""
    rows = len(labels)
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    first_rows = rng.permutation(rows)
    same = np.zeros(rows, np.int32)
    same[: rows // 2] = 1
    size, start = counts[labels[first_rows]], starts[labels[first_rows]]
    inside = start + (rng.random(rows) * size).astype(int)
    outside_offset = (rng.random(rows) * (rows - size)).astype(int)
    outside = np.where(
        outside_offset < start, outside_offset, outside_offset + size
    )  # the rows of all other classes, counted through
    return first_rows, order[np.where(same == 1, inside, np.minimum(outside, rows - 1))], same


def _with_target(dataset: Dataset, target: Target, train: DataSplit, validation: DataSplit | None) -> Dataset:
    encoder = TargetEncoder(target.name, target.kind, list(target.classes), list(target.classes))
    return replace(
        dataset,
        train=train,
        validation=validation,
        test=None,
        unlabelled=None,
        targets=[target],
        preprocessing=replace(dataset.preprocessing, targets=[encoder]),
        class_weight=None,
    )
