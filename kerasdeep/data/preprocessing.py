"""How raw inputs become what the network sees: one rule, kept as plain arrays, applied by one pure function.

`fitting.py` makes the rule from the training rows with scikit-learn. `apply` is used for training, validation and
test rows alike and, from the run directory, for predictions; exports are built from the same arrays. The rule is
saved as JSON for words and `.npz` for numbers; nothing is pickled.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data.dataset import INPUT, OUTPUT, Target, heads
from kerasdeep.data.targets import TargetRule
from kerasdeep.errors import InputError, Mark, closest

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.images import ImageRule

BLOCK = 4096
FORMAT = 1


@dataclass(frozen=True)
class TableRule:
    """A table's columns: numbers are imputed, shifted and scaled; categories become one column per value.

    `fill`, `offset` and `scale` follow `numbers`. `categories` lists the known values of each category column;
    None among them stands for a missing value. A value that is not listed gives zeros. Output columns: the
    numbers, then each category's values, in this order.
    """

    numbers: list[str]
    categories: dict[str, list[str | None]]
    fill: np.ndarray
    offset: np.ndarray
    scale: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.feature_names),)

    @property
    def columns(self) -> list[str]:
        """The columns that must be there when predicting."""
        return [*self.numbers, *self.categories]

    @property
    def feature_names(self) -> list[str]:
        """A name for each number the network sees."""
        return self.numbers + [
            f"{column}={'missing' if value is None else value}"
            for column, values in self.categories.items()
            for value in values
        ]

    def require(self, frame: pd.DataFrame, mark: Mark | None = None) -> None:
        """Raise InputError when a column is missing."""
        absent = [column for column in self.columns if column not in frame.columns]
        if absent:
            raise InputError(_absent_columns(absent, list(frame.columns)), "missing-column", mark)

    def apply(self, frame: pd.DataFrame) -> np.ndarray:
        from kerasdeep.data.columns import as_numbers, as_text

        self.require(frame)
        x = np.zeros((len(frame), *self.shape), np.float32)
        for number, column in enumerate(self.numbers):
            values = as_numbers(frame[column])
            values = np.where(np.isfinite(values), values, self.fill[number])
            x[:, number] = (values - self.offset[number]) / self.scale[number]
        start = len(self.numbers)
        for column, values in self.categories.items():
            number_of = {value: number for number, value in enumerate(values)}
            codes = np.array([number_of.get(value, -1) for value in as_text(frame[column])], int)
            known = np.flatnonzero(codes >= 0)
            x[known, start + codes[known]] = 1
            start += len(values)
        return x


@dataclass(frozen=True)
class ArrayRule:
    """An array's rows: pictures are brought to one size, then every row is (row − offset) / scale.

    `shape` is a row's shape after the picture rule; `offset`, `scale` and `fill` (for missing numbers; NaN where
    none is known) are scalars or have that shape.
    """

    shape: tuple[int, ...]
    fill: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    image: ImageRule | None = None

    def apply(self, raw: np.ndarray) -> np.ndarray:
        if self.image:
            from kerasdeep.data.images import conform

            raw = conform(raw, self.image)
        if raw.shape[1:] != self.shape:
            message = f"The rows have shape {raw.shape[1:]}. Expected {self.shape}, as in training."
            raise InputError(message, "wrong-shape")
        # In blocks, so that the float64 in between never costs more than a few megabytes.
        offset, scale = (_narrow(array, raw.dtype) for array in (self.offset, self.scale))
        x = np.empty(raw.shape, np.float32)
        for start in range(0, len(raw), BLOCK):
            block = raw[start : start + BLOCK]
            if raw.dtype.kind == "f" and not (finite := np.isfinite(block)).all():
                if np.isnan(self.fill).any():
                    message = "The inputs have missing or infinite numbers. Expected none, as in training."
                    raise InputError(message, "nan-input")
                block = np.where(finite, block, self.fill)
            x[start : start + BLOCK] = (block - offset if offset.any() else block) / scale
        return x


def _narrow(array: np.ndarray, of: np.dtype) -> np.ndarray:
    """Pixels are divided as float32: exact, and the same bits as Keras users' `x.astype("float32") / 255`."""
    return array.astype(np.float32) if of.kind == "u" and of.itemsize == 1 and not array.ndim else array


def _absent_columns(absent: list[str], present: list[str]) -> str:
    words = []
    for column in absent:
        nearest = closest(column, present)
        words.append(f"'{column}'" + (f" (is it '{nearest}'?)" if nearest else ""))
    return (
        f"The data lacks {'columns' if len(absent) > 1 else 'the column'} {', '.join(words)}, which the model was "
        f"trained on. It has: {', '.join(map(str, present))}."
    )


