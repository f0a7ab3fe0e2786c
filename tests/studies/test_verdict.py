"""What a comparison concludes, against closed forms and from runs that are made up."""

import math

import numpy as np
import pytest
from scipy import stats

from kerasdeep.runs import create_run_dir
from kerasdeep.studies import seed_statistics, summary
from kerasdeep.studies.study import RunKey


def made(tmp_path, values, folds=False):
    """Runs of variants by the validation accuracies of their seeds, or folds; on the test rows all are the reverse."""
    runs = {}
    for variant, numbers in values.items():
        for index, value in enumerate(numbers):
            run = create_run_dir(tmp_path, f"{variant}{index}")
            run.write_result({"status": "completed", "metrics": {"val_accuracy": value, "test_accuracy": 1 - value}})
            run.write_fact("data", {"rows": {"train": 80, "validation": 20}})
            key = RunKey(index % 2, index // 2 + 1) if folds else RunKey(index)
            runs.setdefault(variant, {})[key] = run
    return runs


def test_the_corrected_interval_is_that_of_nadeau_and_bengio():
    a, b = {1: 0.9, 2: 0.8, 3: 0.85, 4: 0.95, 5: 0.7}, {1: 0.8, 2: 0.75, 3: 0.85, 4: 0.8, 5: 0.65}
    found = seed_statistics.paired_t_interval(a, b, shared_rows=0.25)
    differences = np.array([a[k] - b[k] for k in a])
    half = stats.t.ppf(0.975, 4) * math.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1))
    assert found["low"] == pytest.approx(differences.mean() - half)
    plain = seed_statistics.paired_t_interval(a, b)
    assert plain["low"] == pytest.approx(stats.ttest_rel(list(a.values()), list(b.values())).confidence_interval().low)


def test_noise_is_no_clear_difference_and_the_test_rows_choose_nothing(tmp_path):
    found = summary.judge(made(tmp_path, {"a": [0.80, 0.90, 0.85], "b": [0.82, 0.86, 0.86], "c": [0.1, 0.1, 0.12]}))
    assert found["verdict"] == "no_clear_difference" and found["metric"] == "val_accuracy"
    assert (found["best"], found["second"], found["tied"]) == ("a", "b", ["b"]) and found["low"] < 0 < found["high"]


def test_a_difference_that_the_interval_shows_is_one(tmp_path):
    found = summary.judge(made(tmp_path, {"a": [0.80, 0.81, 0.82], "b": [0.90, 0.91, 0.925]}))
    assert found["verdict"] == "better" and found["best"] == "b" and found["tied"] == []


def test_one_seed_shows_nothing(tmp_path):
    found = summary.judge(made(tmp_path, {"a": [0.1], "b": [0.9]}))
    assert found["verdict"] == "no_clear_difference" and found["low"] is None


def test_folds_are_pairs_and_seeds_within_them_are_not(tmp_path):
    runs = made(tmp_path, {"a": [0.5, 0.7, 0.6, 0.6, 0.5, 0.5], "b": [0.4, 0.6, 0.6, 0.4, 0.5, 0.3]}, folds=True)
    found = summary.paired_difference(runs["a"], runs["b"], "val_accuracy")
    differences = np.array([0.1, 0.1, 0.1])
    assert found["n"] == 3 and found["difference"] == pytest.approx(differences.mean())
    spread = made(tmp_path / "spread", {"a": [0.5, 0.5, 0.6, 0.6, 0.9, 0.9], "b": [0.4] * 6}, folds=True)
    found = summary.paired_difference(spread["a"], spread["b"], "val_accuracy")
    differences = np.array([0.1, 0.2, 0.5])
    half = stats.t.ppf(0.975, 2) * math.sqrt((1 / 3 + 20 / 80) * differences.var(ddof=1))
    assert found["high"] - found["difference"] == pytest.approx(half)
