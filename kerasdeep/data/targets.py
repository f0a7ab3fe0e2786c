"""How the labels of a target become class numbers, 0 and 1 for each label, or scaled numbers, and back again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.labels import (
    LIST_SEPARATORS,
    join_shortened,
    labels_to_floats,
    list_texts,
    missing_labels,
    split_list,
    unique_texts,
)
from kerasdeep.data.types import RawSplit, Target
from kerasdeep.errors import Problems, SourceLocation, suggest
from kerasdeep.tasks import TASKS, Task


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
        texts, inverse = unique_texts(raw)
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
        texts, inverse = np.unique(list_texts(raw), return_inverse=True)
        encoded = np.zeros((len(texts), len(self.labels)), np.float32)
        for row, text in enumerate(texts.tolist()):
            encoded[row, [number_of[item] for item in split_list(text, self.separator) if item in number_of]] = 1
        return encoded[inverse]


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
            unknown_labels = [text for text in unique_texts(raw)[0] if encoder.class_number(text) < 0]
            if unknown_labels:
                message = (
                    f"{origin} has labels in '{encoder.name}' that are not among the classes of the training rows: "
                    f"{join_shortened(unknown_labels)}. Expected: {join_shortened(encoder.classes)}."
                )
                problems.error("unknown-label", message, location)
        elif raw.dtype.kind not in "iufb":
            message = f"{origin} holds text in '{encoder.name}' where numbers are expected."
            problems.error("text-target", message, location)


def _warn_of_unseen_labels(
    encoder: TargetEncoder, raw: np.ndarray, origin: str, location: SourceLocation | None, problems: Problems
) -> None:
    texts = [] if raw.ndim == 2 else np.unique(list_texts(raw)).tolist()
    unseen = sorted({item for text in texts for item in split_list(text, encoder.separator)} - set(encoder.labels))
    if unseen:
        message = f"{origin} has labels in '{encoder.name}' that are none of the training rows', and do not count: "
        problems.warn("replaced-values", f"{message}{join_shortened(unseen)}.", location)


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
    if isinstance(requested, str):  # balanced
        return {number: float(counts.sum() / (len(counts) * count)) for number, count in enumerate(counts) if count}
    number_of = {name: number for names in (encoder.labels, encoder.classes) for number, name in enumerate(names)}
    weights = dict.fromkeys(range(len(encoder.classes)), 1.0)
    for label, weight in requested.items():
        number = number_of.get(str(label))
        if number is None:
            classes = join_shortened(encoder.classes)
            message = f"'{label}' under `class_weight` is not a class of '{encoder.name}'. Its classes are: {classes}."
            problems.error("unknown-class", message, location, suggest(str(label), number_of))
        else:
            weights[number] = float(weight)
    return weights
