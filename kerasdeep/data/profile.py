"""What a person should know about the data: how much, of what kind, how balanced, whether splits overlap."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.scaling import summarize_numbers
from kerasdeep.data.streaming import is_streamed
from kerasdeep.data.targets import TargetEncoder, labels_to_floats
from kerasdeep.data.types import (
    HELD_OUT_SPLITS,
    INPUT,
    LABELLED_SPLITS,
    SPLITS,
    DataSplit,
    RawSplit,
    Source,
    input_arrays,
)
from kerasdeep.errors import Problems

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.columns import Column
    from kerasdeep.data.encoders import Encoder
    from kerasdeep.data.preprocessing import Preprocessing

MAX_IMBALANCE = 5
MAX_HASHED_ROWS = 1_000_000
LEAK_SHARE, LEAK_ROWS = 0.01, 5
NATURAL_DUPLICATE_SHARE = 0.5  # where fewer training rows than this are distinct, repeats are in the data's nature


def describe_dataset(
    section: DataConfig,
    source: Source,
    raw_splits: dict[str, RawSplit],
    splits: dict[str, DataSplit],
    columns: list[Column] | None,
    preprocessing: Preprocessing,
    digest: str,
    problems: Problems,
) -> dict[str, Any]:
    """The object that becomes `facts/data.json`; imbalance and rows shared between splits are warned of."""
    encoders = {encoder.name: encoder for encoder in preprocessing.inputs[INPUT].encoders} if columns else {}
    duplicates = _count_duplicates(splits, section, problems)
    return {
        "source": str(section.source),
        "format": source.format,
        "hash": digest,
        "rows": {split_name: len(raw_splits[split_name]) if split_name in raw_splits else 0 for split_name in SPLITS},
        "input_shapes": {name: list(shape) for name, shape in preprocessing.input_shapes.items()},
        "features": [
            _feature_facts(raw_splits["train"].x[column.name], column, encoders[column.name])
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
        "duplicates": duplicates,
        **source.facts,
        "warnings": [str(problem) for problem in problems.warnings],
    }


def _feature_facts(series: pd.Series, column: Column, encoder: Encoder) -> dict[str, Any]:
    counts = {"missing": int(series.isna().sum()), **encoder.count(series)}
    nested = series.dtype == object and series.map(lambda value: isinstance(value, list | tuple | np.ndarray)).any()
    return {
        "name": column.name,
        "kind": column.kind,
        **{key: max(count, int(series.isna().sum())) if key == "missing" else count for key, count in counts.items()},
        "unique": int((series.map(str) if nested else series).nunique()),
        **dict.fromkeys(("mean", "std", "min", "max")),
        **encoder.summarize(series),
    }


def _target_facts(
    encoder: TargetEncoder, raw_splits: dict[str, RawSplit], section: DataConfig, problems: Problems
) -> dict[str, Any]:
    fact: dict[str, Any] = {"name": encoder.name, "kind": encoder.kind, "classes": encoder.classes}
    weights = raw_splits["train"].roles.get("weight")
    if not encoder.task.has_classes:
        numbers = labels_to_floats(raw_splits["train"].y[encoder.name])
        if weights is not None:
            fact["weighted_mean"] = float(np.average(numbers, weights=weights))
        return fact | {"summary": summarize_numbers(numbers)}
    if weights is not None:
        fact["weighted_counts"] = count_classes(encoder, raw_splits["train"], weighted=True).tolist()
    counts = {
        split_name: count_classes(encoder, raw_splits[split_name])
        for split_name in LABELLED_SPLITS
        if split_name in raw_splits
    }
    train = counts["train"]
    if section.class_weight is None and train.min() and train.max() > MAX_IMBALANCE * train.min():
        most, least = int(train.argmax()), int(train.argmin())
        message = (
            f"The classes of '{encoder.name}' are uneven: {train[most]} training rows of '{encoder.classes[most]}', "
            f"{train[least]} of '{encoder.classes[least]}'. Accuracy alone may mislead; "
            "consider `class_weight: balanced`."
        )
        problems.warn("class-imbalance", message, section.location_or_key("class_weight"))
    return fact | {"counts": {split_name: count.tolist() for split_name, count in counts.items()}}


def count_classes(encoder: TargetEncoder, split: RawSplit, weighted: bool = False) -> np.ndarray:
    """Rows of each class; `weighted`, what they weigh together."""
    weights = split.roles.get("weight") if weighted else None
    return np.bincount(encoder.encode(split.y[encoder.name]), weights, minlength=len(encoder.classes))


def _count_duplicates(splits: dict[str, DataSplit], section: DataConfig, problems: Problems) -> dict[str, int] | None:
    """How many held-out rows have the very inputs of some training row; None where that is too costly."""
    if sum(map(len, splits.values())) > MAX_HASHED_ROWS or is_streamed(splits["train"].x):
        return None
    train = set(_row_hashes(splits["train"]))
    duplicates = {}
    for split_name in HELD_OUT_SPLITS:
        held_out = _row_hashes(splits[split_name]) if split_name in splits else []
        count = duplicates[f"train_{split_name}"] = sum(row in train for row in held_out)
        natural = len(train) < NATURAL_DUPLICATE_SHARE * len(splits["train"])
        if count >= LEAK_ROWS and count > LEAK_SHARE * len(held_out) and not natural:
            message = (
                f"{count} of {len(held_out)} {split_name} rows have exactly the inputs of a training row, "
                f"so the {split_name} result is better than it should be."
            )
            problems.warn("duplicate-rows", message, section.location_or_key(split_name))
    return duplicates


def _row_hashes(split: DataSplit) -> list[bytes]:
    return [
        hashlib.blake2b(b"".join(row.tobytes() for row in rows), digest_size=16).digest()
        for rows in zip(*input_arrays(split.x).values(), strict=True)
    ]
