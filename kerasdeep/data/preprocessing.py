"""How raw inputs become what the network sees: transforms that are fitted once and applied to all rows alike.

`fitting.py` fits them on the training rows. They are applied to training, validation and test rows and, from the run
directory, for predictions; exports are built from the same numbers. They are saved as JSON and, what are arrays, as
`.npz`; nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data import disk_cache
from kerasdeep.data.lazy_rows import LazyRows, NpyFile
from kerasdeep.data.scaling import BLOCK_ROWS, scale_with_keras
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, OUTPUT, ImageFormat, Rows, Target, targets_by_head
from kerasdeep.errors import InputError, Problems, SourceLocation, suggest
from kerasdeep.keras_names import keras_name

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from kerasdeep.config.lowering.planned import ColumnInput
    from kerasdeep.data.column_store import ColumnStore
    from kerasdeep.data.encoders import Encoder

FORMAT_VERSION = 2
"""1 (kerasdeep 0.1) kept a table's numbers and categories apart."""
STORED_ROWS_BLOCK = 32_768
"""Rows of a stored table that are encoded at once."""
MAX_NAMED_COLUMNS = 10
AXES = ["height", "width", "channels"]
MAX_LISTED_VALUES = 200
ARRAY_KEYS = ("fill", "offset", "scale")
Replaced = dict[str, dict[str, int]]


@dataclass(frozen=True)
class TableTransform:
    """A table's columns, each with its encoder; their features stand side by side in this order.

    A column that is an input of its own stands alone.
    """

    encoders: list[Encoder]

    @property
    def own_input(self) -> ColumnInput | None:
        return self.encoders[0].own_input if self.encoders else None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.own_input.shape if self.own_input else (len(self.feature_names),)

    @property
    def columns(self) -> list[str]:
        """The columns that must be there when predicting."""
        return [encoder.name for encoder in self.encoders]

    @property
    def text_columns(self) -> list[str]:
        """The columns that are read as text even if they look like numbers."""
        return [encoder.name for encoder in self.encoders if encoder.as_text]

    @property
    def feature_names(self) -> list[str]:
        """A name for each number the network sees."""
        return [name for encoder in self.encoders for name in encoder.feature_names]

    def count_replaced(self, frame: pd.DataFrame | ColumnStore) -> Replaced:
        """By column, how many values are missing, unreadable, unseen in training or clipped."""
        return {encoder.name: encoder.count(frame[encoder.name]) for encoder in self.encoders}

    def require_columns(self, frame: pd.DataFrame, location: SourceLocation | None = None) -> None:
        """Raise InputError when a column is missing."""
        absent = [column for column in self.columns if column not in frame.columns]
        if absent:
            raise InputError(_missing_columns_message(absent, list(frame.columns)), "missing-column", location)

    def apply(self, frame: pd.DataFrame) -> np.ndarray:
        """The rows as float32, `(rows, *shape)`. Raises InputError when a column is missing."""
        self.require_columns(frame)
        x = np.zeros((len(frame), *self.shape), np.float32)
        for encoder, columns in self._feature_columns():
            x[:, columns] = encoder.apply(frame[encoder.name])
        return x

    def invert(self, x: np.ndarray) -> dict[str, Any]:
        """One encoded row by column. A missing number comes back as what replaced it, an unknown category as None."""
        return {encoder.name: encoder.invert(x[columns]) for encoder, columns in self._feature_columns()}

    def _feature_columns(self) -> Iterator[tuple[Encoder, slice]]:
        start = 0
        for encoder in self.encoders:
            end = start + (encoder.own_input.shape[0] if encoder.own_input else len(encoder.feature_names))
            yield encoder, slice(start, end)
            start = end

    @property
    def serving_shape(self) -> tuple[int, ...]:
        return self.own_input.shape if self.own_input else (sum(e.serving_width for e in self.encoders),)

    def serving_values(self, frame: pd.DataFrame) -> np.ndarray:
        """The rows as exports take them: one number a column, or the features of what only kerasdeep encodes."""
        values = [encoder.serving_values(frame[encoder.name]) for encoder in self.encoders]
        if self.own_input:
            return values[0].astype(np.float32)
        return np.column_stack(values).astype(np.float32)

    def serving_signature(self) -> dict[str, Any]:
        vocabularies = {encoder.name: encoder.vocabulary for encoder in self.encoders if encoder.vocabulary is not None}
        features = {e.name: e.feature_names for e in self.encoders if not e.scalar and e.vocabulary is None}
        signature: dict[str, Any] = {
            "columns": self.columns,
            "missing_number": "NaN",
            "categories": vocabularies,
            "category_values": "a category is its index in its list under `categories`, any other value is -1",
        }
        states = _columns_to_json(self.encoders, INPUT, {})
        signature["encodings"] = [
            {
                key: value
                for key, value in state.items()
                if not isinstance(value, list) or len(value) <= MAX_LISTED_VALUES
            }
            | {"rule": encoder.rule}
            for encoder, state in zip(self.encoders, states, strict=True)
        ]
        return signature | ({"features_instead_of_columns": features} if features else {})

    def apply_with_keras(self, raw: keras.KerasTensor) -> keras.KerasTensor:
        """`apply` for exports; neighbouring columns of a kind are encoded together."""
        from keras import ops

        features, start = [], 0
        for apply_with_keras, group in groupby(self.encoders, key=lambda encoder: type(encoder).apply_with_keras):
            encoders = list(group)
            end = start + sum(encoder.serving_width for encoder in encoders)
            features.append(apply_with_keras(encoders, raw[:, start:end]))
            start = end
        return ops.concatenate(features, axis=-1) if len(features) > 1 else features[0]


