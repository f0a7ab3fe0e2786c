"""Data sets for pretraining: the same rows with other answers, none of which needs a person to label it.

What is drawn at random (pairs, rotations) is a pure function of seed and epoch, as the order of rows is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from kerasdeep.data.dataset import INPUT, Dataset, Part, Target
from kerasdeep.data.targets import TargetRule

HELD_OUT = 2**32 - 1
"""Stands for the epoch where the held-out rows are drawn, once for all epochs."""
Draw = Callable[[int], Part]


def reconstruction(dataset: Dataset) -> Dataset:
    """Every row is its own answer; rows without a label take part."""
    parts = [part for part in (dataset.train, dataset.unlabelled) if part is not None]
    x = parts[0].x if len(parts) == 1 else np.concatenate([part.x for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    held_out = dataset.validation
    return _with(
        dataset,
        Target("reconstruction", "regression"),
        Part(x, x, rows),
        held_out and Part(held_out.x, held_out.x, held_out.rows),
    )


def rotations(dataset: Dataset, seed: int) -> tuple[Dataset, Draw]:
    """Square pictures, each turned by a multiple of 90 degrees; and the training part of any epoch.

    The answer counts the quarter turns: int32 of shape (rows,).
    """
    whole = reconstruction(dataset)

    def turned(part: Part, epoch: int) -> Part:
        turns = np.random.Generator(np.random.PCG64([seed, epoch, 1])).integers(0, 4, len(part)).astype(np.int32)
        x = np.empty_like(part.x)
        for count in range(4):
            x[turns == count] = np.rot90(part.x[turns == count], count, axes=(1, 2))
        return Part(x, turns, part.rows)

    target = Target("rotation", "multiclass", ["0", "90", "180", "270"])
    held_out = whole.validation
    made = _with(whole, target, turned(whole.train, 0), held_out and turned(held_out, HELD_OUT))
    return made, lambda epoch: turned(whole.train, epoch)


def pairs(dataset: Dataset, seed: int, second: str) -> tuple[Dataset, Draw]:
    """As many pairs as there are rows, half of them of one class; and the training part of any epoch.

    `second` names the input of the second row. The answer is 1 where both rows have the same class.
    """

    def paired(part: Part, epoch: int) -> Part:
        first, other, same = _draw(part.y, np.random.Generator(np.random.PCG64([seed, epoch, 2])))
        return Part({INPUT: part.x[first], second: part.x[other]}, same, part.rows[first])

    held_out = dataset.validation
    target = Target("same", "binary", ["different", "same"])
    made = _with(dataset, target, paired(dataset.train, 0), held_out and paired(held_out, HELD_OUT))
    return made, lambda epoch: paired(dataset.train, epoch)


def _draw(labels: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of the first and second rows, and whether their labels (class numbers) are the same."""
    rows = len(labels)
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    first = random.permutation(rows)
    same = np.zeros(rows, np.int32)
    same[: rows // 2] = 1
    size, start = counts[labels[first]], starts[labels[first]]
    inside = start + (random.random(rows) * size).astype(int)
    place = (random.random(rows) * (rows - size)).astype(int)
    outside = np.where(place < start, place, place + size)  # the rows of all other classes, counted through
    return first, order[np.where(same == 1, inside, np.minimum(outside, rows - 1))], same


def _with(dataset: Dataset, target: Target, train: Part, validation: Part | None) -> Dataset:
    rule = TargetRule(target.name, target.kind, list(target.classes), list(target.classes))
    return replace(
        dataset,
        train=train,
        validation=validation,
        test=None,
        unlabelled=None,
        targets=[target],
        preprocessing=replace(dataset.preprocessing, targets=[rule]),
        class_weight=None,
    )
