"""The calibration section: what is drawn, and what the sentence says."""

from kerasdeep.report.calibration import reliability_diagram
from kerasdeep.runs.facts import CalibrationBin, TargetMetrics


def a_bin(confidence, accuracy, rows=100):
    low = int(confidence * 15) / 15
    return CalibrationBin(low, low + 1 / 15, confidence, accuracy, rows)


def target(*bins, error):
    return TargetMetrics("y", "binary", {"expected_calibration_error": error}, calibration=list(bins))


def test_dots_stand_where_confidence_and_accuracy_say():
    found = reliability_diagram(target(a_bin(0.5, 0.25), a_bin(0.9, 1.0), a_bin(0.7, 0.0, rows=3), error=0.2))
    assert found.chart.left == [50, 90], "three rows say nothing, so they are in the table alone"
    assert found.chart.top == [75, 0]
    assert found.chart.labels[0].endswith(", 100 rows")
    assert [row[1] for row in found.rows] == ["100", "100", "3"]


def test_the_sentence_tells_which_way_it_is_wrong():
    said = {
        "can be trusted": reliability_diagram(target(a_bin(0.9, 0.89), error=0.01)),
        "It is overconfident.": reliability_diagram(target(a_bin(0.9, 0.6), error=0.3)),
        "It is underconfident.": reliability_diagram(target(a_bin(0.6, 0.9), error=0.3)),
        "overconfident in some ranges": reliability_diagram(target(a_bin(0.6, 0.8), a_bin(0.9, 0.7), error=0.2)),
    }
    for words, found in said.items():
        assert words in found.sentence


def test_nothing_is_drawn_without_facts():
    assert reliability_diagram(TargetMetrics("y", "regression", {})) is None
    assert reliability_diagram(target(a_bin(0.5, 0.5, rows=2), error=0.0)) is None