@dataclass(frozen=True)
class ArrayTransform:
    """An array's rows: pictures are brought to one size, then every row is (row − offset) / scale.

    `shape` is the shape of a row in that size; `offset`, `scale` and `fill` (for missing numbers; NaN where
    none is known) are scalars or have that shape.
    """

    shape: tuple[int, ...]
    fill: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    image: ImageFormat | None = None

    def apply(self, raw: np.ndarray) -> np.ndarray:
        raw = self._in_training_shape(raw)
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

    def invert(self, x: np.ndarray) -> np.ndarray:
        """One row as it was before scaling."""
        return x.astype(np.float64) * self.scale + self.offset

    @property
    def serving_shape(self) -> tuple[int, ...]:
        return self.shape

    def serving_values(self, raw: np.ndarray) -> np.ndarray:
        """The rows as exports take them: pictures in the right size."""
        return np.asarray(self._in_training_shape(raw), np.float32)

    def serving_signature(self) -> dict[str, Any]:
        if self.image is None:
            return {"resize": None}
        pixels = {"range": [0, 255], "channels": "grey" if self.image.channels in (0, 1) else "RGB"}
        return {
            "resize": self.image.resize,
            "interpolation": "bilinear",
            **pixels,
            "axes": AXES[: len(self.image.shape)],
        }

    def apply_with_keras(self, raw: keras.KerasTensor) -> keras.KerasTensor:
        """`apply` for exports."""
        return scale_with_keras(raw, self.fill, self.offset, self.scale)

    def _in_training_shape(self, raw: np.ndarray) -> np.ndarray:
        if self.image is not None:
            from kerasdeep.data.images import to_image_format

            raw = to_image_format(raw, self.image)
        if raw.shape[1:] != self.shape:
            message = f"The rows have shape {raw.shape[1:]}. Expected {self.shape}, as in training."
            raise InputError(message, "wrong-shape")
        return raw


