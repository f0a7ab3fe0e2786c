"""Charts as geometry: where every line, tick and mark stands, in per cent of the plot.

A plot is an SVG that stretches with the page; its words are HTML, placed by the same per cents, so that they
stay readable on a phone. Positions run from 0 to 100, y downwards, as on the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kerasdeep.report import numbers
from kerasdeep.report.numbers import is_number

MOST_POINTS = 800
LOG_FROM = 20.0  # a range that spans more than this factor is easier to read in logarithms


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    low: float
    high: float
    log: bool
    ticks: list[Tick]

    def place(self, value: float) -> float:
        """The value's position in per cent from the low end."""
        return _place(value, self.low, self.high, self.log)


@dataclass(frozen=True)
class Line:
    """One curve; `tone` names its colour. Per point: `at`, the way down in per cent, and `said`, the value."""

    name: str
    tone: str
    path: str
    at: list[float | None]
    said: list[str]


@dataclass(frozen=True)
class Flag:
    """A vertical mark with a word, such as the best epoch or the start of a stage."""

    at: float
    label: str
    kind: str


@dataclass(frozen=True)
class Chart:
    key: str
    title: str
    y: Axis
    x_ticks: list[Tick]
    x_at: list[float]
    x_said: list[str]
    lines: list[Line]
    flags: list[Flag] = field(default_factory=list)
    shown: int = 0
    summary: str = ""


@dataclass(frozen=True)
class Scatter:
    """Predicted against actual values: one path of dots, both axes alike, the diagonal is a perfect answer."""

    path: str
    ticks: list[Tick]
    left: list[float]
    top: list[float]
    said: list[str]


@dataclass(frozen=True)
class Bars:
    """A histogram: the middle of each bar and its height in per cent of the highest, its range and its count."""

    left: list[float]
    heights: list[float]
    ranges: list[str]
    counts: list[str]
    ticks: list[Tick]


def line_chart(
    key: str,
    title: str,
    x_said: Sequence[str],
    columns: Sequence[tuple[str, str, Sequence[float | None]]],
    spell: Callable[[float | None], str],
    flags: Sequence[tuple[int, str, str]] = (),
    shown: int = 0,
) -> Chart | None:
    """Curves over epochs, None without values. `columns` are (name, tone, values), `flags` (point, word, kind)."""
    values = [value for _, _, column in columns for value in column if is_number(value)]
    if not values:
        return None
    kept = _thin(len(x_said), {shown, *(point for point, _, _ in flags)})
    last = max(len(x_said) - 1, 1)
    x_at = [50.0 if len(x_said) == 1 else round(100 * point / last, 2) for point in kept]
    y = axis(values, spell, allow_log=spell is not numbers.rate)  # schedules are drawn as they are written down
    lines = []
    for name, tone, column in columns:
        at = [round(100 - y.place(column[point]), 2) if is_number(column[point]) else None for point in kept]
        lines.append(Line(name, tone, _path(x_at, at), at, [spell(column[point]) for point in kept]))
    place = dict(zip(kept, x_at, strict=True))
    return Chart(
        key=key,
        title=title + (" (log scale)" if y.log else ""),
        y=y,
        x_ticks=_epochs(x_said),
        x_at=x_at,
        x_said=[x_said[point] for point in kept],
        lines=lines,
        flags=[Flag(place[point], word, kind) for point, word, kind in flags],
        shown=kept.index(shown),
        summary="; ".join(f"{line.name} from {line.said[0]} to {line.said[-1]}" for line in lines),
    )


def scatter(pairs: Sequence[tuple[float, float]]) -> Scatter | None:
    """(actual, predicted) pairs, from the least actual value to the largest."""
    if not pairs:
        return None
    both = axis([value for pair in pairs for value in pair], numbers.number, allow_log=False)
    pairs = sorted(pairs)
    left = [round(both.place(actual), 2) for actual, _ in pairs]
    top = [round(100 - both.place(predicted), 2) for _, predicted in pairs]
    return Scatter(
        path="".join(f"M{x:g} {y:g}h0" for x, y in zip(left, top, strict=True)),
        ticks=both.ticks,
        left=left,
        top=top,
        said=[f"actual {numbers.number(a)}, predicted {numbers.number(p)}" for a, p in pairs],
    )


