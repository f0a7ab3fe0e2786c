"""What a person should know about the data: how much, of what kind, how balanced, whether splits overlap."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.labels import labels_to_floats
from kerasdeep.data.scaling import quantiles, summarize_numbers
from kerasdeep.data.streaming import is_streamed
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import (
    HELD_OUT_SPLITS,
    LABELLED_SPLITS,
    SPLITS,
    DataSplit,
    RawSplit,
    Source,
    input_arrays,
    map_inputs,
)
from kerasdeep.errors import Problems

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.columns import Column
    from kerasdeep.data.encoders import Encoder
    from kerasdeep.data.preprocessing import Preprocessing, Replaced

MAX_IMBALANCE = 5
MAX_HASHED_ROWS = 1_000_000
MAX_RMS_ROWS = 1_000
LEAK_SHARE, LEAK_ROWS = 0.01, 5
NEAR_DECIMALS = 3  # of a column's deviation, to which numbers of a table must agree for rows to be the same
REPLACEMENTS = ("unreadable", "unseen", "clipped")


def describe_dataset(
    section: DataConfig,
    source: Source,
    raw_splits: dict[str, RawSplit],
    splits: dict[str, DataSplit],
    columns: list[Column] | None,
    replaced: dict[str, Replaced],
    preprocessing: Preprocessing,
    problems: Problems,
) -> dict[str, Any]:
    """The object that becomes `facts/data.json`; imbalance and rows shared between splits are warned of."""
    encoders = {encoder.name: encoder for encoder in preprocessing.table.encoders} if columns else {}
    duplicates = _count_duplicates(splits, section, problems)
    return {
        "source": str(section.source),
        "format": source.format,
        "rows": {split_name: len(raw_splits[split_name]) if split_name in raw_splits else 0 for split_name in SPLITS},
        "own_parts": [split_name for split_name in HELD_OUT_SPLITS if split_name in source.splits],
        "input_shapes": {name: list(transform.shape) for name, transform in preprocessing.inputs.items()},
        "features": [
            _feature_facts(
                cast(Any, raw_splits["train"].x)[column.name],
                column,
                encoders[column.name],
                replaced["train"][column.name],
            )
            | {key: sum(counts[column.name].get(key, 0) for counts in replaced.values()) for key in REPLACEMENTS}
            for column in columns or []
            if not column.exclusion_reason and column.name in encoders
        ],
        "left_out": [
            {"name": column.name, "reason": column.exclusion_reason}
            for column in columns or []
            if column.exclusion_reason
        ],
        "targets": [_target_facts(encoder, raw_splits, section, problems) for encoder in preprocessing.targets],
        "scaling": section.scaling,
        "input_rms": _root_mean_squares(splits["train"].x),
        "duplicates": duplicates,
        **source.facts,
        "warnings": [str(problem) for problem in problems.warnings],
    }


def _root_mean_squares(x: Any) -> dict[str, float]:
    """Of each input of numbers; of a large one from its first rows."""
    first_rows = {name: np.asarray(array[:MAX_RMS_ROWS]) for name, array in input_arrays(x).items()}
    return {
        name: float(np.sqrt(np.mean(np.square(rows, dtype=np.float64))))
        for name, rows in first_rows.items()
        if rows.dtype.kind == "f" and rows.size
    }


def _feature_facts(series: pd.Series, column: Column, encoder: Encoder, replaced: dict[str, int]) -> dict[str, Any]:
    nested = series.dtype == object and series.map(lambda value: isinstance(value, list | tuple | np.ndarray)).any()
    return {
        "name": column.name,
        "kind": column.kind,
        "missing": max(int(series.isna().sum()), replaced["missing"]),
        "unique": int((series.map(str) if nested else series).nunique()),
        **dict.fromkeys(("mean", "std", "min", "max")),
        **encoder.summarize(series),
    }


def _target_facts(
    encoder: TargetEncoder, raw_splits: dict[str, RawSplit], section: DataConfig, problems: Problems
) -> dict[str, Any]:
    fact: dict[str, Any] = {"name": encoder.name, "kind": encoder.kind, "classes": encoder.classes}
    weights = raw_splits["train"].roles.get("weight")
    if encoder.task.predicts_numbers:
        numbers = labels_to_floats(raw_splits["train"].y[encoder.name])
        if weights is not None:
            fact["weighted_mean"] = float(np.average(numbers, weights=weights))
        if "levels" in encoder.options:
            fact["quantiles"] = quantiles(numbers, encoder.options["levels"], weights).tolist()
        fact["counts_something"] = bool((numbers >= 0).all() and (numbers == np.round(numbers)).all())
        return fact | {"summary": summarize_numbers(numbers)}
    if weights is not None and encoder.task.has_classes:
        fact["weighted_counts"] = count_classes(encoder, raw_splits["train"], weighted=True).tolist()
    counts = {
        split_name: count_classes(encoder, raw_splits[split_name])
        for split_name in LABELLED_SPLITS
        if split_name in raw_splits
    }
    if encoder.is_set:
        sets = encoder.encode(raw_splits["train"].y[encoder.name])
        fact["frequencies"] = np.average(sets, axis=0, weights=weights).tolist()
        return fact | {"counts": {split_name: count.tolist() for split_name, count in counts.items()}}
    train = counts["train"]
    if section.class_weight is None and train.min() and train.max() > MAX_IMBALANCE * train.min():
        most, least = int(train.argmax()), int(train.argmin())
        message = (
            f"The classes of '{encoder.name}' are uneven: {train[most]} training rows of '{encoder.classes[most]}', "
            f"{train[least]} of '{encoder.classes[least]}'. Accuracy alone may mislead: "
            "see what is found of the rare one; `threshold` and `class_weight` change it."
        )
        problems.warn("class-imbalance", message, section.location_or_key("class_weight"))
    return fact | {"counts": {split_name: count.tolist() for split_name, count in counts.items()}}


def count_classes(encoder: TargetEncoder, split: RawSplit, weighted: bool = False) -> np.ndarray:
    """Rows of each class or label; `weighted`, what they weigh together."""
    weights = split.roles.get("weight") if weighted else None
    if encoder.is_set:
        return encoder.encode(split.y[encoder.name]).sum(axis=0).astype(int)
    return np.bincount(encoder.encode(split.y[encoder.name]), weights, minlength=len(encoder.classes))


def _count_duplicates(splits: dict[str, DataSplit], section: DataConfig, problems: Problems) -> dict[str, int] | None:
    """How many held-out rows have the inputs of some training row, numbers of a table to three digits; None where that
    is too costly."""
    if sum(map(len, splits.values())) > MAX_HASHED_ROWS or is_streamed(splits["train"].x):
        return None
    scale = map_inputs(lambda array: _deviations(array) if array.ndim == 2 else None, splits["train"].x)
    train = set(_row_hashes(splits["train"], scale))
    by_nature = _must_repeat(splits["train"])
    duplicates = {}
    for split_name in HELD_OUT_SPLITS:
        held_out = _row_hashes(splits[split_name], scale) if split_name in splits else []
        count = duplicates[f"train_{split_name}"] = sum(row in train for row in held_out)
        if count >= LEAK_ROWS and count > LEAK_SHARE * len(held_out) and not by_nature:
            message = (
                f"{count} of {len(held_out)} {split_name} rows have (almost) exactly the inputs of a training row, "
                f"so the {split_name} result is better than it should be."
            )
            problems.warn("duplicate-rows", message, section.location_or_key(split_name))
    return duplicates


def _must_repeat(split: DataSplit) -> bool:
    """Whether rows are alike by nature: their columns have fewer combinations of values than there are rows."""
    combinations = 1
    for array in input_arrays(split.x).values():
        for column in array.reshape(len(array), -1).T:
            combinations *= len(np.unique(column))
            if combinations >= len(split):
                return False
    return True


def _deviations(array: np.ndarray) -> np.ndarray:
    deviations = array.std(axis=0)
    return np.where(deviations > 0, deviations, 1)


def _row_hashes(split: DataSplit, scale: Any) -> list[bytes]:
    scales, arrays = input_arrays(scale), []
    for name, array in input_arrays(split.x).items():
        rounded = array if scales[name] is None else np.round(array / scales[name], NEAR_DECIMALS) + 0.0  # no −0
        arrays.append(rounded)
    return [
        hashlib.blake2b(b"".join(row.tobytes() for row in rows), digest_size=16).digest()
        for rows in zip(*arrays, strict=True)
    ]
