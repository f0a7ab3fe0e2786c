"""The plain types of the data room: rows of a split, before and after encoding, their targets and their source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kerasdeep.data.lazy_rows import LazyRows, as_slice
from kerasdeep.keras_names import keras_name
from kerasdeep.tasks import TASKS, Task

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.column_store import ColumnStore

OUTPUT = "output"
INPUT = "input"
HELD_OUT_SPLITS = ("validation", "test")
LABELLED_SPLITS = ("train", *HELD_OUT_SPLITS)
SPLITS = (*LABELLED_SPLITS, "unlabelled")
PREDICTED_SPLITS = tuple(reversed(LABELLED_SPLITS))
"""Of a source with several splits, the first that is there is what a trained model is asked about."""

Rows = np.ndarray | LazyRows
Inputs = Rows | Mapping[str, Rows]
"""Rows of one input, or of several by name."""


@dataclass
class DataSplit:
    """Rows for one purpose, ready for a network.

    `x` is float32, `(rows, ...)`, or a mapping of such arrays where the data has several inputs. `y` is int32 class
    numbers `(rows,)`, float32 numbers `(rows,)` / `(rows, targets)`, or float32 0 and 1 `(rows, labels)`; a mapping by
    target name where there are several heads; None where rows carry no label. `rows` says where each row came from:
    its number in the source, or its file name. `weight` says how much each row counts, 1 on average; None where all
    count alike.
    """

    x: Rows | dict[str, Rows]
    y: np.ndarray | dict[str, np.ndarray] | None
    rows: np.ndarray
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def only_x(self) -> np.ndarray:
        """`x` of data with one input."""
        return cast(np.ndarray, self.x)

    @property
    def only_y(self) -> np.ndarray:
        """`y` of labelled rows with one head."""
        return cast(np.ndarray, self.y)


@dataclass(frozen=True)
class Target:
    """One thing to predict. `kind` names its task, `options` what it was told; `classes` are names in number order."""

    name: str
    kind: str
    classes: list[str] = field(default_factory=list)
    options: dict[str, list[float]] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        return TASKS[self.kind]

    @property
    def units(self) -> int:
        """Output units that express this target: one for each class, label, level or step, else one."""
        if self.task.unit_per_class:
            return len(self.classes)
        return len(self.options.get("levels") or self.options.get("steps") or "1")


def targets_by_head(targets: list[Target]) -> dict[str, list[Target]]:
    """Which network head predicts which targets.

    One class target, or any number of numbers, share one head called `output`. Several targets of which some are
    classes need a head each, called by the target's name as Keras takes it.
    """
    if len(targets) == 1 or all(target.task.shares_head for target in targets):
        return {OUTPUT: targets}
    return {keras_name(target.name): [target] for target in targets}


@dataclass(frozen=True, slots=True)
class StreamingDecision:
    """Whether rows are streamed, and why; a sentence for `plan` and the facts."""

    streamed: bool
    reason: str


@dataclass(frozen=True)
class ImageFormat:
    """The shape every picture is brought to. `channels` 0 means grey without a channel axis, as in MNIST."""

    height: int
    width: int
    channels: int
    resize: str = "stretch"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.height, self.width, self.channels) if self.channels else (self.height, self.width)


@dataclass
class RawSplit:
    """Rows as a reader returns them: `x` untouched, `y` the labels as written, by target name.

    `roles` has what the columns of `ROW_ROLES` say of each row: groups as written, times in order, weights.
    """

    x: pd.DataFrame | ColumnStore | Rows | dict[str, Rows]
    y: dict[str, np.ndarray]
    rows: np.ndarray
    roles: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: np.ndarray) -> RawSplit:
        """These rows, in this order; a run of neighbours is a view, so no copy of the data is made."""
        selection = as_slice(index)
        labels = {name: values[selection] for name, values in self.y.items()}
        roles = {name: values[selection] for name, values in self.roles.items()}
        return RawSplit(take_rows(self.x, selection), labels, self.rows[selection], roles)


@dataclass
class Source:
    """What one reader made of `data.source`.

    `kind` is table, array or image. `splits` has `train` and, where the source brings them, `validation` and
    `test`. `class_names` names integer labels, and `pixel_max` is the largest value a pixel can have, where the
    source knows them. `facts` go into the profile as they are. `streaming` is set where the reader decided;
    `reading` is what it found out about how such files are read, for predictions.
    `label_columns` are those that were made one target (`target_inference.join_label_columns`), `picture_columns` those
    of a table that have paths of pictures.
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
    reading: dict[str, Any] = field(default_factory=dict)
    label_columns: list[str] = field(default_factory=list)
    picture_columns: list[str] = field(default_factory=list)


def input_arrays(x: Any) -> dict[str, Any]:
    """Rows by input, also where there is only one."""
    return x if isinstance(x, dict) else {INPUT: x}


def map_inputs(change: Callable[[Any], Any], x: Any) -> Any:
    """`x`, rows or a mapping of them by input, with each input changed."""
    return {name: change(array) for name, array in x.items()} if isinstance(x, dict) else change(x)


def take_rows(x: Any, selection: np.ndarray | slice) -> Any:
    """Those rows of a table, an array, rows on demand, or a mapping of them by input."""
    if isinstance(x, dict):
        return {name: take_rows(array, selection) for name, array in x.items()}
    if hasattr(x, "take_rows"):
        return x.take_rows(selection)
    return x.iloc[selection] if hasattr(x, "iloc") else x[selection]
