"""Charts as geometry: the position of every line, tick and marker, in per cent of the plot.

A plot is an SVG that stretches with the page; its text is HTML at the same percentages, so that it stays readable
on a phone. Positions run from 0 to 100, y downwards, as on the page.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from kerasdeep.formatting import compact_number, is_number, learning_rate, number, percent, pluralize

MAX_POINTS = 800
MIN_LOG_RATIO = 20.0  # a range that spans more than this factor is easier to read on a logarithmic scale


@dataclass(frozen=True)
class Tick:
    position: float
    label: str


@dataclass(frozen=True)
class Axis:
    low: float
    high: float
    log: bool
    ticks: list[Tick]

    def position(self, value: float) -> float:
        """The value's position in per cent from the low end."""
        return _position(value, self.low, self.high, self.log)


class Series(NamedTuple):
    """The values of one curve; `tone` names its colour."""

    name: str
    tone: str
    values: Sequence[float | None]


class Marker(NamedTuple):
    """A point of the x axis to mark: `kind` is saved or stage."""

    point: int
    label: str
    kind: str


@dataclass(frozen=True)
class Line:
    """A curve as drawn, with the position and the text of each of its values."""

    name: str
    tone: str
    path: str
    y_positions: list[float | None]
    labels: list[str]


@dataclass(frozen=True)
class Flag:
    """A vertical line with a label, such as the best epoch or the start of a stage."""

    position: float
    label: str
    kind: str


@dataclass(frozen=True)
class LineChart:
    key: str
    title: str
    y: Axis
    x_ticks: list[Tick]
    x_positions: list[float]
    x_labels: list[str]
    lines: list[Line]
    flags: list[Flag] = field(default_factory=list)
    shown: int = 0
    summary: str = ""


@dataclass(frozen=True)
class ScatterPlot:
    """One path of dots on two equal axes, so that on the diagonal both values agree."""

    path: str
    ticks: list[Tick]
    left: list[float]
    top: list[float]
    labels: list[str]


@dataclass(frozen=True)
class Histogram:
    """For each bar its middle, its height in per cent of the highest, its range and its count."""

    left: list[float]
    heights: list[float]
    ranges: list[str]
    counts: list[str]
    ticks: list[Tick]


def line_chart(
    key: str,
    title: str,
    x_labels: Sequence[str],
    series: Sequence[Series],
    formatter: Callable[[object], str],
    markers: Sequence[Marker] = (),
    shown: int = 0,
) -> LineChart | None:
    """Curves over epochs; None without values. The values of point `shown` are written above the plot."""
    values = [value for curve in series for value in curve.values if is_number(value)]
    if not values:
        return None
    kept_points = _thinned_points(len(x_labels), {shown, *(marker.point for marker in markers)})
    last = max(len(x_labels) - 1, 1)
    x_positions = [50.0 if len(x_labels) == 1 else round(100 * point / last, 2) for point in kept_points]
    # A schedule of the learning rate is drawn on the scale on which people think of it.
    y = axis(values, formatter, allow_log=formatter is not learning_rate)
    lines = []
    for name, tone, column in series:
        kept_values = [column[point] for point in kept_points]
        y_positions = [round(100 - y.position(value), 2) if is_number(value) else None for value in kept_values]
        path = _svg_path(x_positions, y_positions)
        lines.append(Line(name, tone, path, y_positions, [formatter(value) for value in kept_values]))
    x_by_point = dict(zip(kept_points, x_positions, strict=True))
    return LineChart(
        key=key,
        title=title + (" (log scale)" if y.log else ""),
        y=y,
        x_ticks=_epoch_ticks(x_labels),
        x_positions=x_positions,
        x_labels=[x_labels[point] for point in kept_points],
        lines=lines,
        flags=[Flag(x_by_point[point], label, kind) for point, label, kind in markers],
        shown=kept_points.index(shown),
        summary="; ".join(f"{line.name} from {line.labels[0]} to {line.labels[-1]}" for line in lines),
    )


def scatter(pairs: Sequence[tuple[float, float]]) -> ScatterPlot | None:
    """(actual, predicted) pairs, from the smallest actual value to the largest."""
    if not pairs:
        return None
    pairs = sorted(pairs)
    labels = [f"actual {number(a)}, predicted {number(p)}" for a, p in pairs]
    return scatter_plot(pairs, axis([v for pair in pairs for v in pair], number, allow_log=False), labels)


def scatter_plot(points: Sequence[tuple[float, float]], scale: Axis, labels: list[str]) -> ScatterPlot:
    """A labelled dot for each (x, y), with `scale` on both axes."""
    left = [round(scale.position(x), 2) for x, _ in points]
    top = [round(100 - scale.position(y), 2) for _, y in points]
    path = "".join(f"M{x:g} {y:g}h0" for x, y in zip(left, top, strict=True))
    return ScatterPlot(path, scale.ticks, left, top, labels)


