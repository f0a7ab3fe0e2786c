"""What is predicted: which labels are classes and which are numbers, and how labels become class numbers.

A target is a set of classes when its labels are text, booleans or categories, or whole numbers with at most
`MAX_CLASSES` different values; otherwise it is a number. `task:` decides otherwise. Two classes make a binary
target. Classes are numbered in sorted order, or in the order of `data.classes`. With `task: multilabel` a target is a
set of labels, written as a list (`a;b`), or as several columns of 0 and 1, which become one target.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.types import RawSplit, Target
from kerasdeep.errors import InputError, Problems, SourceLocation, suggest
from kerasdeep.tasks import NUMBERS, TASKS, Task, parse_setting, predicts_numbers, task_of_classes

MAX_CLASSES = 20
LIST_SEPARATORS = (";", "|", ",")
"""Between the labels of a list; the first is the one that predictions are written with."""
JOINED_NAME = "labels"
"""What a target is called that several columns of 0 and 1 make together."""
MIN_LIST_SHARE = 0.1
MAX_ITEM_WORDS = 3
_YES_OR_NO = {"0": 0, "1": 1, "no": 0, "yes": 1, "n": 0, "y": 1, "false": 0, "true": 1}
MAX_SHOWN = 5

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class TargetEncoder:
    """How one target is encoded.

    Classes: `labels` are the texts of the labels as they stand in the data, `classes` the names to show, both in
    class-number order. Sets of labels: a column for each of `labels`, which stand in `columns` of their own or, with
    `separator` between them, in one. Numbers: encoded = (number − center) / scale. `options` are the task's. Fitted on
    validation rows: `thresholds`, above which a probability (of the second class, of each label) says yes, and
    `shifts`, which are added to quantiles.
    """

    name: str
    kind: str
    labels: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    center: float = 0.0
    scale: float = 1.0
    columns: list[str] = field(default_factory=list)
    separator: str = ""
    options: dict[str, list[float]] = field(default_factory=dict)
    thresholds: list[float] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)

    @property
    def source_columns(self) -> list[str]:
        """The columns of the data that the labels are read from."""
        return self.columns or [self.name]

    @property
    def task(self) -> Task:
        return TASKS[self.kind]

    @property
    def is_set(self) -> bool:
        return self.task.labels == "set"

    @property
    def target(self) -> Target:
        return Target(self.name, self.kind, list(self.classes), self.options)

    def encode(self, raw: np.ndarray) -> np.ndarray:
        """Class numbers (int32, −1 for a label that is no class), scaled numbers (float32), or 0 and 1 for each label,
        (rows, labels), float32."""
        if self.is_set:
            return self._encode_sets(raw)
        if not self.task.has_classes:
            return ((labels_to_floats(raw) - self.center) / self.scale).astype(np.float32)
        texts, inverse = _unique_texts(raw)
        return np.array([self.class_number(text) for text in texts], np.int32)[inverse]

    def class_number(self, text: str) -> int:
        """The number of the class called so, or so but for upper and lower case where that names one class; else −1."""
        return self._number_of.get(text, self._number_of_folded.get(text.casefold(), -1))

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {label: number for number, label in enumerate(self.labels)}

    @cached_property
    def _number_of_folded(self) -> dict[str, int]:
        times = Counter(label.casefold() for label in self.labels)
        folded = {label.casefold(): number for number, label in enumerate(self.labels)}
        return {text: number for text, number in folded.items() if len(text) > 1 and times[text] == 1}

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        """What `encode` was given: numbers in their own unit, the names of classes, or `a;b`."""
        if self.is_set:
            names = np.asarray(self.classes, object)
            return np.array([LIST_SEPARATORS[0].join(names[row]) for row in np.asarray(encoded, bool)], object)
        if not self.task.has_classes:
            return np.asarray(encoded, np.float64) * self.scale + self.center
        return np.asarray(self.classes, object)[np.asarray(encoded, int)]

    def _encode_sets(self, raw: np.ndarray) -> np.ndarray:
        if raw.ndim == 2:
            return raw[:, [self.columns.index(label) for label in self.labels]].astype(np.float32)
        number_of = {label: number for number, label in enumerate(self.labels)}
        texts, inverse = np.unique(_list_texts(raw), return_inverse=True)
        encoded = np.zeros((len(texts), len(self.labels)), np.float32)
        for row, text in enumerate(texts.tolist()):
            encoded[row, [number_of[item] for item in split_list(text, self.separator) if item in number_of]] = 1
        return encoded[inverse]


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


def _class_encoder(
    name: str, raw: np.ndarray, names: list[str] | None, kind: str, section: DataConfig, problems: Problems
) -> TargetEncoder | None:
    texts, inverse = _unique_texts(raw)
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
        message = f"`task: {kind}` needs the order of the classes of '{name}', which are no numbers. Write "
        problems.error(
            "class-order", f"{message}`data: {{classes: [{', '.join(labels[:5])}]}}` from low to high.", location
        )
        return None
    if section.classes:
        labels = _select_classes([str(label) for label in section.classes], display_names, name, section, problems)
        if labels is None:
            return None
        location = section.location_or_key("classes")
    if len(labels) < 2:
        class_hint = f" ('{display_names[labels[0]]}')" if labels else ""
        message = f"The target '{name}' has only one class{class_hint}. Expected two or more: one teaches nothing."
        problems.error("one-class-target", message, location)
        return None
    kind = task_of_classes(len(labels)) if kind == "classes" else kind
    if TASKS[kind].class_count not in (None, len(labels)):
        class_list = _join_shortened([display_names[label] for label in labels])
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
            message = f"'{word}' is no class of '{name}'. It has: {_join_shortened(list(display_names.values()))}."
            problems.error("unknown-class", message, section.location_or_key("classes"), suggest(word, by_name))
        elif label in labels:
            problems.error("unknown-class", f"'{word}' stands twice in `classes`.", section.location_or_key("classes"))
        else:
            labels.append(label)
    return labels if len(labels) == len(requested) else None


def label_columns(y: dict[str, np.ndarray], setting: str | Mapping[str, Any]) -> list[str]:
    """The targets that are columns of 0 and 1 of one `multilabel` target; empty where they are no such columns."""
    task, _ = parse_setting(setting)
    is_set = task in TASKS and TASKS[task].labels == "set" and len(y) > 1
    return list(y) if is_set and all(zeros_and_ones(raw) is not None for raw in y.values()) else []


def join_label_columns(split: RawSplit, columns: list[str]) -> RawSplit:
    """The rows with these targets as one, (rows, columns) of 0 and 1; without a change where they are not all there."""
    if not columns or any(name not in split.y for name in columns):
        return split
    values = {name: zeros_and_ones(split.y[name]) for name in columns}
    strange = [name for name, column in values.items() if column is None]
    if strange:
        message = f"The labels {_join_shortened(strange)} hold more than 0 and 1. Expected 0 or 1 in every row."
        raise InputError(message, "unknown-label")
    return replace(split, y={JOINED_NAME: np.stack(list(values.values()), axis=1)})


def zeros_and_ones(raw: np.ndarray) -> np.ndarray | None:
    """A column of 0 and 1, of yes and no, or of true and false as 0 and 1; None for any other."""
    if raw.dtype.kind in "iufb":
        return raw.astype(np.int8) if np.isin(raw, (0, 1)).all() else None
    texts, inverse = np.unique(_list_texts(raw), return_inverse=True)
    numbers = [_YES_OR_NO.get(text.lower()) for text in texts.tolist()]
    return None if None in numbers else np.array(numbers, np.int8)[inverse]


def looks_like_lists(raw: np.ndarray) -> bool:
    """Whether labels are lists such as `a;b`: few different items, of few words, in more combinations than classes."""
    if raw.ndim != 1 or raw.dtype.kind in "iufb":
        return False
    texts = [text for text in _list_texts(raw).tolist() if text]
    separator = find_separator(texts)
    if not separator or np.mean([separator in text for text in texts]) < MIN_LIST_SHARE:
        return False
    items = {item for text in texts for item in split_list(text, separator)}
    short = all(len(item.split()) <= MAX_ITEM_WORDS for item in items)
    return short and 1 < len(items) <= max(MAX_CLASSES, len(texts) / 10) and len(items) < len(set(texts))


def find_separator(texts: Collection[str]) -> str:
    """The sign that most of the texts have, of equals the first; empty where none has any."""
    counts = {sign: sum(sign in text for text in texts) for sign in LIST_SEPARATORS}
    return max(counts, key=counts.__getitem__) if any(counts.values()) else ""


def split_list(text: str, separator: str) -> list[str]:
    """The items of a list, stripped."""
    items = text.split(separator) if separator else [text]
    return [item.strip() for item in items if item.strip()]


def _list_texts(raw: np.ndarray) -> np.ndarray:
    """Lists as text; a missing one is empty."""
    if raw.dtype.kind == "U":
        return raw
    return np.where(missing_labels(raw), "", [label_to_text(label) for label in raw]).astype(str)


def _set_encoder(
    name: str, raw: np.ndarray, columns: list[str], kind: str, section: DataConfig, problems: Problems
) -> TargetEncoder | None:
    """The rule of a set of labels; an empty list is a row that has none of them."""
    location, separator = section.location_or_key("target"), ""
    if raw.ndim == 2:
        labels = columns
    else:
        texts = np.unique(_list_texts(raw)).tolist()
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


def fit_target_scaling(encoders: list[TargetEncoder], y: dict[str, np.ndarray], scaling: str) -> list[TargetEncoder]:
    """The rules with mean and deviation of the training rows, where numbers are to be standardized."""
    fitted = []
    for encoder in encoders:
        if encoder.task.predicts_numbers and scaling != "none":
            numbers = labels_to_floats(y[encoder.name])
            center, scale = float(numbers.mean()), float(numbers.std())
            if encoder.task.scaling == "mean":
                center, scale = 0.0, center
            encoder = replace(encoder, center=center, scale=scale if scale > 0 else 1.0)
        fitted.append(encoder)
    return fitted


def check_labels(
    encoders: list[TargetEncoder], split: RawSplit, origin: str, location: SourceLocation | None, problems: Problems
) -> None:
    """Report rows brought from elsewhere that lack labels or carry labels that are no class."""
    for encoder in encoders:
        raw = split.y[encoder.name]
        if encoder.is_set:
            _warn_of_unseen_labels(encoder, raw, origin, location, problems)
            continue
        is_missing = missing_labels(raw)
        if is_missing.any():
            message = f"The target '{encoder.name}' is missing in {is_missing.sum()} of {len(raw)} rows of {origin}."
            problems.error("nan-target", message, location)
        elif encoder.task.has_classes:
            unknown_labels = [text for text in _unique_texts(raw)[0] if encoder.class_number(text) < 0]
            if unknown_labels:
                message = (
                    f"{origin} has labels in '{encoder.name}' that are no class of the training rows: "
                    f"{_join_shortened(unknown_labels)}. Expected: {_join_shortened(encoder.classes)}."
                )
                problems.error("unknown-label", message, location)
        elif raw.dtype.kind not in "iufb":
            message = f"{origin} holds text in '{encoder.name}' where numbers are expected."
            problems.error("text-target", message, location)


def _warn_of_unseen_labels(
    encoder: TargetEncoder, raw: np.ndarray, origin: str, location: SourceLocation | None, problems: Problems
) -> None:
    texts = [] if raw.ndim == 2 else np.unique(_list_texts(raw)).tolist()
    unseen = sorted({item for text in texts for item in split_list(text, encoder.separator)} - set(encoder.labels))
    if unseen:
        message = f"{origin} has labels in '{encoder.name}' that are none of the training rows', and do not count: "
        problems.warn("replaced-values", f"{message}{_join_shortened(unseen)}.", location)


def rarest_labels(sets: np.ndarray) -> np.ndarray:
    """For each row of 0 and 1, (rows, labels), the number of its rarest label, or the number of labels for none.

    Rows drawn by it hold out some of every label.
    """
    order = np.argsort(sets.sum(axis=0), kind="stable")
    rarest = order[sets[:, order].argmax(axis=1)]
    return np.where(sets.any(axis=1), rarest, sets.shape[1])


def compute_class_weight(
    section: DataConfig, encoders: list[TargetEncoder], counts: np.ndarray, problems: Problems
) -> dict[int, float] | None:
    """Weight by class number: scikit-learn's `balanced`, rows / (classes · rows of the class), or as given."""
    requested = section.class_weight
    if requested is None:
        return None
    location = section.location_or_key("class_weight")
    if len(encoders) != 1 or not encoders[0].task.has_classes:
        problems.error("class-weight", "`class_weight` needs one target, and that with classes.", location)
        return None
    (encoder,) = encoders
    if requested == "balanced":
        return {number: float(counts.sum() / (len(counts) * count)) for number, count in enumerate(counts) if count}
    number_of = {name: number for names in (encoder.labels, encoder.classes) for number, name in enumerate(names)}
    weights = dict.fromkeys(range(len(encoder.classes)), 1.0)
    for label, weight in requested.items():
        number = number_of.get(str(label))
        if number is None:
            classes = _join_shortened(encoder.classes)
            message = f"'{label}' under `class_weight` is not a class of '{encoder.name}'. Its classes are: {classes}."
            problems.error("unknown-class", message, location, suggest(str(label), number_of))
        else:
            weights[number] = float(weight)
    return weights


