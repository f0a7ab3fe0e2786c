"""What is predicted: which labels are classes, which are sets and which are numbers.

A target is a set of classes when its labels are text, booleans or categories, or whole numbers with at most
`MAX_CLASSES` different values; otherwise it is a number. `task:` decides otherwise. Two classes make a binary
target. Classes are numbered in sorted order, or in the order of `data.classes`. With `task: multilabel` a target is a
set of labels, written as a list (`a;b`), or as several columns of 0 and 1, which become one target.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.labels import (
    MAX_CLASSES,
    find_separator,
    join_shortened,
    label_to_text,
    labels_to_floats,
    list_texts,
    missing_labels,
    split_list,
    unique_texts,
    zeros_and_ones,
)
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import RawSplit
from kerasdeep.errors import InputError, Problems, suggest
from kerasdeep.tasks import NUMBERS, TASKS, parse_setting, predicts_numbers, task_of_classes

JOINED_NAME = "labels"
"""What a target is called that several columns of 0 and 1 make together."""
MAX_SHOWN = 5

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def infer_encoders(
    split: RawSplit,
    class_names: dict[str, list[str]],
    section: DataConfig,
    task: str | Mapping[str, Any],
    problems: Problems,
    columns: list[str] | None = None,
) -> list[TargetEncoder]:
    """A rule for each target of the training rows `split`; every problem with the labels is reported.

    `columns` are those that `join_label_columns` made one target of.
    """
    encoders: list[TargetEncoder | None] = []
    task, options = parse_setting(task)
    for name, raw in split.y.items():
        location = section.location_or_key("target")
        if task in TASKS and TASKS[task].labels == "set":
            encoders.append(_set_encoder(name, raw, columns or [], task, section, problems))
            continue
        is_missing = missing_labels(raw)
        if is_missing.any():
            row_list = ", ".join(str(row) for row in split.rows[is_missing][:MAX_SHOWN])
            message = (
                f"The target '{name}' is missing in {is_missing.sum()} of {len(raw)} rows (row {row_list}"
                f"{', …' if is_missing.sum() > MAX_SHOWN else ''}). Expected a label in every row: "
                "fill them in, or leave these rows out with `data: {drop_unlabelled: true}`."
            )
            problems.error("nan-target", message, location)
            continue
        kind = _infer_kind(name, raw, section, task, problems)
        if kind and predicts_numbers(kind):
            if TASKS[kind].scaling == "mean" and (labels_to_floats(raw) < 0).any():
                message = f"The target '{name}' has negative numbers, and `task: {kind}` predicts counts. Expected 0 "
                problems.error("wrong-task", f"{message}and more, or `task: regression`.", location)
            encoders.append(TargetEncoder(name, kind, options=options))
        elif kind:
            encoders.append(_class_encoder(name, raw, class_names.get(name), kind, section, problems))
    return [encoder for encoder in encoders if encoder]


def _infer_kind(name: str, raw: np.ndarray, section: DataConfig, task: str, problems: Problems) -> str | None:
    """The task's name, or `classes`: which task they make shows once they are counted. None after a problem."""
    numeric = raw.dtype.kind in "iufb"
    if predicts_numbers(task):
        if not numeric:
            example = label_to_text(raw[0])
            message = f"The target '{name}' holds text such as '{example}', but `task: {task}` needs numbers."
            problems.error("text-target", message, section.location_or_key("target"))
            return None
        return task
    if task in TASKS:
        return task
    if not numeric and not section.classes and (stray_row := _first_non_number(raw)) is not None:
        message = (
            f"The target '{name}' holds numbers but for '{label_to_text(raw[stray_row])}' in row {stray_row}. Expected "
            "numbers alone; correct the row, or state `task: multiclass` if these are classes."
        )
        problems.error("text-target", message, section.location_or_key("target"))
        return None
    if not numeric or raw.dtype.kind == "b" or section.classes:
        return "classes"
    is_whole = raw.dtype.kind in "iu" or bool((raw == np.round(raw)).all())
    return "classes" if is_whole and len(np.unique(raw)) <= MAX_CLASSES else NUMBERS


def _first_non_number(raw: np.ndarray) -> int | None:
    """The first row that is no number in a column of many numbers, where a few such rows made it text."""
    texts, inverse = unique_texts(raw)
    if len(texts) <= MAX_CLASSES:
        return None
    words = np.flatnonzero(np.array([not _NUMBER.fullmatch(text) for text in texts])[inverse])
    return int(words[0]) if 0 < len(words) < len(raw) / 10 else None


