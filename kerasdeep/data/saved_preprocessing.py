"""Preprocessing as a run directory has it: read back, and checked as if a stranger had written it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasdeep.data.npz_file import read_npz
from kerasdeep.data.preprocessing import (
    ARRAY_KEYS,
    FORMAT_VERSION,
    ArrayTransform,
    Preprocessing,
    TableTransform,
    Transform,
)
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, ImageFormat
from kerasdeep.data.windows import Window, WindowTransform
from kerasdeep.errors import InputError
from kerasdeep.runs import checked
from kerasdeep.tasks import TASKS

if TYPE_CHECKING:
    from kerasdeep.data.encoders import Encoder

MAX_BYTES = 1 << 30
MAX_RANK = 8
MAX_SIDE = 1 << 16


@dataclass(frozen=True, slots=True)
class InputState:
    """One input: a table has `columns` (`numbers` and `categories` in kerasdeep 0.1), an array the shape of a row.
    A table that is cut has a `window`."""

    columns: list[dict[str, object]] | None = None
    numbers: list[str] | None = None
    categories: dict[str, list[str | None]] = field(default_factory=dict)
    shape: list[int] | None = None
    image: ImageFormat | None = None
    window: Window | None = None

    def __post_init__(self) -> None:
        sides = [*(self.shape or ()), *((self.image.height, self.image.width) if self.image else ())]
        if len(sides) > MAX_RANK or any(not 0 < side <= MAX_SIDE for side in sides):
            raise ValueError(f"should have a `shape` of at most {MAX_RANK} sides from 1 to {MAX_SIDE}")
        if self.image and (self.image.channels not in (0, 1, 3) or list(self.image.shape) != self.shape):
            raise ValueError("should have the `shape` of its `image`")


@dataclass(frozen=True, slots=True)
class PreprocessingState:
    """`preprocessing.json`."""

    format: int
    kind: str
    inputs: dict[str, InputState]
    targets: list[TargetEncoder]
    reading: dict[str, str | bool | int | list[str] | None]

    def __post_init__(self) -> None:
        unknown = [target.kind for target in self.targets if target.kind not in TASKS]
        if unknown:
            raise ValueError(f"has a target of a kind that there is not, {unknown[0][:40]}")
        needed = None if self.kind == "table" else ""
        texts = [self.reading.get(key, needed) for key in ("separator", "encoding")]
        texts += [self.reading.get(key, "") for key in ("header", "weight")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(self.reading.get("names", []), list):
            raise ValueError("should have texts under `reading`, and a list of names")
        if self.kind not in ("table", "array", "image") or not self.inputs:
            raise ValueError("should have `inputs` of a table, arrays or images")


def load(npz: Path, json_path: Path) -> Preprocessing:
    """What `Preprocessing.save` wrote. Raises InputError for files that are anything else."""
    version = checked.read(dict[str, object], json_path).get("format")
    if version not in (1, FORMAT_VERSION):
        message = f"{json_path} has format {str(version)[:40]}. Expected 1 or {FORMAT_VERSION}."
        raise InputError(message, "unknown-format")
    state = checked.read(PreprocessingState, json_path)
    try:
        arrays = read_npz(npz, MAX_BYTES)
    except ValueError as error:
        raise checked.broken(npz, str(error)) from error
    try:
        inputs = {name: _transform(name, item, arrays, json_path) for name, item in state.inputs.items()}
        return Preprocessing(state.kind, inputs, _targets(state, arrays), state.reading)
    except ValueError as error:
        raise checked.broken(npz, str(error)) from error


def _transform(name: str, state: InputState, arrays: dict[str, np.ndarray], path: Path) -> Transform:
    if state.columns is not None:
        table = _tried(TableTransform([_encoder(column, arrays, path) for column in state.columns]))
        return WindowTransform(table.encoders, state.window) if state.window else table
    numbers = {key: _array(arrays, f"{name}/{key}") for key in ARRAY_KEYS}
    if state.numbers is not None:
        return _tried(TableTransform(_encoders_of_version_1(state.numbers, state.categories, numbers)))
    if state.shape is None:
        raise ValueError(f"the input '{name}' has neither columns nor a shape")
    shape = tuple(state.shape)
    for key, array in numbers.items():
        if array.shape not in ((), shape) or (key != "fill" and not np.isfinite(array).all()):
            raise ValueError(f"its array '{name}/{key}' does not fit rows of shape {shape}")
    return ArrayTransform(shape, **numbers, image=state.image)


def _encoder(column: dict[str, object], arrays: dict[str, np.ndarray], path: Path) -> Encoder:
    from kerasdeep.data.encoders import ENCODERS

    kind = str(column.get("kind"))
    if kind not in ENCODERS:
        raise checked.broken(path, f"it has a column of a kind that there is not, {kind[:40]}")
    values = {
        key: _array(arrays, str(value["array"])) if isinstance(value, dict) and value.keys() == {"array"} else value
        for key, value in column.items()
    }
    return checked.parse(ENCODERS[kind], values, path)


def _tried(transform: TableTransform) -> TableTransform:
    """The transform, if it can encode a row of missing values."""
    import pandas as pd

    try:
        row = transform.apply(pd.DataFrame({name: [None] for name in transform.columns}, dtype=object))
        fits = row.shape == (1, *transform.shape) and bool(np.isfinite(row).all()) and row.size > 0
    except Exception as error:  # what its values make an encoder raise is as manifold as they are
        raise ValueError(f"its columns cannot be encoded ({error})") from error
    alone = len(transform.encoders) == 1 or not any(encoder.own_input for encoder in transform.encoders)
    if not fits or not alone or len(set(transform.columns)) < len(transform.columns):
        raise ValueError("its columns do not encode to finite numbers")
    return transform


def _targets(state: PreprocessingState, arrays: dict[str, np.ndarray]) -> list[TargetEncoder]:
    center, scale = (_array(arrays, f"targets/{key}") for key in ("center", "scale"))
    if center.shape != (len(state.targets),) or scale.shape != center.shape:
        raise ValueError(f"its arrays 'targets/…' are not of {len(state.targets)} targets")
    if not (np.isfinite(center) & np.isfinite(scale) & (scale != 0)).all():
        raise ValueError("its arrays 'targets/…' are not finite")
    for target in state.targets:
        if not target.task.predicts_numbers and (len(target.labels) != len(target.classes) or len(target.classes) < 2):
            raise ValueError(
                f"the target '{target.name}' has {len(target.labels)} labels, {len(target.classes)} classes"
            )
        levels, window = target.options.get("levels", []), state.inputs.get(INPUT, InputState()).window
        if (target.task.labels == "steps") != bool(window) or (
            window and target.options.get("steps") != list(range(1, window.horizon + 1))
        ):
            raise ValueError(f"the steps of the target '{target.name}' are not those of its window")
        if (
            not set(target.labels) <= set(target.columns or target.labels)
            or len(target.thresholds) not in (0, target.target.units)
            or len(target.shifts) not in (0, len(levels))
            or ("levels" in target.task.options and not levels)
        ):
            raise ValueError(f"the options or the thresholds of the target '{target.name}' do not fit it")
    return [
        replace(target, center=float(one_center), scale=float(one_scale))
        for target, one_center, one_scale in zip(state.targets, center, scale, strict=True)
    ]


def _array(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        raise ValueError(f"it has no array '{name[:80]}'")
    array = arrays[name]
    if array.dtype.kind not in "fiub":
        raise ValueError(f"its array '{name[:80]}' holds {array.dtype}, not numbers")
    return array


def _encoders_of_version_1(
    numbers: list[str], categories: dict[str, list[str | None]], arrays: dict[str, np.ndarray]
) -> list[Encoder]:
    from kerasdeep.data.encoders import ENCODERS

    states = [arrays[key] for key in ARRAY_KEYS]
    if any(array.shape != (len(numbers),) for array in states):
        raise ValueError(f"its arrays are not of {len(numbers)} columns of numbers")
    encoders = [
        ENCODERS["number"](name, *values)
        for name, *values in zip(numbers, *(array.tolist() for array in states), strict=True)
    ]
    return encoders + [ENCODERS["category"](*item) for item in categories.items()]