def warn_of_replaced_values(counts: Replaced, where: str, problems: Problems) -> None:
    """Say how many values are replaced, cut or unknown, in one sentence for all columns."""
    parts = []
    for key, sentence in _REPLACED.items():
        texts = [f"{count[key]} in '{name}'" for name, count in counts.items() if count.get(key)]
        if texts:
            more = f", … ({len(texts)} columns)" if len(texts) > MAX_NAMED_COLUMNS else ""
            parts.append(f"{sentence}: {', '.join(texts[:MAX_NAMED_COLUMNS])}{more}")
    if parts:
        problems.warn("replaced-values", f"{where}: {'; '.join(parts)}.", None)


_REPLACED = {
    "missing": "missing values, filled in",
    "unreadable": "of these not empty, but no value of the column's kind",
    "unseen": "values unseen in training, which count as none",
    "clipped": "values outside the training range, cut to it",
}


def _cast_for_pixels(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Pixels are divided as float32: exact, and the same bits as Keras users' `x.astype("float32") / 255`."""
    return array.astype(np.float32) if dtype.kind == "u" and dtype.itemsize == 1 and not array.ndim else array


def _missing_columns_message(absent: list[str], present: list[str]) -> str:
    suggestions = []
    for column in absent:
        nearest = suggest(column, present)
        suggestions.append(f"'{column}'" + (f" (is it '{nearest}'?)" if nearest else ""))
    return (
        f"The data has no column{'s' * (len(absent) > 1)} {', '.join(suggestions)}, which the model was trained on. "
        f"It has: {', '.join(map(str, present))}."
    )


Transform = TableTransform | ArrayTransform


@dataclass(frozen=True)
class Preprocessing:
    """A transform for every input, an encoder for every target, and how their file is read."""

    kind: str
    inputs: dict[str, Transform]
    targets: list[TargetEncoder]
    read_options: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> TableTransform:
        """All columns of a table, whatever inputs they are in."""
        tables = [transform for transform in self.inputs.values() if isinstance(transform, TableTransform)]
        return TableTransform([encoder for transform in tables for encoder in transform.encoders])

    @property
    def column_inputs(self) -> dict[str, ColumnInput]:
        """The inputs that are one column of a table."""
        tables = {name: each for name, each in self.inputs.items() if isinstance(each, TableTransform)}
        return {name: each.own_input for name, each in tables.items() if each.own_input}

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of a row, by the input's name in Keras."""
        return {keras_name(name): transform.shape for name, transform in self.inputs.items()}

    @property
    def heads(self) -> dict[str, list[Target]]:
        return targets_by_head([encoder.target for encoder in self.targets])

    def save(self, npz: Path, json_path: Path) -> None:
        """Arrays into `npz`, everything else into `json_path`."""
        arrays: dict[str, np.ndarray] = {}
        inputs: dict[str, Any] = {}
        for name, transform in self.inputs.items():
            if isinstance(transform, TableTransform):
                inputs[name] = {"columns": _columns_to_json(transform.encoders, name, arrays)}
                if window := getattr(transform, "window", None):
                    inputs[name]["window"] = asdict(window)
            else:
                arrays |= {f"{name}/{key}": getattr(transform, key) for key in ARRAY_KEYS}
                inputs[name] = {"shape": transform.shape, "image": transform.image and asdict(transform.image)}
        arrays["targets/center"] = np.array([encoder.center for encoder in self.targets])
        arrays["targets/scale"] = np.array([encoder.scale for encoder in self.targets])
        document = {
            "format": FORMAT_VERSION,
            "kind": self.kind,
            "inputs": inputs,
            "targets": [_target_to_json(encoder) for encoder in self.targets],
            "reading": self.read_options,
        }
        np.savez(npz, **arrays)  # type: ignore[arg-type]  # none of them is called `allow_pickle`
        Path(json_path).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, npz: Path, json_path: Path) -> Preprocessing:
        """What `save` wrote, also in kerasdeep 0.1. Raises InputError for files that are anything else."""
        from kerasdeep.data import saved_preprocessing

        return saved_preprocessing.load(npz, json_path)


