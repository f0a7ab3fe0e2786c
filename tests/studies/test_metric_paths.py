"""The figures that claims name, read from runs that are made up; and the statistics over seeds."""

import math

import pytest
from scipy import stats

from kerasdeep.runs import create_run_dir
from kerasdeep.studies import claim_results, metric_paths, metric_values, seed_statistics

ROWS = [
    {"stage": "frozen", "epoch": 1, "loss": 2.0, "val_loss": 1.5, "val_accuracy": 0.5, "seconds": 9.0},
    {"stage": "frozen", "epoch": 2, "loss": 1.0, "val_loss": 1.1, "val_accuracy": 0.8, "seconds": 1.0},
    {"stage": "all", "epoch": 3, "loss": 0.5, "val_loss": 1.3, "val_accuracy": 0.7, "seconds": 8.0},
    {"stage": "all", "epoch": 4, "loss": 0.4, "val_loss": 1.4, "val_accuracy": 0.6, "seconds": 3.0},
]
LAYERS = [
    {"name": "dense_1", "norm": 3.0, "largest_unit_norm": 1.5, "small": 0.5, "zero": 0.2, "size": 100, "hidden": True},
    {"name": "output", "norm": 4.0, "largest_unit_norm": 9.0, "small": 0.1, "zero": 0.0, "size": 300, "hidden": False},
]


@pytest.fixture
def run(tmp_path):
    made = create_run_dir(tmp_path, "made")
    made.history.replace(ROWS)
    made.write_result(
        {"status": "completed", "metrics": {"test_accuracy": 0.75}, "epochs": 4, "best_epoch": 2, "seconds": 21.0}
    )
    made.write_fact("weights", {"layers": LAYERS})
    return made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("test_accuracy", 0.75),
        ("best_epoch", 2),
        ("failed", 0),
        ("seconds_an_epoch", 2.0),  # the median of 1 and 3: what compiled is left out
        ("first.loss", 2.0),
        ("last.val_accuracy", 0.6),
        ("best.val_accuracy", 0.8),
        ("best.val_loss", 1.1),
        ("lowest.val_accuracy", 0.5),
        ("highest.val_loss", 1.5),
        ("epoch_3.val_loss", 1.3),
        ("until_1.val_accuracy", 0.5),
        ("until_3.val_loss", 1.1),
        ("until_9.val_accuracy", 0.8),
        ("median.val_loss", 1.35),
        ("stage.frozen.last.loss", 1.0),
        ("stage.all.best.val_loss", 1.3),
        ("weights.norm", 5.0),
        ("weights.small", 0.2),
        ("weights.zero", 0.05),
        ("weights.largest_unit_norm", 1.5),
    ],
)
def test_a_figure_is_read(run, name, value):
    assert metric_paths.metric_path_error(name) is None
    assert metric_values.read_metric(run, name) == pytest.approx(value)


@pytest.mark.parametrize(
    "name",
    [
        "val_accuracy",
        "last.precision",
        "epoch_9.loss",
        "epoch_0.loss",
        "until_0.loss",
        "stage.none.last.loss",
        "weights.age",
    ],
)
def test_what_a_run_does_not_have_is_no_number(run, name):
    assert metric_paths.metric_path_error(name) is None
    assert math.isnan(metric_values.read_metric(run, name))


@pytest.mark.parametrize("name", ["", "mean.loss", "stage.frozen.loss", "mc_0.test_accuracy", "mc_ten.x"])
def test_a_family_that_is_none_is_refused(name):
    assert metric_paths.metric_path_error(name)


def test_moments_are_those_of_a_sample():
    assert seed_statistics.mean_and_std([1.0, 2.0, 6.0, math.nan]) == {
        "mean": 3.0,
        "std": pytest.approx(math.sqrt(7)),
        "n": 3,
    }
    assert seed_statistics.mean_and_std([4.0]) == {"mean": 4.0, "std": 0.0, "n": 1}
    assert seed_statistics.mean_and_std([math.nan])["n"] == 0


def test_the_interval_of_paired_differences_is_students():
    a, b = {1: 0.9, 2: 0.8, 3: 0.95, 4: 0.7}, {1: 0.85, 2: 0.82, 3: 0.9, 5: 0.1}
    found = seed_statistics.paired_t_interval(a, b)
    low, high = stats.ttest_rel([0.9, 0.8, 0.95], [0.85, 0.82, 0.9]).confidence_interval(0.95)
    assert found["n"] == 3 and found["difference"] == pytest.approx(0.08 / 3)
    assert (found["low"], found["high"]) == (pytest.approx(low), pytest.approx(high))
    assert seed_statistics.paired_t_interval({1: 0.5}, {1: 0.25}) == {
        "difference": 0.25,
        "low": None,
        "high": None,
        "n": 1,
    }
    assert seed_statistics.paired_t_interval({1: 0.5}, {2: 0.5}) is None


def test_a_claim_is_judged_on_means_and_missed_where_a_run_lacks_the_figure(run, tmp_path):
    other = create_run_dir(tmp_path, "other")
    other.history.replace([{**row, "val_accuracy": row["val_accuracy"] + 0.1} for row in ROWS[:3]])
    other.write_result({"status": "failed", "metrics": {}, "epochs": 3})
    runs = {"one": {0: run, 1: other}}
    met, missed = claim_results.evaluate_claims(
        ["one.best.val_accuracy within 0.84 .. 0.86", "one.test_accuracy >= 0.1"], runs, True
    )
    assert met["met"] and met["value"] == pytest.approx(0.85) and met["why"] is None
    assert not missed["met"] and "1 of 2 runs have it" in missed["why"]
    assert claim_results.evaluate_claims(["failed <= 0.5"], runs, False)[0]["met"]
