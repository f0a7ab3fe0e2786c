"""The words and geometry behind the page: numbers, verdicts, charts and the configuration's differences."""

import math
from dataclasses import replace

import pytest
from helpers.synthetic_runs import facts_of

from kerasdeep import formatting, metric_names
from kerasdeep.config import load
from kerasdeep.report import charts, config_summary, curves, insights, page, target_charts
from kerasdeep.report.caveats import find_caveats
from kerasdeep.report.run_facts import RunFacts
from kerasdeep.runs.facts import TargetMetrics


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0, "0"),
        (266610, "266,610"),
        (0.31234, "0.3123"),
        (-0.5, "−0.5000"),
        (12.3456, "12.35"),
        (1234.0, "1,234"),
        (3.2e-5, "3.2e−5"),
        (1.5e9, "1,500,000,000"),
        (True, "–"),
    ],
)
def test_numbers_are_spelled_one_way(value, spelled):
    assert formatting.number(value) == spelled


@pytest.mark.parametrize(
    ("value", "spelled"), [(0.05, "0.05"), (1e-3, "1e-3"), (2.5e-5, "2.5e-5"), (0, "0"), (None, "–"), (0.1, "0.1")]
)
def test_rates_are_spelled_as_people_write_them(value, spelled):
    assert formatting.learning_rate(value) == spelled


def test_shares_get_a_second_decimal_near_one():
    assert [formatting.percent(share) for share in (0.5, 0.98765, 0.9987, 1.0)] == [
        "50.0\u202f%",
        "98.8\u202f%",
        "99.87\u202f%",
        "100.0\u202f%",
    ]
    assert metric_names.format_value("val_accuracy", 0.5) == "50.0\u202f%"
    assert metric_names.format_value("val_mean_absolute_error", 0.5) == "0.5000"
    assert metric_names.format_value("test_r2_score", -0.00021) == "−0.0002"
    assert [formatting.compact_number(value) for value in (45.0, 0.25, 7460, None)] == ["45", "0.25", "7,460", "–"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(3.21, "3.2 s"), (59, "59 s"), (61.2, "1 min 01 s"), (7260, "2 h 01 min")]
)
def test_durations(seconds, said):
    assert formatting.duration(seconds) == said


def test_an_axis_has_round_numbers_inside_its_range():
    axis = charts.axis([0.16, 0.77], formatting.number)
    assert [tick.label for tick in axis.ticks] == ["0.2", "0.4", "0.6", "0.8"]
    assert all(0 <= tick.position <= 100 for tick in axis.ticks)
    assert not axis.log
    wide = charts.axis([0.001, 5.0], formatting.number)
    assert wide.log
    assert [tick.label for tick in wide.ticks] == ["0.001", "0.01", "0.1", "1"]
    assert wide.position(math.sqrt(wide.low * wide.high)) == pytest.approx(50)


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [-3.0, -3.0], [1e-12, 2e-12], [1e9, 1.0000001e9]])
def test_an_axis_stands_whatever_the_values(values):
    axis = charts.axis(values, formatting.number)
    assert axis.low < axis.high
    assert len(axis.ticks) <= 12


def test_a_gap_in_a_column_interrupts_its_line():
    chart = charts.line_chart(
        "k", "Title", ["1", "2", "3"], [charts.Series("a", "training", [1.0, None, 2.0])], formatting.number, shown=2
    )
    line = chart.lines[0]
    assert line.path.count("M") == 2
    assert line.y_positions[1] is None
    assert line.labels[1] == "–"
    assert charts.line_chart("k", "T", ["1"], [charts.Series("a", "training", [None])], formatting.number) is None


def test_long_runs_are_thinned_but_keep_what_is_marked():
    said = [str(n) for n in range(1, 10_001)]
    values = [1 / n for n in range(1, 10_001)]
    chart = charts.line_chart(
        "k",
        "T",
        said,
        [charts.Series("a", "t", values)],
        formatting.number,
        [charts.Marker(4321, "best", "best")],
        shown=4321,
    )
    assert len(chart.x_labels) < 1000
    assert chart.x_labels[chart.shown] == "4322"
    assert chart.x_labels[-1] == "10000"


