"""A loaded data set: what training, evaluation and reports take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.types import DataSplit, Target, targets_by_head
from kerasdeep.errors import Problem


@dataclass
class Dataset:
    """Everything that training needs to know about its data."""

    train: DataSplit
    validation: DataSplit | None
    test: DataSplit | None
    unlabelled: DataSplit | None
    targets: list[Target]
    input_shapes: dict[str, tuple[int, ...]]
    preprocessing: Preprocessing
    profile: dict[str, Any]
    warnings: list[Problem]
    hash: str
    class_weight: dict[int, float] | None = None

    @property
    def heads(self) -> dict[str, list[Target]]:
        return targets_by_head(self.targets)

    @property
    def splits(self) -> dict[str, DataSplit]:
        """The labelled parts that exist, by name."""
        by_name = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in by_name.items() if split is not None}

    @property
    def held_out(self) -> dict[str, DataSplit]:
        """The splits to evaluate on: those held out, or the training rows where there are none."""
        return {name: split for name, split in self.splits.items() if name != "train"} or {"train": self.train}
