"""What a person should know about the data: how much, of what kind, how balanced, whether parts overlap."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.data.dataset import Part, RawPart, Source, place
from kerasdeep.data.streamed import is_streamed
from kerasdeep.data.targets import TargetRule, as_numbers
from kerasdeep.errors import Report

if TYPE_CHECKING:
    from kerasdeep.data.columns import Column
    from kerasdeep.data.preprocessing import Preprocessing

IMBALANCE = 5
MOST_HASHED_ROWS = 1_000_000
LEAK_SHARE, LEAK_ROWS = 0.01, 5
NATURAL_REPEATS = 0.5  # where fewer training rows than this are distinct, repeats are in the data's nature


def describe(
    section: Any,
    source: Source,
    raw: dict[str, RawPart],
    parts: dict[str, Part],
    columns: list[Column] | None,
    preprocessing: Preprocessing,
    digest: str,
    report: Report,
) -> dict[str, Any]:
    """The object that becomes `facts/data.json`; imbalance and rows shared between parts are warned of."""
    duplicates = _duplicates(parts, section, report)
    return {
        "source": str(section.source),
        "format": source.format,
        "hash": digest,
        "rows": {
            part: len(raw[part]) if part in raw else 0 for part in ("train", "validation", "test", "unlabelled")
        },
        "input_shapes": {name: list(shape) for name, shape in preprocessing.input_shapes.items()},
        "features": [
            _feature(raw["train"].x[column.name], column) for column in columns or [] if not column.left_out
        ],
        "left_out": [
            {"name": column.name, "reason": column.left_out} for column in columns or [] if column.left_out
        ],
        "targets": [_target(rule, raw, section, report) for rule in preprocessing.targets],
        "scaling": section.scaling,
        "duplicates": duplicates,
        **source.facts,
        "warnings": [str(problem) for problem in report.warnings],
    }


def _feature(series: Any, column: Column) -> dict[str, Any]:
    from kerasdeep.data.columns import as_numbers as numbers_of

    fact: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind,
        "missing": int(series.isna().sum()),
        "unique": int(series.nunique()),
        "mean": None,
        "std": None,
        "min": None,
        "max": None,
    }
    if column.kind != "category":
        values = numbers_of(series)
        fact |= _summary(values[np.isfinite(values)])
    return fact


def _summary(values: np.ndarray) -> dict[str, float]:
    return {key: float(getattr(values, key)()) for key in ("mean", "std", "min", "max")}


def _target(rule: TargetRule, raw: dict[str, RawPart], section: Any, report: Report) -> dict[str, Any]:
    fact: dict[str, Any] = {"name": rule.name, "kind": rule.kind, "classes": rule.classes}
    if rule.kind == "regression":
        return fact | {"summary": _summary(as_numbers(raw["train"].y[rule.name]))}
    counts = {part: count_classes(rule, raw[part]) for part in ("train", "validation", "test") if part in raw}
    train = counts["train"]
    if section.class_weight is None and train.min() and train.max() > IMBALANCE * train.min():
        most, least = int(train.argmax()), int(train.argmin())
        message = (
            f"The classes of '{rule.name}' are uneven: {train[most]} training rows of '{rule.classes[most]}', "
            f"{train[least]} of '{rule.classes[least]}'. Accuracy alone may mislead; "
            "consider `class_weight: balanced`."
        )
        report.warn("class-imbalance", message, place(section, "class_weight"))
    return fact | {"counts": {part: count.tolist() for part, count in counts.items()}}


def count_classes(rule: TargetRule, part: RawPart) -> np.ndarray:
    return np.bincount(rule.encode(part.y[rule.name]), minlength=len(rule.classes))


def _duplicates(parts: dict[str, Part], section: Any, report: Report) -> dict[str, int] | None:
    """How many held-out rows have the very inputs of some training row; None where that is too costly."""
    if sum(map(len, parts.values())) > MOST_HASHED_ROWS or is_streamed(parts["train"].x):
        return None
    train = set(_row_hashes(parts["train"]))
    shared = {}
    for part in ("validation", "test"):
        held_out = _row_hashes(parts[part]) if part in parts else []
        count = shared[f"train_{part}"] = sum(row in train for row in held_out)
        natural = len(train) < NATURAL_REPEATS * len(parts["train"])
        if count >= LEAK_ROWS and count > LEAK_SHARE * len(held_out) and not natural:
            message = (
                f"{count} of {len(held_out)} {part} rows have exactly the inputs of a training row, "
                f"so the {part} result is better than it should be."
            )
            report.warn("duplicate-rows", message, place(section, part))
    return shared


def _row_hashes(part: Part) -> list[bytes]:
    arrays = list(part.x.values()) if isinstance(part.x, dict) else [part.x]
    return [
        hashlib.blake2b(b"".join(row.tobytes() for row in rows), digest_size=16).digest()
        for rows in zip(*arrays, strict=True)
    ]
