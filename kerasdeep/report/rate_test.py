"""The curve of a learning-rate range test that was made on this run's configuration (`kerasdeep lr-find RUN`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from kerasdeep.report import charts, numbers
from kerasdeep.report.numbers import is_number
from kerasdeep.report.reading import Facts

BLOWN_UP = 1.5  # times the first loss: what lies above would only flatten the rest


@dataclass(frozen=True)
class RateTest:
    chart: charts.Chart
    sentence: str


def rate_test(facts: Facts) -> RateTest | None:
    """The smoothed loss over the rate, the suggestion marked; None where there was no test."""
    curve = facts.lr_find.get("curve")
    rates, losses = ((curve or {}).get(name) or [] for name in ("rate", "smoothed"))
    suggestion = facts.lr_find.get("suggestion")
    if len(rates) < 3 or len(rates) != len(losses) or not all(is_number(rate) and rate > 0 for rate in rates):
        return None
    first = next((loss for loss in losses if is_number(loss)), math.inf)
    shown = [loss if is_number(loss) and loss <= BLOWN_UP * first else None for loss in losses]
    at = min(range(len(rates)), key=lambda point: abs(math.log(rates[point] / suggestion))) if suggestion else 0
    chart = charts.line_chart(
        "lr_find",
        "Loss while the rate rises",
        [numbers.rate(float(f"{rate:.2g}")) for rate in rates],
        [("smoothed loss", "rate", shown)],
        numbers.number,
        [(at, "suggested", "saved")] if suggestion else [],
        at,
    )
    if chart is None:
        return None
    low, high = math.log10(rates[0]), math.log10(rates[-1])
    decades = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    ticks = [
        charts.Tick(round(100 * (mark - low) / (high - low), 2), numbers.rate(10.0**mark)) for mark in decades
    ]
    return RateTest(replace(chart, x_ticks=ticks), _sentence(facts.lr_find))


def _sentence(found: dict[str, Any]) -> str:
    suggestion, current = found.get("suggestion"), found.get("current")
    said = f"A range test on this configuration suggests {numbers.rate(suggestion)}"
    if is_number(current) and current > 0 and is_number(suggestion):
        factor = max(current, suggestion) / min(current, suggestion)
        near = "much the same" if factor < 3 else ("lower" if current < suggestion else "higher")
        said += f"; the run used {numbers.rate(current)}, which is {near}"
    return f"{said}."