def _class_encoder(
    name: str, raw: np.ndarray, names: list[str] | None, kind: str, section: DataConfig, problems: Problems
) -> TargetEncoder | None:
    texts, inverse = unique_texts(raw)
    all_labels = [str(label) for label in texts]
    labels = all_labels
    if not section.classes and len(spellings := _commonest_spellings(all_labels, np.bincount(inverse))) > 1:
        labels = spellings
    display_names = {label: _display_name(label, names) for label in labels}
    location = section.location_or_key("target")
    if len(labels) > max(MAX_CLASSES, len(raw) / 2):
        message = (
            f"The target '{name}' has {len(labels)} different labels in {len(raw)} rows, too many to be classes. "
            "Expected several rows of each class, or numbers."
        )
        problems.error("too-many-classes", message, location)
        return None
    if kind in TASKS and TASKS[kind].ordered and not section.classes and not all(map(_NUMBER.fullmatch, labels)):
        message = f"`task: {kind}` needs the order of the classes of '{name}', which are not numbers. Write "
        problems.error(
            "class-order", f"{message}`data: {{classes: [{', '.join(labels[:5])}]}}` from low to high.", location
        )
        return None
    if section.classes:
        selected = _select_classes([str(label) for label in section.classes], display_names, name, section, problems)
        if selected is None:
            return None
        labels = selected
        location = section.location_or_key("classes")
    if len(labels) < 2:
        class_hint = f" ('{display_names[labels[0]]}')" if labels else ""
        message = f"The target '{name}' has only one class{class_hint}. Expected two or more: one teaches nothing."
        problems.error("one-class-target", message, location)
        return None
    kind = task_of_classes(len(labels)) if kind == "classes" else kind
    if TASKS[kind].class_count not in (None, len(labels)):
        class_list = join_shortened([display_names[label] for label in labels])
        message = (
            f"`task: {kind}` needs a target with {TASKS[kind].class_count} classes; '{name}' has {len(labels)} "
            f"({class_list}). Choose {TASKS[kind].class_count} under `data.classes`, or leave `task` out."
        )
        problems.error("wrong-task", message, location)
        return None
    encoder = TargetEncoder(name, kind, labels, [display_names[label] for label in labels])
    merged = [text for text in all_labels if text not in labels and encoder.class_number(text) >= 0]
    if merged:
        changes = ", ".join(f"'{text}' counts as '{labels[encoder.class_number(text)]}'" for text in merged[:MAX_SHOWN])
        message = f"Classes of '{name}' differ by upper and lower case only: {changes}. To tell them apart, name all "
        problems.warn("merged-classes", f"{message}of them under `data.classes`.", location)
    return encoder


def _commonest_spellings(labels: list[str], counts: np.ndarray) -> list[str]:
    """The labels without those that differ from a commoner one, of two letters or more, by case only."""
    chosen: dict[str, int] = {}
    for number, label in enumerate(labels):
        key = label.casefold() if len(label) > 1 else label
        if key not in chosen or counts[number] > counts[chosen[key]]:
            chosen[key] = number
    return [labels[number] for number in sorted(chosen.values())]


def _set_encoder(
    name: str, raw: np.ndarray, columns: list[str], kind: str, section: DataConfig, problems: Problems
) -> TargetEncoder | None:
    """The rule of a set of labels; an empty list is a row that has none of them."""
    location, separator = section.location_or_key("target"), ""
    if raw.ndim == 2:
        labels = columns
    else:
        texts = np.unique(list_texts(raw)).tolist()
        separator = find_separator(texts)
        labels = sorted({item for text in texts for item in split_list(text, separator)})
        if raw.dtype.kind in "iufb" or not separator:
            example = label_to_text(raw[0])
            message = (
                f"`task: {kind}` needs a set of labels in each row, and '{name}' holds one value such as '{example}'. "
                "Expected lists such as `a;b`, or several columns of 0 and 1, `target: [a, b]`. For one label in each "
                "row leave `task` out."
            )
            problems.error("wrong-task", message, location)
            return None
        if len(labels) > max(MAX_CLASSES, len(raw) / 2):
            message = f"The target '{name}' has {len(labels)} different labels in {len(raw)} rows. Expected several "
            problems.error("too-many-classes", f"{message}rows of each; choose some under `data.classes`.", location)
            return None
    if section.classes:
        names = {label: label for label in labels}
        selected = _select_classes([str(label) for label in section.classes], names, name, section, problems)
        if selected is None:
            return None
        labels = selected
    if len(labels) < 2:
        message = f"The target '{name}' has only one label. Expected two or more, or `task: binary` for one."
        problems.error("one-class-target", message, location)
        return None
    return TargetEncoder(name, kind, labels, list(labels), columns=columns, separator=separator)


def _select_classes(
    requested: list[str], display_names: dict[str, str], name: str, section: DataConfig, problems: Problems
) -> list[str] | None:
    """The labels that `data.classes` asks for, by label or by class name."""
    by_name = {
        **{display: label for label, display in display_names.items()},
        **{label: label for label in display_names},
    }
    by_name |= {known.lower(): label for known, label in by_name.items() if known.lower() not in by_name}
    labels = []
    for word in requested:
        label = by_name.get(word, by_name.get(word.lower()))
        if label is None:
            message = f"'{word}' is not a class of '{name}'. It has: {join_shortened(list(display_names.values()))}."
            problems.error("unknown-class", message, section.location_or_key("classes"), suggest(word, by_name))
        elif label in labels:
            problems.error("unknown-class", f"'{word}' stands twice in `classes`.", section.location_or_key("classes"))
        else:
            labels.append(label)
    return labels if len(labels) == len(requested) else None


def _display_name(label: str, names: list[str] | None) -> str:
    return names[int(label)] if names and label.isdigit() and int(label) < len(names) else label


def label_columns(y: dict[str, np.ndarray], setting: str | Mapping[str, Any]) -> list[str]:
    """The targets that are columns of 0 and 1 of one `multilabel` target; empty where they are no such columns."""
    task, _ = parse_setting(setting)
    is_set = task in TASKS and TASKS[task].labels == "set" and len(y) > 1
    return list(y) if is_set and all(zeros_and_ones(raw) is not None for raw in y.values()) else []


def join_label_columns(split: RawSplit, columns: list[str]) -> RawSplit:
    """The rows with these targets as one, (rows, columns) of 0 and 1; without a change where they are not all there."""
    if not columns or any(name not in split.y for name in columns):
        return split
    columns_of_labels = {name: zeros_and_ones(split.y[name]) for name in columns}
    values = {name: column for name, column in columns_of_labels.items() if column is not None}
    strange = [name for name in columns if name not in values]
    if strange:
        message = f"The labels {join_shortened(strange)} hold more than 0 and 1. Expected 0 or 1 in every row."
        raise InputError(message, "unknown-label")
    return replace(split, y={JOINED_NAME: np.stack(list(values.values()), axis=1)})
