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

from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, OUTPUT, Target, targets_by_head
from kerasdeep.errors import InputError, SourceLocation, suggest

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.images import ImageFormat

BLOCK_ROWS = 4096
FORMAT_VERSION = 1


@dataclass(frozen=True)
class TableTransform:
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

    def require(self, frame: pd.DataFrame, location: SourceLocation | None = None) -> None:
        """Raise InputError when a column is missing."""
        absent = [column for column in self.columns if column not in frame.columns]
        if absent:
            raise InputError(_missing_columns_message(absent, list(frame.columns)), "missing-column", location)

    def apply(self, frame: pd.DataFrame) -> np.ndarray:
        from kerasdeep.data.columns import column_to_floats, column_to_texts

        self.require(frame)
        x = np.zeros((len(frame), *self.shape), np.float32)
        for number, column in enumerate(self.numbers):
            values = column_to_floats(frame[column])
            values = np.where(np.isfinite(values), values, self.fill[number])
            x[:, number] = (values - self.offset[number]) / self.scale[number]
        start = len(self.numbers)
        for column, values in self.categories.items():
            number_of = {value: number for number, value in enumerate(values)}
            codes = np.array([number_of.get(value, -1) for value in column_to_texts(frame[column])], int)
            known = np.flatnonzero(codes >= 0)
            x[known, start + codes[known]] = 1
            start += len(values)
        return x


@dataclass(frozen=True)
class ArrayTransform:
    """An array's rows: pictures are brought to one size, then every row is (row − offset) / scale.

    `shape` is a row's shape after the picture rule; `offset`, `scale` and `fill` (for missing numbers; NaN where
    none is known) are scalars or have that shape.
    """

    shape: tuple[int, ...]
    fill: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    image: ImageFormat | None = None

    def apply(self, raw: np.ndarray) -> np.ndarray:
        if self.image:
            from kerasdeep.data.images import to_image_format

            raw = to_image_format(raw, self.image)
        if raw.shape[1:] != self.shape:
            message = f"The rows have shape {raw.shape[1:]}. Expected {self.shape}, as in training."
            raise InputError(message, "wrong-shape")
        # In blocks, so that the float64 in between never costs more than a few megabytes.
        offset, scale = (_cast_for_pixels(array, raw.dtype) for array in (self.offset, self.scale))
        x = np.empty(raw.shape, np.float32)
        for start in range(0, len(raw), BLOCK_ROWS):
            block = raw[start : start + BLOCK_ROWS]
            if raw.dtype.kind == "f" and not (finite := np.isfinite(block)).all():
                if np.isnan(self.fill).any():
                    message = "The inputs have missing or infinite numbers. Expected none, as in training."
                    raise InputError(message, "nan-input")
                block = np.where(finite, block, self.fill)
            x[start : start + BLOCK_ROWS] = (block - offset if offset.any() else block) / scale
        return x


