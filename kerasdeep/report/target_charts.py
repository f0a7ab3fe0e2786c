"""One target at a glance: the result as a gauge, the confusion matrix as a heat map, errors, class balance."""

import math
from dataclasses import dataclass

from kerasdeep import metric_names
from kerasdeep.formatting import compact_number, is_number, number, percent, whole_percent
from kerasdeep.report import charts
from kerasdeep.runs.facts import TargetMetrics, TargetProfile
from kerasdeep.tasks import TASKS

MAX_CLASSES = 30  # a larger matrix cannot be read; the pairs most often confused say the same
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class ConfusionCell:
    """`strength` is the depth of its colour, 0 to 1."""

    count: str
    share: str
    strength: float
    correct: bool


@dataclass(frozen=True)
class Gauge:
    """A metric, its interval and its baseline on one scale, in per cent of its length."""

    title: str
    target: str
    value: float
    low: float
    high: float
    baseline: float | None
    ticks: list[charts.Tick]
    label: str
    baseline_label: str


@dataclass(frozen=True)
class ClassCount:
    """The rows of a class by part; `length` is its training rows in per cent of the largest class's."""

    name: str
    counts: list[tuple[str, int]]
    length: float


@dataclass(frozen=True)
class ResidualCharts:
    scatter: charts.ScatterPlot | None
    histogram: charts.Histogram | None
    quantiles: list[tuple[str, str]]


def confusion_matrix(target: TargetMetrics) -> list[tuple[str, list[ConfusionCell]]]:
    """(actual class, cells) for each row; a cell is coloured by its share of the row. Empty for many classes."""
    if not target.confusion or len(target.confusion) > MAX_CLASSES:
        return []
    rows = []
    for actual, (name, counts) in enumerate(zip(target.classes, target.confusion, strict=True)):
        total = sum(counts) or 1
        cells = []
        for predicted, count in enumerate(counts):
            share, correct = count / total, predicted == actual
            # Errors are rare in a good model: the root makes a few per cent visible.
            strength = round(share if correct else share**0.5, 3)
            cells.append(ConfusionCell(number(count), percent(share), strength, correct))
        rows.append((name, cells))
    return rows


def threshold_curve(target: TargetMetrics) -> charts.LineChart | None:
    """Precision, recall and F1 over the threshold, which is marked."""
    fact = target.threshold
    if fact is None or not fact.curve:
        return None
    tones = {"precision": "training", "recall": "validation", "f1": "rate"}
    series = [
        charts.Series(metric_names.label(name), tone, fact.curve[name])
        for name, tone in tones.items()
        if name in fact.curve
    ]
    points = min(len(curve.values) for curve in series)
    labels = [compact_number(round(point / max(points - 1, 1), 3)) for point in range(points)]
    shown = round(fact.value * (points - 1))
    marker = charts.Marker(shown, f"threshold {compact_number(fact.value)}", "saved")
    title = f"{fact.positive} at other thresholds"
    return charts.line_chart("threshold", title, labels, series, percent, [marker], shown)


def forecast_charts(target: TargetMetrics) -> list[charts.LineChart]:
    """A few windows of the part, from its first to its last: what was forecast, and what came."""
    drawn = []
    for place, window in enumerate(target.forecasts, 1):
        series = [
            charts.Series("actual", "training", window.actual),
            charts.Series("forecast", "validation", window.predicted),
        ]
        points = min(len(curve.values) for curve in series)
        labels = [str(step) for step in range(1, points + 1)]
        title = f"Window {place} of {len(target.forecasts)}"
        drawn.append(charts.line_chart(f"forecast-{place}", title, labels, series, compact_number))
    return [chart for chart in drawn if chart]


def class_balance(target: TargetProfile) -> list[ClassCount]:
    splits = [split for split in ("train", "validation", "test") if target.counts.get(split)]
    train = target.counts.get("train") or []
    largest = max(train, default=0) or 1
    return [
        ClassCount(
            name,
            [(split, target.counts[split][index]) for split in splits],
            round(100 * train[index] / largest, 1) if train else 0,
        )
        for index, name in enumerate(target.classes)
    ]


def gauge(target: TargetMetrics) -> Gauge | None:
    """The headline metric on a scale from 0, or from the quarter below where it or its interval is negative, to 1."""
    name = TASKS[target.kind].headline if target.kind in TASKS else "accuracy"
    value = target.metrics.get(name)
    if value is None or not -1 <= value <= 1:
        return None
    low, high = target.intervals.get(name) or (value, value)
    low, high = (value, value) if low is None or high is None else (low, high)
    baseline = target.baseline.get(name)
    axis_start = max(-1.0, -0.25 * math.ceil(-min(low, value, 0.0) / 0.25)) + 0.0
    axis = charts.Axis(axis_start, 1.0, False, [])
    tick_label = whole_percent if metric_names.is_fraction(name) else compact_number
    ticks = [charts.Tick(axis.position(tick), tick_label(tick)) for tick in (axis_start, 0.0, 0.25, 0.5, 0.75, 1.0)]
    low, high, point = (round(max(0.0, axis.position(bound)), 2) for bound in (low, high, value))
    return Gauge(
        metric_names.heading(name),
        target.target,
        point,
        low,
        high,
        round(axis.position(max(axis_start, baseline)), 2) if baseline is not None else None,
        list(dict.fromkeys(ticks)),
        metric_names.format_value(name, value),
        metric_names.format_value(name, baseline),
    )


def residual_charts(target: TargetMetrics) -> ResidualCharts:
    """Predicted against actual values, the distribution of the errors, and their quantiles."""
    pairs = zip(target.pairs.actual, target.pairs.predicted, strict=False) if target.pairs else ()
    value_pairs = [(actual, predicted) for actual, predicted in pairs if is_number(actual) and is_number(predicted)]
    errors = [predicted - actual for actual, predicted in value_pairs]
    sizes = sorted(map(abs, errors))
    quantiles = [
        (whole_percent(share), number(sizes[int(share * (len(sizes) - 1))], 3))
        for share in (QUANTILES if sizes else ())
    ]
    return ResidualCharts(charts.scatter(value_pairs), charts.histogram(errors), quantiles)
