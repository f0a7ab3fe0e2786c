"""Whether the model's confidence can be taken at its word: the reliability diagram and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.report import charts, numbers
from kerasdeep.report.numbers import is_number

CALIBRATED = 0.03  # of expected calibration error: the difference is hardly worth a word
LEAST_ROWS = 10  # in a bin, for its share of right answers to be worth drawing


@dataclass(frozen=True)
class Reliability:
    """`chart` has a dot for each bin, confidence across and share of right answers up; `rows` are the table's."""

    chart: charts.Scatter
    sentence: str
    rows: list[tuple[str, str, str, str]]


def reliability(target: dict[str, Any]) -> Reliability | None:
    """The diagram of one target; None for numbers, and where there are too few rows to judge by."""
    bins = [one for one in target.get("calibration") or [] if _is_bin(one)]
    drawn = [one for one in bins if one["rows"] >= LEAST_ROWS]
    if not drawn:
        return None
    axis = charts.Axis(0.0, 1.0, False, [])
    left = [round(axis.place(one["confidence"]), 2) for one in drawn]
    top = [round(100 - axis.place(one["accuracy"]), 2) for one in drawn]
    said = [
        f"said {numbers.percent(one['confidence'])}, right {numbers.percent(one['accuracy'])} "
        f"of {numbers.count(one['rows'], 'row')}"
        for one in drawn
    ]
    ticks = [charts.Tick(axis.place(at), numbers.whole_percent(at)) for at in (0.0, 0.25, 0.5, 0.75, 1.0)]
    dots = "".join(f"M{x:g} {y:g}h0" for x, y in zip(left, top, strict=True))
    rows = [
        (
            f"{numbers.whole_percent(one['low'])} – {numbers.whole_percent(one['high'])}",
            numbers.number(one["rows"]),
            numbers.percent(one["confidence"]),
            numbers.percent(one["accuracy"]),
        )
        for one in bins
    ]
    return Reliability(charts.Scatter(dots, ticks, left, top, said), _sentence(target, bins), rows)


def _is_bin(one: Any) -> bool:
    names = ("low", "high", "confidence", "accuracy", "rows")
    return isinstance(one, dict) and all(is_number(one.get(name)) for name in names)


def _sentence(target: dict[str, Any], bins: list[dict[str, Any]]) -> str:
    total = sum(one["rows"] for one in bins)
    said, right = (sum(one[name] * one["rows"] for one in bins) / total for name in ("confidence", "accuracy"))
    error = (target.get("metrics") or {}).get("expected_calibration_error")
    error = error if is_number(error) else abs(said - right)
    figures = f"On average it is {numbers.percent(said)} sure and right in {numbers.percent(right)} of the rows"
    off = f"the expected calibration error is {numbers.percent(error)}"
    if error <= CALIBRATED:
        return f"{figures}; {off}. Its confidence can be taken at its word."
    if abs(said - right) < 0.5 * error:
        return f"{figures}; {off}: it is too sure in some ranges and not sure enough in others."
    way = "too sure of itself" if said > right else "less sure than it could be"
    return f"{figures}; {off}. It is {way}."
