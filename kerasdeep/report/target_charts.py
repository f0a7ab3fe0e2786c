"""Figures to be seen at a glance: the result as a gauge, the confusion matrix as a heat map, errors, balance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kerasdeep.report import charts, formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.tasks import TASKS

MAX_CLASSES = 30  # a larger matrix cannot be read; the pairs most often confused say the same
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class ConfusionCell:
    count: str
    share: str
    strength: float
    correct: bool


@dataclass(frozen=True)
class Gauge:
    """A value, its interval and its baseline on one scale, in per cent of its length."""

    name: str
    value: float
    low: float
    high: float
    baseline: float | None
    ticks: list[charts.Tick]
    label: str
    baseline_label: str


def confusion_matrix(target: dict[str, Any]) -> list[tuple[str, list[ConfusionCell]]]:
    """(actual class, cells) for each row; a cell is coloured by its share of the row. Empty for many classes."""
    matrix, names = target.get("confusion"), target.get("classes") or []
    if not matrix or len(matrix) > MAX_CLASSES:
        return []
    rows = []
    for actual, (name, counts) in enumerate(zip(names, matrix, strict=True)):
        total = sum(counts) or 1
        cells = []
        for predicted, count in enumerate(counts):
            share, correct = count / total, predicted == actual
            # Errors are rare in a good model: the root makes a few per cent visible.
            strength = round(share if correct else share**0.5, 3)
            cells.append(ConfusionCell(formatting.number(count), formatting.percent(share), strength, correct))
        rows.append((name, cells))
    return rows


def class_balance(target: dict[str, Any]) -> list[dict[str, Any]]:
    """For each class its rows in every part, and the training count's length against the largest class's."""
    counts = target.get("counts") or {}
    splits = [split for split in ("train", "validation", "test") if counts.get(split)]
    largest = max(counts.get("train") or [0]) or 1
    return [
        {
            "class": name,
            "counts": [(split, counts[split][index]) for split in splits],
            "length": round(100 * counts["train"][index] / largest, 1) if "train" in splits else 0,
        }
        for index, name in enumerate(target.get("classes") or [])
    ]


def gauge(target: dict[str, Any]) -> Gauge | None:
    """Accuracy or R² on a scale from 0, or from the quarter below where R² or its interval is negative, to 1."""
    name = TASKS[target["kind"]].headline if target.get("kind") in TASKS else "accuracy"
    value = (target.get("metrics") or {}).get(name)
    if not is_number(value) or not -1 <= value <= 1:
        return None
    low, high = (target.get("intervals") or {}).get(name) or (value, value)
    low, high = (low, high) if is_number(low) and is_number(high) else (value, value)
    baseline = (target.get("baseline") or {}).get(name)
    axis_start = max(-1.0, -0.25 * math.ceil(-min(low, value, 0.0) / 0.25)) + 0.0
    axis = charts.Axis(axis_start, 1.0, False, [])
    tick_label = formatting.whole_percent if name == "accuracy" else formatting.compact_number
    ticks = [
        charts.Tick(axis.position(tick_value), tick_label(tick_value))
        for tick_value in (axis_start, 0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    positions = [round(max(0.0, axis.position(bound)), 2) for bound in (value, low, high)]
    baseline_position = round(axis.position(max(axis_start, baseline)), 2) if is_number(baseline) else None
    return Gauge(
        name,
        *positions,
        baseline_position,
        list(dict.fromkeys(ticks)),
        formatting.metric_value(name, value),
        formatting.metric_value(name, baseline),
    )


def residual_charts(
    target: dict[str, Any],
) -> tuple[charts.ScatterPlot | None, charts.Histogram | None, list[tuple[str, str]]]:
    """Predicted against actual, how the errors are spread, and the same in a table."""
    pairs = target.get("pairs") or {}
    value_pairs = zip(pairs.get("actual") or [], pairs.get("predicted") or [], strict=False)
    value_pairs = [
        (actual, predicted) for actual, predicted in value_pairs if is_number(actual) and is_number(predicted)
    ]
    errors = [predicted - actual for actual, predicted in value_pairs]
    sizes = sorted(abs(error) for error in errors)
    table = [
        (formatting.whole_percent(share), formatting.number(sizes[int(share * (len(sizes) - 1))], 3))
        for share in (QUANTILES if sizes else ())
    ]
    return charts.scatter(value_pairs), charts.histogram(errors), table
