"""Figures to be seen at a glance: the result as a gauge, the confusion matrix as a heat map, errors, balance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kerasdeep.report import charts, numbers
from kerasdeep.report.numbers import is_number

MOST_CLASSES = 30  # a larger matrix cannot be read; the pairs most often confused say the same
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Cell:
    count: str
    share: str
    strength: float
    right: bool


@dataclass(frozen=True)
class Gauge:
    """A value, its interval and its baseline on one scale, in per cent of its length."""

    name: str
    value: float
    low: float
    high: float
    baseline: float | None
    ticks: list[charts.Tick]
    said: str
    said_baseline: str


def heat_map(target: dict[str, Any]) -> list[tuple[str, list[Cell]]]:
    """(actual class, cells) for each row; a cell is coloured by its share of the row. Empty for many classes."""
    matrix, names = target.get("confusion"), target.get("classes") or []
    if not matrix or len(matrix) > MOST_CLASSES:
        return []
    rows = []
    for actual, (name, counts) in enumerate(zip(names, matrix, strict=True)):
        total = sum(counts) or 1
        cells = []
        for predicted, count in enumerate(counts):
            share, right = count / total, predicted == actual
            # Errors are rare in a good model: the root makes a few per cent visible.
            strength = round(share if right else share**0.5, 3)
            cells.append(Cell(numbers.number(count), numbers.percent(share), strength, right))
        rows.append((name, cells))
    return rows


def balance(target: dict[str, Any]) -> list[dict[str, Any]]:
    """For each class its rows in every part, and the training count's length against the largest class's."""
    counts = target.get("counts") or {}
    parts = [part for part in ("train", "validation", "test") if counts.get(part)]
    largest = max(counts.get("train") or [0]) or 1
    return [
        {
            "class": name,
            "counts": [(part, counts[part][number]) for part in parts],
            "length": round(100 * counts["train"][number] / largest, 1) if "train" in parts else 0,
        }
        for number, name in enumerate(target.get("classes") or [])
    ]


def gauge(target: dict[str, Any]) -> Gauge | None:
    """Accuracy or R² on a scale from 0, or from the quarter below where R² or its interval is negative, to 1."""
    name = "r2_score" if target.get("kind") == "regression" else "accuracy"
    value = (target.get("metrics") or {}).get(name)
    if not is_number(value) or not -1 <= value <= 1:
        return None
    low, high = (target.get("intervals") or {}).get(name) or (value, value)
    low, high = (low, high) if is_number(low) and is_number(high) else (value, value)
    baseline = (target.get("baseline") or {}).get(name)
    start = max(-1.0, -0.25 * math.ceil(-min(low, value, 0.0) / 0.25)) + 0.0
    axis = charts.Axis(start, 1.0, False, [])
    short = numbers.whole_percent if name == "accuracy" else numbers.short
    ticks = [charts.Tick(axis.place(at), short(at)) for at in (start, 0.0, 0.25, 0.5, 0.75, 1.0)]
    places = [round(max(0.0, axis.place(bound)), 2) for bound in (value, low, high)]
    shown = round(axis.place(max(start, baseline)), 2) if is_number(baseline) else None
    return Gauge(
        name,
        *places,
        shown,
        list(dict.fromkeys(ticks)),
        numbers.metric(name, value),
        numbers.metric(name, baseline),
    )


def residuals(target: dict[str, Any]) -> tuple[charts.Scatter | None, charts.Bars | None, list[tuple[str, str]]]:
    """Predicted against actual, how the errors are spread, and the same in a table."""
    pairs = target.get("pairs") or {}
    both = zip(pairs.get("actual") or [], pairs.get("predicted") or [], strict=False)
    both = [(actual, predicted) for actual, predicted in both if is_number(actual) and is_number(predicted)]
    errors = [predicted - actual for actual, predicted in both]
    sizes = sorted(abs(error) for error in errors)
    table = [
        (numbers.whole_percent(share), numbers.number(sizes[int(share * (len(sizes) - 1))], 3))
        for share in (QUANTILES if sizes else ())
    ]
    return charts.scatter(both), charts.histogram(errors), table
