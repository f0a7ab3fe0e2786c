"""The curve of a learning-rate range test that was made on this run's configuration (`kerasdeep lr-find RUN`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from kerasdeep.report import charts, formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.report.run_facts import RunFacts

DIVERGED_RATIO = 1.5  # times the first loss: what lies above would only flatten the rest


@dataclass(frozen=True)
class RangeTest:
    chart: charts.LineChart
    sentence: str


def range_test(facts: RunFacts) -> RangeTest | None:
    """The smoothed loss over the rate, the suggestion marked; None where there was no test."""
    curve = facts.lr_find.get("curve")
    rates, losses = ((curve or {}).get(name) or [] for name in ("rate", "smoothed"))
    suggestion = facts.lr_find.get("suggestion")
    if len(rates) < 3 or len(rates) != len(losses) or not all(is_number(rate) and rate > 0 for rate in rates):
        return None
    first_loss = next((loss for loss in losses if is_number(loss)), math.inf)
    visible = [loss if is_number(loss) and loss <= DIVERGED_RATIO * first_loss else None for loss in losses]
    suggested_point = (
        min(range(len(rates)), key=lambda point: abs(math.log(rates[point] / suggestion))) if suggestion else 0
    )
    chart = charts.line_chart(
        "lr_find",
        "Loss while the rate rises",
        [formatting.learning_rate(float(f"{rate:.2g}")) for rate in rates],
        [("smoothed loss", "rate", visible)],
        formatting.number,
        [(suggested_point, "suggested", "saved")] if suggestion else [],
        suggested_point,
    )
    if chart is None:
        return None
    low, high = math.log10(rates[0]), math.log10(rates[-1])
    decades = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    ticks = [
        charts.Tick(round(100 * (exponent - low) / (high - low), 2), formatting.learning_rate(10.0**exponent))
        for exponent in decades
    ]
    return RangeTest(replace(chart, x_ticks=ticks), _range_test_summary(facts.lr_find))


def _range_test_summary(lr_find: dict[str, Any]) -> str:
    suggestion, current = lr_find.get("suggestion"), lr_find.get("current")
    text = f"A range test on this configuration suggests {formatting.learning_rate(suggestion)}"
    if is_number(current) and current > 0 and is_number(suggestion):
        factor = max(current, suggestion) / min(current, suggestion)
        relation = "much the same" if factor < 3 else ("lower" if current < suggestion else "higher")
        text += f"; the run used {formatting.learning_rate(current)}, which is {relation}"
    return f"{text}."
