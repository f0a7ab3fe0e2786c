"""The curve of a learning-rate range test of this run's configuration (`kerasdeep lr-find RUN`)."""

import math
from dataclasses import dataclass, replace

from kerasdeep.formatting import learning_rate, number
from kerasdeep.report import charts
from kerasdeep.runs.training_facts import LrFindFact

DIVERGED_RATIO = 1.5  # times the first loss: what lies above would only flatten the rest


@dataclass(frozen=True)
class RangeTest:
    chart: charts.LineChart
    sentence: str


def range_test(test: LrFindFact) -> RangeTest | None:
    """The smoothed loss over the rate with the suggestion marked; None for too few steps."""
    rates, losses, suggestion = test.curve.rate, test.curve.smoothed, test.suggestion
    if len(rates) < 3:
        return None
    first_loss = next((loss for loss in losses if loss is not None), math.inf)
    visible = [loss if loss is not None and loss <= DIVERGED_RATIO * first_loss else None for loss in losses]
    suggested_point = 0
    if suggestion:
        suggested_point = min(range(len(rates)), key=lambda point: abs(math.log(rates[point] / suggestion)))
    chart = charts.line_chart(
        "lr_find",
        "Loss while the rate rises",
        [learning_rate(float(f"{rate:.2g}")) for rate in rates],
        [charts.Series("smoothed loss", "rate", visible)],
        number,
        [charts.Marker(suggested_point, "suggested", "saved")] if suggestion else [],
        suggested_point,
    )
    if chart is None:
        return None
    low, high = math.log10(rates[0]), math.log10(rates[-1])
    ticks = [
        charts.Tick(round(100 * (exponent - low) / (high - low), 2), learning_rate(10.0**exponent))
        for exponent in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    ]
    return RangeTest(replace(chart, x_ticks=ticks), _summary(suggestion, test.current))


def _summary(suggestion: float | None, current: float | None) -> str:
    text = f"A range test on this configuration suggests {learning_rate(suggestion)}"
    if current and suggestion:
        factor = max(current, suggestion) / min(current, suggestion)
        relation = "much the same" if factor < 3 else ("lower" if current < suggestion else "higher")
        text += f"; the run used {learning_rate(current)}, which is {relation}"
    return f"{text}."