def histogram(values: Sequence[float], bins: int = 25) -> Histogram | None:
    """How often values occur, on a range symmetric about zero; the bars at its ends count what lies beyond."""
    if not any(values):
        return None
    sizes = sorted(abs(value) for value in values)
    limit = sizes[int(0.99 * (len(sizes) - 1))] or sizes[-1]
    counts = [0] * bins
    for value in values:
        counts[max(0, min(bins - 1, int((value + limit) / (2 * limit) * bins)))] += 1
    edges = [number(limit * (2 * edge / bins - 1), 2) for edge in range(bins + 1)]
    edges[0], edges[-1] = f"below {edges[1]}", f"above {edges[-2]}"
    inner_ranges = [f"{low} to {high}" for low, high in pairwise(edges[1:-1])]
    x_axis = axis([-limit, limit], number, padding=0)
    return Histogram(
        left=[round(100 * (bar + 0.5) / bins, 2) for bar in range(bins)],
        heights=[round(100 * n / max(counts), 2) for n in counts],
        ranges=[edges[0], *inner_ranges, edges[-1]],
        counts=[pluralize(n, "row") for n in counts],
        ticks=x_axis.ticks,
    )


def axis(
    values: Sequence[float], formatter: Callable[[object], str], allow_log: bool = True, padding: float = 0.06
) -> Axis:
    """An axis with round numbers on it; logarithmic where positive values span more than MIN_LOG_RATIO."""
    low, high = min(values), max(values)
    if allow_log and low > 0 and high / low > MIN_LOG_RATIO:
        low, high = low / 1.1, high * 1.1
        tick_formatter = compact_number if formatter is number else formatter
        ticks = [
            Tick(round(_position(value, low, high, True), 2), tick_formatter(value))
            for value in _log_tick_values(low, high)
        ]
        return Axis(low, high, True, ticks)
    margin = padding * (high - low) if high > low else abs(high) * 0.1 or 1.0
    low, high = (max(0.0, low - margin) if low >= 0 else low - margin), high + margin
    step = _round_step((high - low) / 5)
    locations = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    labels = [formatter(round(location, decimals + 2)) for location in locations]
    if formatter is number:
        labels = [
            f"{location:,.{decimals}f}".replace("-", "−") if step >= 1e-4 else formatter(location)
            for location in locations
        ]
    elif formatter is percent:
        labels = [f"{100 * location:.{max(0, decimals - 2)}f}\u202f%" for location in locations]
    ticks = [Tick(round(_position(m, low, high, False), 2), text) for m, text in zip(locations, labels, strict=True)]
    return Axis(low, high, False, ticks)


def _position(value: float, low: float, high: float, log: bool) -> float:
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return 100 * (value - low) / (high - low)


def _round_step(minimum: float) -> float:
    """The round number (1, 2 or 5 times a power of ten) that is at least `minimum`."""
    power = 10.0 ** math.floor(math.log10(minimum))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= minimum * 0.999)


def _log_tick_values(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    stride = max(1, math.ceil(len(decades) / 6))
    factors = (1, 2, 5) if len(decades) <= 3 else (1,)
    locations = [factor * 10.0**decade for decade in decades[::stride] for factor in factors]
    return [location for location in locations if low <= location <= high]


def _epoch_ticks(labels: Sequence[str]) -> list[Tick]:
    """A handful of epochs along the bottom, the first and the last among them."""
    last = len(labels) - 1
    if last <= 0:
        return [Tick(50.0, label) for label in labels]
    step = max(1, int(_round_step(max(1.0, last / 5))))
    points = [0, *(point for point in range(step - 1, last + 1, step) if 0 < point <= last - 0.6 * step), last]
    return [Tick(round(100 * point / last, 2), labels[point]) for point in points]


def _thinned_points(length: int, needed: set[int]) -> list[int]:
    """At most about MAX_POINTS points, evenly spaced, and those that are needed."""
    step = max(1, math.ceil(length / MAX_POINTS))
    return sorted({*range(0, length, step), length - 1, *(point for point in needed if 0 <= point < length)})


def _svg_path(x: Sequence[float], y: Sequence[float | None]) -> str:
    """SVG path; a missing value interrupts the line, a lone point becomes a dot."""
    segments, open_line = [], False
    for index, (across, down) in enumerate(zip(x, y, strict=True)):
        if down is None:
            open_line = False
            continue
        segments.append(f"{'L' if open_line else 'M'}{across:g} {down:g}")
        if not open_line and (index + 1 == len(y) or y[index + 1] is None):
            segments.append("h0")
        open_line = True
    return "".join(segments)