def missing_labels(raw: np.ndarray) -> np.ndarray:
    """Which labels are absent: NaN, infinite, None, or empty text."""
    if raw.dtype.kind == "f":
        return ~np.isfinite(raw)
    if raw.dtype.kind in "iub":
        return np.zeros(len(raw), bool)
    if raw.dtype.kind == "U":
        return np.char.str_len(np.char.strip(raw)) == 0
    return np.array([label is None or str(label).strip() in ("", "<NA>", "NaT") or label != label for label in raw])


def labels_to_floats(raw: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(raw, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected numbers in the target: {error}.", "text-target") from error


def strip_labels(split: RawSplit) -> RawSplit:
    """The rows with text labels stripped of blanks, once and for all; labels with gaps stay as they are."""
    y = {
        name: raw
        if raw.dtype.kind in "iufb" or missing_labels(raw).any()
        else np.array([label_to_text(label) for label in raw])
        for name, raw in split.y.items()
    }
    return replace(split, y=y)


def _first_non_number(raw: np.ndarray) -> int | None:
    """The first row that is no number in a column of many numbers, where a few such rows made it text."""
    texts, inverse = _unique_texts(raw)
    if len(texts) <= MAX_CLASSES:
        return None
    words = np.flatnonzero(np.array([not _NUMBER.fullmatch(text) for text in texts])[inverse])
    return int(words[0]) if 0 < len(words) < len(raw) / 10 else None


def label_to_text(label: Any) -> str:
    """A label as text, the same whether it came as 3, 3.0 or '3'."""
    if isinstance(label, bytes):
        label = label.decode("utf-8", "replace")
    if isinstance(label, float | np.floating) and math.isfinite(label) and label == int(label):
        return str(int(label))
    return str(label).strip()


def _unique_texts(raw: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The different labels as text, numbers in numeric and text in alphabetical order, and each row's position."""
    if raw.dtype.kind in "OS":
        raw = np.array([label_to_text(label) for label in raw])
    values, inverse = np.unique(raw, return_inverse=True)
    texts = [label_to_text(value) for value in values.tolist()]
    try:
        order = sorted(range(len(texts)), key=lambda position: float(texts[position]))
    except ValueError:
        return texts, inverse
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return [texts[position] for position in order], rank[inverse]


def _display_name(label: str, names: list[str] | None) -> str:
    return names[int(label)] if names and label.isdigit() and int(label) < len(names) else label


def _join_shortened(words: list[str]) -> str:
    return ", ".join(words[:12]) + (f", … ({len(words)} in all)" if len(words) > 12 else "")
