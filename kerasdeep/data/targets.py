"""What is predicted: which labels are classes and which are numbers, and how labels become class numbers.

A target is a set of classes when its labels are text, booleans or categories, or whole numbers with at most
`MOST_CLASSES` different values; otherwise it is a number. `task:` decides otherwise. Two classes make a binary
target. Classes are numbered in sorted order, or in the order of `data.classes`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kerasdeep.data.dataset import RawPart, Target, place
from kerasdeep.errors import InputError, Mark, Report, closest

MOST_CLASSES = 20
SHOWN = 5

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class TargetRule:
    """How one target is encoded.

    Classes: `labels` are the texts of the labels as they stand in the data, `classes` the names to show, both in
    class-number order. Numbers: encoded = (number − center) / scale.
    """

    name: str
    kind: str
    labels: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    center: float = 0.0
    scale: float = 1.0

    @property
    def target(self) -> Target:
        return Target(self.name, self.kind, list(self.classes))

    def encode(self, raw: np.ndarray) -> np.ndarray:
        """Class numbers (int32, −1 for a label that is no class) or scaled numbers (float32)."""
        if self.kind == "regression":
            return ((as_numbers(raw) - self.center) / self.scale).astype(np.float32)
        number_of = {label: number for number, label in enumerate(self.labels)}
        texts, inverse = _distinct(raw)
        codes = np.array([number_of.get(text, -1) for text in texts], np.int32)
        return codes[inverse]

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        """What `encode` was given: numbers in their own unit, or the names of classes."""
        if self.kind == "regression":
            return np.asarray(encoded, np.float64) * self.scale + self.center
        return np.asarray(self.classes, object)[np.asarray(encoded, int)]


def infer(
    part: RawPart, class_names: dict[str, list[str]], section: Any, task: str, report: Report
) -> list[TargetRule]:
    """A rule for each target of the training rows `part`; every problem with the labels is reported."""
    rules = []
    for name, raw in part.y.items():
        mark = place(section, "target")
        absent = missing(raw)
        if absent.any():
            where = ", ".join(str(row) for row in part.rows[absent][:SHOWN])
            message = (
                f"The target '{name}' is missing in {absent.sum()} of {len(raw)} rows (row {where}"
                f"{', …' if absent.sum() > SHOWN else ''}). Expected a label in every row: "
                "remove these rows, or fill them in."
            )
            report.error("nan-target", message, mark)
            continue
        kind = _kind(name, raw, section, task, report)
        if kind == "regression":
            rules.append(TargetRule(name, kind))
        elif kind:
            rules.append(_classes(name, raw, class_names.get(name), kind, section, report))
    return [rule for rule in rules if rule]


def _kind(name: str, raw: np.ndarray, section: Any, task: str, report: Report) -> str | None:
    """regression or classes (binary and multiclass are told apart once the classes are counted)."""
    numeric = raw.dtype.kind in "iufb"
    if task == "regression":
        if not numeric:
            example = text_of(raw[0])
            message = f"The target '{name}' holds text such as '{example}', but `task: regression` needs numbers."
            report.error("text-target", message, place(section, "target"))
            return None
        return "regression"
    if task in ("binary", "multiclass"):
        return task
    if not numeric and not section.classes and (stray := _stray_word(raw)) is not None:
        message = (
            f"The target '{name}' holds numbers but for '{text_of(raw[stray])}' in row {stray}. Expected numbers "
            "alone; mend the row, or state `task: multiclass` if these are classes."
        )
        report.error("text-target", message, place(section, "target"))
        return None
    if not numeric or raw.dtype.kind == "b" or section.classes:
        return "classes"
    whole = raw.dtype.kind in "iu" or bool((raw == np.round(raw)).all())
    return "classes" if whole and len(np.unique(raw)) <= MOST_CLASSES else "regression"


def _classes(
    name: str, raw: np.ndarray, names: list[str] | None, kind: str, section: Any, report: Report
) -> TargetRule | None:
    labels = [str(label) for label in _distinct(raw)[0]]
    shown = {label: _shown(label, names) for label in labels}
    mark = place(section, "target")
    if len(labels) > max(MOST_CLASSES, len(raw) / 2):
        message = (
            f"The target '{name}' has {len(labels)} different labels in {len(raw)} rows, too many to be classes. "
            "Expected several rows of each class, or numbers."
        )
        report.error("too-many-classes", message, mark)
        return None
    if section.classes:
        labels = _selected([str(label) for label in section.classes], shown, name, section, report)
        if labels is None:
            return None
        mark = place(section, "classes")
    if len(labels) < 2:
        only = f" ('{shown[labels[0]]}')" if labels else ""
        message = (
            f"The target '{name}' has only one class{only}. Expected two or more: nothing can be learned from one."
        )
        report.error("one-class-target", message, mark)
        return None
    if kind == "binary" and len(labels) != 2:
        listed = _listed([shown[label] for label in labels])
        message = (
            f"`task: binary` needs a target with two classes; '{name}' has {len(labels)} ({listed}). "
            "Choose two under `data.classes`, or leave `task` out."
        )
        report.error("wrong-task", message, mark)
        return None
    if kind == "classes":
        kind = "binary" if len(labels) == 2 else "multiclass"
    return TargetRule(name, kind, labels, [shown[label] for label in labels])


def _selected(
    wanted: list[str], shown: dict[str, str], name: str, section: Any, report: Report
) -> list[str] | None:
    """The labels that `data.classes` asks for, by label or by class name."""
    by_name = {**{display: label for label, display in shown.items()}, **{label: label for label in shown}}
    by_name |= {known.lower(): label for known, label in by_name.items() if known.lower() not in by_name}
    labels = []
    for word in wanted:
        label = by_name.get(word, by_name.get(word.lower()))
        if label is None:
            message = f"'{word}' is no class of '{name}'. It has: {_listed(list(shown.values()))}."
            report.error("unknown-class", message, place(section, "classes"), closest(word, by_name))
        elif label in labels:
            report.error("unknown-class", f"'{word}' stands twice in `classes`.", place(section, "classes"))
        else:
            labels.append(label)
    return labels if len(labels) == len(wanted) else None


def fit_scaling(rules: list[TargetRule], y: dict[str, np.ndarray], scaling: str) -> list[TargetRule]:
    """The rules with mean and deviation of the training rows, where numbers are to be standardized."""
    fitted = []
    for rule in rules:
        if rule.kind == "regression" and scaling != "none":
            numbers = as_numbers(y[rule.name])
            center, scale = float(numbers.mean()), float(numbers.std())
            rule = TargetRule(rule.name, rule.kind, center=center, scale=scale if scale > 0 else 1.0)
        fitted.append(rule)
    return fitted


def check_labels(rules: list[TargetRule], part: RawPart, what: str, mark: Mark | None, report: Report) -> None:
    """Report rows brought from elsewhere that lack labels or carry labels that are no class."""
    for rule in rules:
        raw = part.y[rule.name]
        absent = missing(raw)
        if absent.any():
            message = f"The target '{rule.name}' is missing in {absent.sum()} of {len(raw)} rows of {what}."
            report.error("nan-target", message, mark)
        elif rule.kind != "regression":
            strange = [text for text in _distinct(raw)[0] if text not in rule.labels]
            if strange:
                message = (
                    f"{what} has labels in '{rule.name}' that are no class of the training rows: "
                    f"{_listed(strange)}. Expected: {_listed(rule.classes)}."
                )
                report.error("unknown-label", message, mark)
        elif raw.dtype.kind not in "iufb":
            message = f"{what} holds text in '{rule.name}' where numbers are expected."
            report.error("text-target", message, mark)


def class_weight(
    section: Any, rules: list[TargetRule], counts: np.ndarray, report: Report
) -> dict[int, float] | None:
    """Weight by class number: scikit-learn's `balanced`, rows / (classes · rows of the class), or as given."""
    wanted = section.class_weight
    if wanted is None:
        return None
    mark = place(section, "class_weight")
    if len(rules) != 1 or rules[0].kind == "regression":
        report.error("class-weight", "`class_weight` needs one target, and that with classes.", mark)
        return None
    (rule,) = rules
    if wanted == "balanced":
        return {
            number: float(counts.sum() / (len(counts) * count)) for number, count in enumerate(counts) if count
        }
    number_of = {name: number for names in (rule.labels, rule.classes) for number, name in enumerate(names)}
    weights = dict.fromkeys(range(len(rule.classes)), 1.0)
    for label, weight in wanted.items():
        number = number_of.get(str(label))
        if number is None:
            message = (
                f"'{label}' under `class_weight` is no class of '{rule.name}'. It has: {_listed(rule.classes)}."
            )
            report.error("unknown-class", message, mark, closest(str(label), number_of))
        else:
            weights[number] = float(weight)
    return weights