def test_stages_are_marked_and_epochs_counted_through():
    rows = [{"stage": stage, "epoch": epoch, "loss": 1.0} for stage in ("head", "all") for epoch in (1, 2)]
    chart = curves.training_curves(facts_of(result={"best_epoch": 2}, history=rows))[0]
    assert chart.x_labels == ["1", "2", "3", "4"]
    assert [(flag.label, flag.kind) for flag in chart.flags] == [
        ("head", "stage"),
        ("all", "stage"),
        ("saved", "saved"),
    ]
    assert chart.shown == 3


def test_every_group_of_weights_has_its_rate():
    rows = [
        {"stage": "main", "epoch": n, "loss": 1.0, "learning_rate": 0.1, "learning_rate:base*": 0.01} for n in (1, 2)
    ]
    chart = next(chart for chart in curves.training_curves(facts_of(history=rows)) if chart.key == "rate")
    assert [line.name for line in chart.lines] == ["learning rate", "base*"]


def test_a_histogram_counts_every_value_once():
    bars = charts.histogram([-1.0, 0.0, 0.0, 0.1, 50.0] * 30)
    assert sum(int(count.split()[0]) for count in bars.counts) == 150
    assert max(bars.heights) == 100
    assert charts.histogram([0.0, 0.0]) is None


def classified(accuracy, guess, bounds, part="test", **facts):
    target = {"target": "y", "kind": "binary", "metrics": {"accuracy": accuracy}, "baseline": {"accuracy": guess}}
    target["intervals"] = {"accuracy": bounds}
    return facts_of(evaluation={"parts": {part: {"rows": 500, "targets": [target]}}}, **facts)


def test_the_verdict_follows_interval_and_baseline():
    assert insights.result_insights(classified(0.9, 0.5, [0.87, 0.92]))[0].level == "good"
    assert "80\u202f% fewer mistakes" in insights.result_insights(classified(0.9, 0.5, [0.87, 0.92]))[0].text
    assert insights.result_insights(classified(0.9, 0.89, [0.87, 0.92]))[0].level == "warning"
    assert insights.result_insights(classified(0.4, 0.5, [0.36, 0.44]))[0].level == "bad"
    assert insights.result_insights(classified(0.9, 0.5, None))[0].level == "good"


def test_validation_rows_are_no_test_rows():
    found = insights.result_insights(classified(0.9, 0.5, [0.87, 0.92], part="validation", resolved=RESTORED))
    assert "validation rows" in found[0].title
    assert found[1].title == "No test part."
    (on_training, warning) = insights.result_insights(classified(0.9, 0.5, [0.87, 0.92], part="train"))
    assert "training rows" in on_training.title
    assert warning.level == "warning"


def test_planned_epochs_come_from_the_stages_or_the_configuration():
    assert facts_of(resolved=RESTORED).planned_epochs == 40
    assert (
        facts_of(resolved=RESTORED, stages=[{"name": "a", "epochs": 3}, {"name": "b", "epochs": 4}]).planned_epochs == 7
    )
    assert RunFacts("r").planned_epochs is None


def numeric(explained, bounds):
    metrics = {"r2_score": explained, "mean_absolute_error": 1.0}
    target = {"target": "y", "kind": "regression", "metrics": metrics, "intervals": {"r2_score": bounds}}
    return facts_of(evaluation={"parts": {"test": {"rows": 500, "targets": [target]}}})


def test_a_regression_must_beat_the_mean_for_sure():
    levels = [
        insights.result_insights(numeric(*case))[0].level
        for case in ((0.8, [0.7, 0.9]), (0.1, [-0.1, 0.3]), (-1.0, None))
    ]
    assert levels == ["good", "warning", "bad"]
    assert insights.result_insights(numeric(None, None))[0].level == "note"


def course_rows(train, validation):
    """A history of these losses."""
    return [
        {"stage": "main", "epoch": n, "loss": t, "data_loss": t, "val_data_loss": v}
        for n, (t, v) in enumerate(zip(train, validation, strict=True), 1)
    ]


