"""Whether the model's confidence can be trusted: the reliability diagram and what it means."""

from collections.abc import Sequence
from dataclasses import dataclass

from kerasdeep.formatting import number, percent, pluralize, whole_percent
from kerasdeep.report import charts
from kerasdeep.runs.facts import CalibrationBin, TargetMetrics

NEGLIGIBLE_ECE = 0.03  # an expected calibration error that makes no practical difference
MIN_ROWS = 10  # in a bin, for its accuracy to be worth drawing
TICK_VALUES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ReliabilityDiagram:
    """`chart` has a dot for each bin, accuracy over confidence; `rows` are the table's."""

    chart: charts.ScatterPlot
    sentence: str
    rows: list[tuple[str, str, str, str]]


def reliability_diagram(target: TargetMetrics) -> ReliabilityDiagram | None:
    """The diagram of one target; None for numbers, and where no bin has enough rows."""
    bins = target.calibration
    drawn_bins = [bin_ for bin_ in bins if bin_.rows >= MIN_ROWS]
    if not drawn_bins:
        return None
    scale = charts.Axis(0.0, 1.0, False, [charts.Tick(100 * v, whole_percent(v)) for v in TICK_VALUES])
    labels = [
        f"confidence {percent(bin_.confidence)}, accuracy {percent(bin_.accuracy)}, {pluralize(bin_.rows, 'row')}"
        for bin_ in drawn_bins
    ]
    rows = [
        (
            f"{whole_percent(bin_.low)} – {whole_percent(bin_.high)}",
            number(bin_.rows),
            percent(bin_.confidence),
            percent(bin_.accuracy),
        )
        for bin_ in bins
    ]
    chart = charts.scatter_plot([(bin_.confidence, bin_.accuracy) for bin_ in drawn_bins], scale, labels)
    ece = target.metrics.get("expected_calibration_error")
    return ReliabilityDiagram(chart, _summary(bins, ece), rows)


def _summary(bins: Sequence[CalibrationBin], ece: float | None) -> str:
    n_rows = sum(bin_.rows for bin_ in bins)
    confidence = sum(bin_.confidence * bin_.rows for bin_ in bins) / n_rows
    accuracy = sum(bin_.accuracy * bin_.rows for bin_ in bins) / n_rows
    ece = abs(confidence - accuracy) if ece is None else ece
    text = (
        f"On average its confidence is {percent(confidence)} and its accuracy "
        f"{percent(accuracy)}; the expected calibration error is {percent(ece)}"
    )
    if ece <= NEGLIGIBLE_ECE:
        return f"{text}. Its confidence can be trusted."
    if abs(confidence - accuracy) < 0.5 * ece:
        return f"{text}: it is overconfident in some ranges and underconfident in others."
    return f"{text}. It is {'overconfident' if confidence > accuracy else 'underconfident'}."