def missing(raw: np.ndarray) -> np.ndarray:
    """Which labels are absent: NaN, infinite, None, or empty text."""
    if raw.dtype.kind == "f":
        return ~np.isfinite(raw)
    if raw.dtype.kind in "iub":
        return np.zeros(len(raw), bool)
    if raw.dtype.kind == "U":
        return np.char.str_len(np.char.strip(raw)) == 0
    return np.array(
        [label is None or label != label or str(label).strip() in ("", "<NA>", "NaT") for label in raw]
    )


def as_numbers(raw: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(raw, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected numbers in the target: {error}.", "text-target") from error


def plain_labels(part: RawPart) -> RawPart:
    """The rows with text labels stripped of blanks, once and for all; labels with gaps stay as they are."""
    y = {
        name: raw
        if raw.dtype.kind in "iufb" or missing(raw).any()
        else np.array([text_of(label) for label in raw])
        for name, raw in part.y.items()
    }
    return replace(part, y=y)


def _stray_word(raw: np.ndarray) -> int | None:
    """The first row that is no number in a column of many numbers, where a few such rows made it text."""
    texts, inverse = _distinct(raw)
    if len(texts) <= MOST_CLASSES:
        return None
    words = np.flatnonzero(np.array([not _NUMBER.fullmatch(text) for text in texts])[inverse])
    return int(words[0]) if 0 < len(words) < len(raw) / 10 else None


def text_of(label: Any) -> str:
    """A label as text, the same whether it came as 3, 3.0 or '3'."""
    if isinstance(label, bytes):
        label = label.decode("utf-8", "replace")
    if isinstance(label, float | np.floating) and math.isfinite(label) and label == int(label):
        return str(int(label))
    return str(label).strip()


def _distinct(raw: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The different labels as text, numbers in numeric and text in alphabetical order, and each row's position."""
    if raw.dtype.kind in "OS":
        raw = np.array([text_of(label) for label in raw])
    values, inverse = np.unique(raw, return_inverse=True)
    texts = [text_of(value) for value in values.tolist()]
    try:
        order = sorted(range(len(texts)), key=lambda position: float(texts[position]))
    except ValueError:
        return texts, inverse
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return [texts[position] for position in order], rank[inverse]


def _shown(label: str, names: list[str] | None) -> str:
    return names[int(label)] if names and label.isdigit() and int(label) < len(names) else label


def _listed(words: list[str]) -> str:
    return ", ".join(words[:12]) + (f", … ({len(words)} in all)" if len(words) > 12 else "")