def histogram(values: Sequence[float], bins: int = 25) -> Bars | None:
    """How often which value occurs, on a range symmetric about zero; the end bars take what lies further out."""
    if not any(values):
        return None
    sizes = sorted(abs(value) for value in values)
    widest = sizes[int(0.99 * (len(sizes) - 1))] or sizes[-1]
    counts = [0] * bins
    for value in values:
        counts[max(0, min(bins - 1, int((value + widest) / (2 * widest) * bins)))] += 1
    edges = [numbers.number(widest * (2 * edge / bins - 1), 2) for edge in range(bins + 1)]
    edges[0], edges[-1] = f"below {edges[1]}", f"above {edges[-2]}"
    middle = [f"{low} to {high}" for low, high in pairwise(edges[1:-1])]
    whole = axis([-widest, widest], numbers.number, room=0)
    return Bars(
        left=[round(100 * (bar + 0.5) / bins, 2) for bar in range(bins)],
        heights=[round(100 * n / max(counts), 2) for n in counts],
        ranges=[edges[0], *middle, edges[-1]],
        counts=[numbers.count(n, "row") for n in counts],
        ticks=whole.ticks,
    )


def axis(
    values: Sequence[float], spell: Callable[[float], str], allow_log: bool = True, room: float = 0.06
) -> Axis:
    """An axis with round numbers on it; logarithmic where positive values span more than LOG_FROM."""
    low, high = min(values), max(values)
    if allow_log and low > 0 and high / low > LOG_FROM:
        low, high = low / 1.1, high * 1.1
        brief = numbers.short if spell is numbers.number else spell
        ticks = [Tick(round(_place(mark, low, high, True), 2), brief(mark)) for mark in _log_marks(low, high)]
        return Axis(low, high, True, ticks)
    margin = room * (high - low) if high > low else abs(high) * 0.1 or 1.0
    low, high = (max(0.0, low - margin) if low >= 0 else low - margin), high + margin
    step = _round_step((high - low) / 5)
    marks = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    spelled = [spell(round(mark, places + 2)) for mark in marks]
    if spell is numbers.number:
        spelled = [f"{mark:,.{places}f}".replace("-", "−") if step >= 1e-4 else spell(mark) for mark in marks]
    elif spell is numbers.percent:
        spelled = [f"{100 * mark:.{max(0, places - 2)}f}\u202f%" for mark in marks]
    ticks = [Tick(round(_place(m, low, high, False), 2), text) for m, text in zip(marks, spelled, strict=True)]
    return Axis(low, high, False, ticks)


def _place(value: float, low: float, high: float, log: bool) -> float:
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return 100 * (value - low) / (high - low)


def _round_step(least: float) -> float:
    """The round number (1, 2 or 5 times a power of ten) that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def _log_marks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = max(1, math.ceil(len(decades) / 6))
    factors = (1, 2, 5) if len(decades) <= 3 else (1,)
    marks = [factor * 10.0**decade for decade in decades[::every] for factor in factors]
    return [mark for mark in marks if low <= mark <= high]


def _epochs(said: Sequence[str]) -> list[Tick]:
    """A handful of epochs along the bottom, the first and the last among them."""
    last = len(said) - 1
    if last <= 0:
        return [Tick(50.0, word) for word in said]
    step = max(1, int(_round_step(max(1.0, last / 5))))
    points = [0, *(point for point in range(step - 1, last + 1, step) if 0 < point <= last - 0.6 * step), last]
    return [Tick(round(100 * point / last, 2), said[point]) for point in points]


def _thin(length: int, needed: set[int]) -> list[int]:
    """At most about MOST_POINTS points, evenly, and those that are needed."""
    step = max(1, math.ceil(length / MOST_POINTS))
    return sorted({*range(0, length, step), length - 1, *(point for point in needed if 0 <= point < length)})


def _path(x: Sequence[float], y: Sequence[float | None]) -> str:
    """SVG path; a missing value interrupts the line, a lone point becomes a dot."""
    parts, open_line = [], False
    for number, (across, down) in enumerate(zip(x, y, strict=True)):
        if down is None:
            open_line = False
            continue
        parts.append(f"{'L' if open_line else 'M'}{across:g} {down:g}")
        if not open_line and (number + 1 == len(y) or y[number + 1] is None):
            parts.append("h0")
        open_line = True
    return "".join(parts)
