"""Whether the model's confidence can be taken at its word: the reliability diagram and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.report import charts, formatting
from kerasdeep.report.formatting import is_number

NEGLIGIBLE_ECE = 0.03  # of expected calibration error: the difference is hardly worth a word
MIN_ROWS = 10  # in a bin, for its share of right answers to be worth drawing


@dataclass(frozen=True)
class ReliabilityDiagram:
    """`chart` has a dot for each bin, confidence across and share of right answers up; `rows` are the table's."""

    chart: charts.ScatterPlot
    sentence: str
    rows: list[tuple[str, str, str, str]]


def reliability_diagram(target: dict[str, Any]) -> ReliabilityDiagram | None:
    """The diagram of one target; None for numbers, and where there are too few rows to judge by."""
    bins = [bin_ for bin_ in target.get("calibration") or [] if _is_calibration_bin(bin_)]
    drawn_bins = [bin_ for bin_ in bins if bin_["rows"] >= MIN_ROWS]
    if not drawn_bins:
        return None
    axis = charts.Axis(0.0, 1.0, False, [])
    left = [round(axis.position(bin_["confidence"]), 2) for bin_ in drawn_bins]
    top = [round(100 - axis.position(bin_["accuracy"]), 2) for bin_ in drawn_bins]
    labels = [
        f"said {formatting.percent(bin_['confidence'])}, right {formatting.percent(bin_['accuracy'])} "
        f"of {formatting.pluralize(bin_['rows'], 'row')}"
        for bin_ in drawn_bins
    ]
    ticks = [
        charts.Tick(axis.position(value), formatting.whole_percent(value)) for value in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    dots = "".join(f"M{x:g} {y:g}h0" for x, y in zip(left, top, strict=True))
    rows = [
        (
            f"{formatting.whole_percent(bin_['low'])} – {formatting.whole_percent(bin_['high'])}",
            formatting.number(bin_["rows"]),
            formatting.percent(bin_["confidence"]),
            formatting.percent(bin_["accuracy"]),
        )
        for bin_ in bins
    ]
    return ReliabilityDiagram(
        charts.ScatterPlot(dots, ticks, left, top, labels), _calibration_summary(target, bins), rows
    )


def _is_calibration_bin(value: Any) -> bool:
    names = ("low", "high", "confidence", "accuracy", "rows")
    return isinstance(value, dict) and all(is_number(value.get(name)) for name in names)


def _calibration_summary(target: dict[str, Any], bins: list[dict[str, Any]]) -> str:
    n_rows = sum(bin_["rows"] for bin_ in bins)
    confidence, accuracy = (
        sum(bin_[name] * bin_["rows"] for bin_ in bins) / n_rows for name in ("confidence", "accuracy")
    )
    ece = (target.get("metrics") or {}).get("expected_calibration_error")
    ece = ece if is_number(ece) else abs(confidence - accuracy)
    averages = f"On average it is {formatting.percent(confidence)} sure and right in {formatting.percent(accuracy)} of the rows"
    ece_text = f"the expected calibration error is {formatting.percent(ece)}"
    if ece <= NEGLIGIBLE_ECE:
        return f"{averages}; {ece_text}. Its confidence can be taken at its word."
    if abs(confidence - accuracy) < 0.5 * ece:
        return f"{averages}; {ece_text}: it is too sure in some ranges and not sure enough in others."
    direction = "too sure of itself" if confidence > accuracy else "less sure than it could be"
    return f"{averages}; {ece_text}. It is {direction}."