def _target_to_json(encoder: TargetEncoder) -> dict[str, Any]:
    """Its fields but for those that stand in the arrays, and those that the task does not use."""
    state = {entry.name: getattr(encoder, entry.name) for entry in fields(encoder)}
    always = ("name", "kind", "labels", "classes")
    return {key: value for key, value in state.items() if key in always or (value and key not in ("center", "scale"))}


def _columns_to_json(encoders: list[Encoder], prefix: str, arrays: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Each encoder's kind and fields; an array is put into `arrays`, and stands here by its name among them."""
    from kerasdeep.data.encoders import ENCODERS

    kinds = {encoder: kind for kind, encoder in ENCODERS.items()}
    columns = []
    for number, encoder in enumerate(encoders):
        state = {entry.name: getattr(encoder, entry.name) for entry in fields(encoder)}
        for key, value in state.items():
            if isinstance(value, np.ndarray):
                state[key] = {"array": f"{prefix}/{number}/{key}"}
                arrays[state[key]["array"]] = value
        columns.append({"kind": kinds[type(encoder)], **state})
    return columns


def transform_inputs(preprocessing: Preprocessing, raw: Any) -> Rows | dict[str, Rows]:
    """Raw inputs as the network wants them: float32 `(rows, ...)`, or a mapping of such arrays.

    `raw` is a DataFrame, an array `(rows, ...)` or, where the model has several inputs, a mapping of arrays.
    Raises InputError for a missing column or input, or rows of another shape.
    """
    rows, inputs = rows_by_input(preprocessing, raw), preprocessing.inputs
    arrays: dict[str, Rows] = {keras_name(name): transform.apply(rows[name]) for name, transform in inputs.items()}
    return arrays[INPUT] if list(inputs) == [INPUT] else arrays


def rows_by_input(preprocessing: Preprocessing, raw: Any) -> Mapping[str, Any]:
    """The rows that each input takes. Raises InputError where there are none for one."""
    inputs = preprocessing.inputs
    if list(inputs) == [INPUT] or preprocessing.kind == "table":
        return dict.fromkeys(inputs, raw)
    given = raw if isinstance(raw, Mapping) else {}
    if absent := [name for name in inputs if name not in given]:
        message = f"The data has no inputs {', '.join(absent)}. It has: {', '.join(given) or 'one array'}."
        raise InputError(message, "missing-array")
    return given


def encode_stored_rows(table: ColumnStore, transform: TableTransform, say: disk_cache.Say | None) -> LazyRows:
    """The table's rows as the network wants them, read on demand from a file of all the source's rows."""
    full_table = table.all_rows()

    def make(entry: Path) -> None:
        def block(start: int, end: int) -> np.ndarray:
            return transform.apply(full_table.block(start, end, transform.columns))

        progress = disk_cache.throttled_progress(say, f"encoding rows of {table.source.name}", len(full_table))
        shape = (len(full_table), *transform.shape)
        disk_cache.write_in_blocks(entry, shape, np.float32, STORED_ROWS_BLOCK, block, progress)

    arrays: dict[str, np.ndarray] = {}
    signature = json.dumps([table.digest, _columns_to_json(transform.encoders, INPUT, arrays)])
    digest = hashlib.sha256(signature.encode() + b"".join(array.tobytes() for array in arrays.values()))
    rows = disk_cache.cached("rows", table.source, digest.hexdigest(), make, lambda entry: NpyFile(entry / "x.npy"))
    return LazyRows(rows, table.numbers)


def encode_target(preprocessing: Preprocessing, raw: dict[str, np.ndarray]) -> np.ndarray | dict[str, np.ndarray]:
    """Labels by target name as the network's heads want them: class numbers, or scaled numbers.

    Several numbers share one head: `(rows, targets)`.
    """
    encoded = {encoder.name: encoder.encode(raw[encoder.name]) for encoder in preprocessing.targets}
    if list(preprocessing.heads) != [OUTPUT]:
        return {keras_name(name): labels for name, labels in encoded.items()}
    columns = list(encoded.values())
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)
