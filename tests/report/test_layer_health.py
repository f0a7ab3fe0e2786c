"""What the report says of the layers: heat maps with every reading, and words by the limits of `diagnose`."""

import shutil

import pytest
from helpers import synthetic_runs

from kerasdeep.report import distributions, layer_health, run_facts
from kerasdeep.report.lr_range_test import range_test
from kerasdeep.runs import RunDir
from kerasdeep.runs.training_facts import HistogramFact


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return synthetic_runs.classification(tmp_path_factory.mktemp("whole")).path


@pytest.fixture
def run(whole, tmp_path):
    return RunDir(shutil.copytree(whole, tmp_path / whole.name))


def changed(run, change):
    """The facts after `change` was applied to every reading's layers."""
    fact = run.read_fact("health")
    for number, one in enumerate(fact["readings"]):
        change(number, one["layers"])
    run.write_fact("health", fact)
    return run_facts.read(run)


def test_a_healthy_network_is_told_so_and_every_layer_has_a_cell_for_each_reading(run):
    facts = run_facts.read(run)
    (finding,) = layer_health.layer_insights(facts.health, facts.path)
    assert finding.level == "good" and "22 readings" in finding.text
    maps = {one.title: one for one in layer_health.heat_maps(facts.health)}
    assert list(maps) == ["Gradients", "Updates", "Activations", "Dead units"]
    assert [layer for layer, _ in maps["Gradients"].rows] == ["dense_1", "dense_2", "output"]
    assert [layer for layer, _ in maps["Dead units"].rows] == ["dense_1", "dense_2"]
    assert all(len(cells) == len(one.epochs) == 22 for one in maps.values() for _, cells in one.rows)
    strengths = [cell.strength for cell in maps["Gradients"].rows[0][1]]
    assert strengths == sorted(strengths, reverse=True) and 0 <= strengths[-1] < strengths[0] <= 1


def test_what_is_beyond_a_limit_is_named_with_the_epochs(run):
    def dying(number, layers):
        if number >= 10:
            layers["dense_2"]["dead"] = 0.93

    facts = changed(run, dying)
    (finding,) = layer_health.layer_insights(facts.health, facts.path)
    assert finding.title == "Units died." and "93\u202f% of the units in dense_2" in finding.text
    assert "In 12 readings from epoch 11 to 22." in finding.text and finding.remedy.startswith("kerasdeep diagnose")
    sick = [
        cell.out_of_range
        for cell in {m.title: m for m in layer_health.heat_maps(facts.health)}["Dead units"].rows[1][1]
    ]
    assert sick == [False] * 10 + [True] * 12


@pytest.mark.parametrize(
    ("layer", "key", "value", "title"),
    [
        ("dense_1", "gradient", 1e-9, "Gradients vanish towards the input."),
        ("dense_1", "gradient", 1e6, "Gradients explode towards the input."),
        ("dense_2", "typical", 1e-4, "Activations collapse towards the output."),
        ("dense_2", "saturated", 0.6, "Layers saturate."),
    ],
)
def test_each_sign_has_its_words(run, layer, key, value, title):
    facts = changed(run, lambda number, layers: layers[layer].update({key: value}))
    (finding,) = layer_health.layer_insights(facts.health, facts.path)
    assert finding.title == title and "In every reading." in finding.text


def test_a_layer_that_is_frozen_is_no_vanishing_gradient(run):
    facts = changed(run, lambda number, layers: layers["dense_1"].update(gradient=0.0))
    assert layer_health.layer_insights(facts.health, facts.path)[0].level == "good"


def test_many_readings_are_thinned_and_the_last_is_kept(tmp_path):
    run = synthetic_runs.classification(tmp_path)
    synthetic_runs.watched(run, 500)
    (first, *_) = layer_health.heat_maps(run_facts.read(run).health)
    assert len(first.epochs) <= layer_health.MAX_READINGS and first.epochs[-1] == "500"


def test_a_histogram_is_drawn_whole_and_an_empty_one_is_not():
    found = distributions.histogram_shape(HistogramFact([-2, -1, 0, 1, 2], [0, 3, 1, 0]))
    assert found.path == "M0 100V100h25V4h25V68h25V100h25V100z" and found.label.startswith("100")
    for empty in (None, HistogramFact([], []), HistogramFact([0, 1], [0])):
        assert distributions.histogram_shape(empty) is None


def test_the_range_test_marks_its_suggestion_on_a_scale_of_decades(run):
    found = range_test(run_facts.read(run).lr_find)
    assert [tick.label for tick in found.chart.x_ticks] == ["1e-5", "1e-4", "1e-3", "0.01", "0.1", "1", "10"]
    (flag,) = found.chart.flags
    assert flag.label == "suggested" and flag.position == 50.0
    assert "suggests 0.01; the run used 0.05, which is higher" in found.sentence


@pytest.mark.parametrize("spoilt", [{"readings": [1, None, {}]}, {"readings": {}}, {"layers": 3}, {"readings": None}])
def test_half_a_fact_is_left_out_with_the_reason_and_the_others_are_shown(run, spoilt):
    run.write_fact("health", {**run.read_fact("health"), **spoilt})
    run.write_fact("lr_find", {"curve": {"rate": [0, 1, 2], "smoothed": None}, "suggestion": None})
    facts = run_facts.read(run)
    assert set(facts.left_out) == {"health", "lr_find"}
    assert f"health.json: `{next(iter(spoilt))}" in facts.left_out["health"]
    assert layer_health.layer_insights(facts.health, facts.path) == layer_health.heat_maps(facts.health) == []
    assert range_test(facts.lr_find) is None and distributions.kernel_rows(facts)