def course(train, validation, **facts):
    """The titles of the insights for a history of these losses."""
    rows = course_rows(train, validation)
    return [finding.title for finding in insights.training_insights(facts_of(**({"history": rows} | facts)))]


RESTORED = "training: {early_stopping: {restore_best_weights: true}, epochs: 40}\n"
FALLING = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1]


def test_overfitting_is_named_with_its_epoch():
    titles = course(FALLING, [1.0, 0.8, 0.6, 0.55, 0.5, 0.52, 0.55, 0.6, 0.65, 0.7])
    assert "It overfits after epoch 5." in titles


def test_overfitting_after_which_the_best_weights_came_back_is_only_a_note():
    validation = [1.0, 0.8, 0.6, 0.55, 0.5, 0.52, 0.55, 0.6, 0.65, 0.7]
    rows = [{"epoch": n, "loss": t, "val_loss": v} for n, (t, v) in enumerate(zip(FALLING, validation, strict=True), 1)]
    facts = facts_of(history=rows, result={"best_epoch": 5}, resolved=RESTORED)
    assert [f.level for f in insights.training_insights(facts) if "overfits" in f.title] == ["note"]
    kept = facts_of(history=rows, result={"best_epoch": 5}, resolved=RESTORED.replace("true", "false"))
    assert [f.level for f in insights.training_insights(kept) if "overfits" in f.title] == ["warning"]
    none = facts_of(history=rows, result={"best_epoch": 5}, resolved="training: {early_stopping: null}\n")
    assert [f.level for f in insights.training_insights(none) if "overfits" in f.title] == ["warning"]


def test_averaged_weights_and_the_early_stopping_of_a_last_stage_are_known():
    rows = [{"epoch": n, "loss": loss} for n, loss in enumerate(FALLING, 1)]
    resolved = "data: {source: digits}\nnetwork: [Output]\noptimizer: {SGD: {use_ema: true}}\n"
    assert "averaged weights" in insights.training_insights(facts_of(history=rows, resolved=resolved))[0].text
    stages = "stages: [{train: head, early_stopping: {patience: 5}}, {train: all, early_stopping: {patience: 3}}]\n"
    assert facts_of(resolved=resolved + stages).restores_best


def test_a_loss_that_still_falls_asks_for_more_epochs():
    assert "It was still improving at the end." in course(FALLING, [value + 0.1 for value in FALLING])


def test_a_loss_whose_best_epoch_has_passed_asks_for_no_more():
    past = [1 / epoch for epoch in range(1, 26)] + [0.041, 0.042, 0.041, 0.041, 0.041]
    assert "It was still improving at the end." not in course([1 / n for n in range(1, 31)], past)


def test_a_momentum_that_never_moves_gets_no_curve():
    rows = [{"epoch": n, "loss": 1 / n, "momentum": 0.9} for n in (1, 2, 3)]
    assert [chart.key for chart in curves.training_curves(facts_of(history=rows))] == ["loss"]
    assert curves.history_table(facts_of(history=rows))[0] == ["epoch", "loss", "momentum"]


def test_a_levelled_loss_is_good():
    assert "Validation loss levelled off." in course(FALLING, [1.0, 0.8, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])


def test_a_flat_loss_is_underfitting_unless_the_result_is_good():
    assert "The network hardly learned." in course([2.3] * 5, [2.3] * 5)
    rows = course_rows([2.3] * 5, [2.3] * 5)
    good = replace(classified(0.9, 0.5, [0.87, 0.92]), history=rows)
    assert "The network hardly learned." not in [insight.title for insight in insights.training_insights(good)]