@dataclass(frozen=True)
class Preprocessing:
    """Rules for every input and every target, and what a reader must know to find them in a file."""

    kind: str
    inputs: dict[str, TableRule | ArrayRule]
    targets: list[TargetRule]
    reading: dict[str, Any] = field(default_factory=dict)

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: rule.shape for name, rule in self.inputs.items()}

    @property
    def heads(self) -> dict[str, list[Target]]:
        return heads([rule.target for rule in self.targets])

    def save(self, npz: Path, json_path: Path) -> None:
        """Numbers into `npz`, words into `json_path`."""
        arrays: dict[str, np.ndarray] = {}
        described: dict[str, Any] = {}
        for name, rule in self.inputs.items():
            arrays |= {f"{name}/{key}": getattr(rule, key) for key in ("fill", "offset", "scale")}
            if isinstance(rule, TableRule):
                described[name] = {"numbers": rule.numbers, "categories": rule.categories}
            else:
                image = asdict(rule.image) if rule.image else None
                described[name] = {"shape": rule.shape, "image": image}
        arrays["targets/center"] = np.array([rule.center for rule in self.targets])
        arrays["targets/scale"] = np.array([rule.scale for rule in self.targets])
        words = [
            {"name": rule.name, "kind": rule.kind, "labels": rule.labels, "classes": rule.classes}
            for rule in self.targets
        ]
        whole = {
            "format": FORMAT,
            "kind": self.kind,
            "inputs": described,
            "targets": words,
            "reading": self.reading,
        }
        np.savez(npz, **arrays)
        Path(json_path).write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, npz: Path, json_path: Path) -> Preprocessing:
        """What `save` wrote. Raises InputError for a format this version does not know."""
        whole = json.loads(Path(json_path).read_text(encoding="utf-8"))
        if whole.get("format") != FORMAT:
            message = f"{json_path} has format {whole.get('format')}. Expected {FORMAT}."
            raise InputError(message, "unknown-format")
        with np.load(npz, allow_pickle=False) as file:
            arrays = dict(file)
        inputs: dict[str, TableRule | ArrayRule] = {}
        for name, words in whole["inputs"].items():
            numbers = {key: arrays[f"{name}/{key}"] for key in ("fill", "offset", "scale")}
            if "numbers" in words:
                inputs[name] = TableRule(**words, **numbers)
            else:
                inputs[name] = ArrayRule(tuple(words["shape"]), **numbers, image=_image_rule(words["image"]))
        centers, scales = arrays["targets/center"].tolist(), arrays["targets/scale"].tolist()
        targets = [
            TargetRule(**words, center=center, scale=scale)
            for words, center, scale in zip(whole["targets"], centers, scales, strict=True)
        ]
        return cls(whole["kind"], inputs, targets, whole["reading"])


def _image_rule(words: dict[str, Any] | None) -> ImageRule | None:
    if words is None:
        return None
    from kerasdeep.data.images import ImageRule

    return ImageRule(words["height"], words["width"], words["channels"], words["resize"])


def apply(preprocessing: Preprocessing, raw: Any) -> np.ndarray | dict[str, np.ndarray]:
    """Raw inputs as the network wants them.

    `raw` is a DataFrame, an array `(rows, ...)` or, where the model has several inputs, a mapping of arrays.
    Raises InputError for a missing column or input, or rows of another shape.
    """
    inputs = preprocessing.inputs
    if list(inputs) == [INPUT]:
        return inputs[INPUT].apply(raw)
    absent = [name for name in inputs if name not in raw]
    if absent:
        message = f"The data lacks the inputs {', '.join(absent)}. It has: {', '.join(raw)}."
        raise InputError(message, "missing-array")
    return {name: rule.apply(raw[name]) for name, rule in inputs.items()}


def apply_target(preprocessing: Preprocessing, raw: dict[str, np.ndarray]) -> np.ndarray | dict[str, np.ndarray]:
    """Labels by target name as the network's heads want them: class numbers, or scaled numbers.

    Several numbers share one head: `(rows, targets)`.
    """
    encoded = {rule.name: rule.encode(raw[rule.name]) for rule in preprocessing.targets}
    if list(preprocessing.heads) != [OUTPUT]:
        return encoded
    columns = list(encoded.values())
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def restore_target(
    preprocessing: Preprocessing, encoded: np.ndarray | dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The inverse of `apply_target`, for labels and predictions: by target name, numbers in their own unit and
    names of classes. A last axis of length 1, as a one-unit head gives it, is dropped."""
    if isinstance(encoded, dict):
        columns = encoded
    else:
        encoded = np.asarray(encoded)
        rules = preprocessing.targets
        stacked = encoded.reshape(len(encoded), len(rules))
        columns = {rule.name: stacked[:, number] for number, rule in enumerate(rules)}
    return {rule.name: rule.decode(np.asarray(columns[rule.name]).reshape(-1)) for rule in preprocessing.targets}
