"""What the data room hands on: parts of rows, the targets they carry, and how they were prepared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.errors import Problem
from kerasdeep.tasks import TASKS, Task

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.column_store import ColumnStore
    from kerasdeep.data.images import ImageFormat
    from kerasdeep.data.preprocessing import Preprocessing
    from kerasdeep.data.streaming import StreamingDecision

OUTPUT = "output"
INPUT = "input"


@dataclass
class DataSplit:
    """Rows for one purpose, ready for a network.

    `x` is float32, `(rows, ...)`, or a mapping of such arrays where the data has several inputs. `y` is int32
    class numbers `(rows,)` or float32 numbers `(rows,)` / `(rows, targets)`; a mapping by target name where
    there are several heads; None where rows carry no label. `rows` says where each row came from: its number in
    the source, or its file name.
    """

    x: np.ndarray | dict[str, np.ndarray]
    y: np.ndarray | dict[str, np.ndarray] | None
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Target:
    """One thing to predict. `kind` names its task; `classes` are names in number order."""

    name: str
    kind: str
    classes: list[str] = field(default_factory=list)

    @property
    def task(self) -> Task:
        return TASKS[self.kind]

    @property
    def units(self) -> int:
        """Output units that express this target: one sigmoid, a softmax over the classes, or one number."""
        return len(self.classes) if self.task.unit_per_class else 1


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


def targets_by_head(targets: list[Target]) -> dict[str, list[Target]]:
    """Which network head predicts which targets.

    One class target, or any number of numbers, share one head called `output`. Several targets of which some are
    classes need a head each, called by the target's name.
    """
    if len(targets) == 1 or all(target.task.shares_head for target in targets):
        return {OUTPUT: targets}
    return {target.name: [target] for target in targets}


@dataclass
class RawSplit:
    """Rows as a reader found them: `x` untouched, `y` the labels as written, by target name."""

    x: pd.DataFrame | ColumnStore | np.ndarray | dict[str, np.ndarray]
    y: dict[str, np.ndarray]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: np.ndarray) -> RawSplit:
        """These rows, in this order; a run of neighbours is a view, so no copy of the data is made."""
        selection = as_slice(index)
        if isinstance(self.x, dict):
            x = {name: _take_rows(array, selection) for name, array in self.x.items()}
        else:
            x = _take_rows(self.x, selection)
        return RawSplit(x, {name: labels[selection] for name, labels in self.y.items()}, self.rows[selection])


@dataclass
class Source:
    """What one reader made of `data.source`.

    `kind` is table, array or image. `parts` has `train` and, where the source brings them, `validation` and
    `test`. `stream` says whether rows are read on demand, where the reader chose. `class_names` names integer
    labels where the source knows names. `unit` is the largest value a pixel can have, where the source knows it.
    `facts` go into the profile as they are.
    """

    format: str
    kind: str
    splits: dict[str, RawSplit]
    hash: str
    class_names: dict[str, list[str]] = field(default_factory=dict)
    pixel_max: float | None = None
    image: ImageFormat | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    streaming: StreamingDecision | None = None


def _take_rows(x: Any, selection: np.ndarray | slice) -> Any:
    if hasattr(x, "take_rows"):
        return x.take_rows(selection)
    return x.iloc[selection] if hasattr(x, "iloc") else x[selection]


def as_slice(index: np.ndarray) -> np.ndarray | slice:
    """`index` as a slice when its numbers follow one another."""
    if len(index) and index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all():
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