def test_a_loss_that_is_no_number_comes_before_everything_else():
    rows = [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": math.inf}]
    titles = [finding.title for finding in insights.training_insights(facts_of(history=rows))]
    assert titles == ["The loss stopped being a number in epoch 2."]


def test_a_gap_between_training_and_validation_is_said():
    rows = [{"epoch": n, "loss": 1 / n, "accuracy": 0.99, "val_accuracy": 0.8, "val_loss": 0.5} for n in range(1, 6)]
    titles = [finding.title for finding in insights.training_insights(facts_of(history=rows))]
    assert "There is a gap between training and validation." in titles


def doubted(**facts):
    return {finding.title: finding for finding in find_caveats(facts_of(**facts))}


def test_leaks_imbalance_and_small_parts_are_doubts():
    counts = {"train": [900, 20]}
    found = doubted(
        data={
            "duplicates": {"train_validation": 5, "train_test": 0},
            "rows": {"validation": 100},
            "targets": [{"name": "y", "kind": "binary", "classes": ["no", "yes"], "counts": counts}],
            "warnings": ["12 rows have no date", "data.csv: warning [class-imbalance]: said by a rule"],
        },
        evaluation={"parts": {"test": {"rows": 40, "targets": []}}},
    )
    assert "5 validation rows (5.0\u202f%)" in found["Some rows appear in two parts."].text
    assert "yes has 20 training rows, no 900" in found["The classes are imbalanced."].text
    assert found["The evaluation rests on few rows."].level == "warning"
    assert found["A warning about the data."].text == "12 rows have no date"
    assert doubted(data={"rows": {}, "targets": [], "duplicates": None}) == {}


def test_a_class_that_is_much_harder_is_named():
    rows = [{"class": name, "recall": recall, "support": 50} for name, recall in (("a", 0.99), ("b", 0.98), ("c", 0.6))]
    target = {"target": "y", "kind": "multiclass", "metrics": {"accuracy": 0.86}, "per_class": rows}
    found = doubted(evaluation={"parts": {"test": {"rows": 150, "targets": [target]}}})
    assert "Of c only 60.0\u202f%" in found["One class is much harder than the others."].text


def test_a_heat_map_colours_shares_of_rows():
    rows = target_charts.confusion_matrix(
        TargetMetrics("y", "binary", {}, classes=["a", "b"], confusion=[[9, 1], [0, 0]])
    )
    name, (right, wrong) = rows[0]
    assert (name, right.strength, right.correct) == ("a", 0.9, True)
    assert wrong.share == "10.0\u202f%"
    assert rows[1][1][0].strength == 0, "a class without rows divides by nothing"
    assert (
        target_charts.confusion_matrix(
            TargetMetrics("y", "multiclass", {}, classes=["x"] * 31, confusion=[[0] * 31] * 31)
        )
        == []
    )


def test_a_gauge_reaches_below_zero_only_where_it_must():
    target = TargetMetrics("y", "regression", {"r2_score": 0.5}, {"r2_score": -0.01}, {"r2_score": (0.4, 0.6)})
    assert target_charts.gauge(target).value == 50
    below = target_charts.gauge(replace(target, intervals={"r2_score": (-0.2, 0.6)}))
    assert below.ticks[0].label == "−0.25"
    assert below.value == 60
    assert target_charts.gauge(TargetMetrics("y", "binary", {})) is None


def test_yaml_is_coloured_and_nothing_of_it_lost():
    text = "name: x  # why\nlayers:\n  - Dense: {units: 3}\n  - '<b>'\n"
    coloured = str(config_summary.highlight_yaml(text))
    assert '<span class="key">name:</span> x<span class="comment">  # why</span>' in coloured
    assert "&lt;b&gt;" in coloured
    assert load.parse_resolved("layers: [") is None


def test_what_mends_a_run_comes_first_among_the_commands():
    resolved = "version: 1\ndata: {source: digits}\nnetwork: [Flatten, Output]\ntraining: {epochs: 5}\n"
    rows = [{"stage": "main", "epoch": n, "loss": 3 - n / 2, "val_loss": 3 - n / 2} for n in range(1, 6)]
    parts = {status: facts_of(result={"status": status}, history=rows, resolved=resolved) for status in STATUSES}
    commands = {status: [command for _, command in page._commands(run)] for status, run in parts.items()}
    assert commands["completed"][0] == "kerasdeep train r --set training.epochs=20"
    assert commands["interrupted"][0] == "kerasdeep train r --resume"


STATUSES = ("completed", "interrupted")