def _cast_for_pixels(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Pixels are divided as float32: exact, and the same bits as Keras users' `x.astype("float32") / 255`."""
    return array.astype(np.float32) if dtype.kind == "u" and dtype.itemsize == 1 and not array.ndim else array


def _missing_columns_message(absent: list[str], present: list[str]) -> str:
    suggestions = []
    for column in absent:
        nearest = suggest(column, present)
        suggestions.append(f"'{column}'" + (f" (is it '{nearest}'?)" if nearest else ""))
    return (
        f"The data lacks {'columns' if len(absent) > 1 else 'the column'} {', '.join(suggestions)}, which the model was "
        f"trained on. It has: {', '.join(map(str, present))}."
    )


@dataclass(frozen=True)
class Preprocessing:
    """Rules for every input and every target, and what a reader must know to find them in a file."""

    kind: str
    inputs: dict[str, TableTransform | ArrayTransform]
    targets: list[TargetEncoder]
    read_options: dict[str, Any] = field(default_factory=dict)

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: transform.shape for name, transform in self.inputs.items()}

    @property
    def heads(self) -> dict[str, list[Target]]:
        return targets_by_head([encoder.target for encoder in self.targets])

    def save(self, npz: Path, json_path: Path) -> None:
        """Numbers into `npz`, words into `json_path`."""
        arrays: dict[str, np.ndarray] = {}
        input_fields: dict[str, Any] = {}
        for name, rule in self.inputs.items():
            arrays |= {f"{name}/{key}": getattr(rule, key) for key in ("fill", "offset", "scale")}
            if isinstance(rule, TableTransform):
                input_fields[name] = {"numbers": rule.numbers, "categories": rule.categories}
            else:
                image = asdict(rule.image) if rule.image else None
                input_fields[name] = {"shape": rule.shape, "image": image}
        arrays["targets/center"] = np.array([rule.center for rule in self.targets])
        arrays["targets/scale"] = np.array([rule.scale for rule in self.targets])
        target_fields = [
            {"name": rule.name, "kind": rule.kind, "labels": rule.labels, "classes": rule.classes}
            for rule in self.targets
        ]
        document = {
            "format": FORMAT_VERSION,
            "kind": self.kind,
            "inputs": input_fields,
            "targets": target_fields,
            "reading": self.read_options,
        }
        np.savez(npz, **arrays)
        Path(json_path).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, npz: Path, json_path: Path) -> Preprocessing:
        """What `save` wrote. Raises InputError for a format this version does not know."""
        document = json.loads(Path(json_path).read_text(encoding="utf-8"))
        if document.get("format") != FORMAT_VERSION:
            message = f"{json_path} has format {document.get('format')}. Expected {FORMAT_VERSION}."
            raise InputError(message, "unknown-format")
        with np.load(npz, allow_pickle=False) as file:
            arrays = dict(file)
        inputs: dict[str, TableTransform | ArrayTransform] = {}
        for name, fields in document["inputs"].items():
            numbers = {key: arrays[f"{name}/{key}"] for key in ("fill", "offset", "scale")}
            if "numbers" in fields:
                inputs[name] = TableTransform(**fields, **numbers)
            else:
                inputs[name] = ArrayTransform(
                    tuple(fields["shape"]), **numbers, image=_image_format_from_json(fields["image"])
                )
        centers, scales = arrays["targets/center"].tolist(), arrays["targets/scale"].tolist()
        targets = [
            TargetEncoder(**fields, center=center, scale=scale)
            for fields, center, scale in zip(document["targets"], centers, scales, strict=True)
        ]
        return cls(document["kind"], inputs, targets, document["reading"])


def _image_format_from_json(fields: dict[str, Any] | None) -> ImageFormat | None:
    if fields is None:
        return None
    from kerasdeep.data.images import ImageFormat

    return ImageFormat(fields["height"], fields["width"], fields["channels"], fields["resize"])


def transform_inputs(preprocessing: Preprocessing, raw: Any) -> np.ndarray | dict[str, np.ndarray]:
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
    return {name: transform.apply(raw[name]) for name, transform in inputs.items()}


def encode_target(preprocessing: Preprocessing, raw: dict[str, np.ndarray]) -> np.ndarray | dict[str, np.ndarray]:
    """Labels by target name as the network's heads want them: class numbers, or scaled numbers.

    Several numbers share one head: `(rows, targets)`.
    """
    encoded = {encoder.name: encoder.encode(raw[encoder.name]) for encoder in preprocessing.targets}
    if list(preprocessing.heads) != [OUTPUT]:
        return encoded
    columns = list(encoded.values())
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def decode_target(preprocessing: Preprocessing, encoded: np.ndarray | dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `apply_target`, for labels and predictions: by target name, numbers in their own unit and
    names of classes. A last axis of length 1, as a one-unit head gives it, is dropped."""
    if isinstance(encoded, dict):
        columns = encoded
    else:
        encoded = np.asarray(encoded)
        encoders = preprocessing.targets
        stacked = encoded.reshape(len(encoded), len(encoders))
        columns = {encoder.name: stacked[:, number] for number, encoder in enumerate(encoders)}
    return {
        encoder.name: encoder.decode(np.asarray(columns[encoder.name]).reshape(-1)) for encoder in preprocessing.targets
    }
