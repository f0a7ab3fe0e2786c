"""Scores of probabilities, against scikit-learn where it has them and by hand where it has not."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from kerasdeep.evaluation import probabilities as measure


def some(rows=300, classes=4, seed=3):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes))
    actual = (logits + rng.normal(size=logits.shape)).argmax(1)
    shares = np.exp(2 * logits)
    return actual, shares / shares.sum(1, keepdims=True)


def test_several_classes_agree_with_scikit_learn():
    actual, shares = some()
    found = measure.scores(actual, shares)
    truth = np.eye(4)[actual]
    assert found["log_loss"] == pytest.approx(log_loss(actual, shares))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(actual, shares, multi_class="ovr"))
    assert found["pr_auc"] == pytest.approx(average_precision_score(truth, shares, average="macro"))
    assert found["brier_score"] == pytest.approx(((shares - truth) ** 2).sum(1).mean())


def test_two_classes_agree_with_scikit_learn():
    actual, shares = some(classes=2)
    found = measure.scores(actual, measure.to_class_probabilities(shares[:, 1:]))
    assert found["brier_score"] == pytest.approx(brier_score_loss(actual, shares[:, 1]))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(actual, shares[:, 1]))
    assert found["pr_auc"] == pytest.approx(average_precision_score(actual, shares[:, 1]))
    assert found["log_loss"] == pytest.approx(log_loss(actual, shares[:, 1]))


def test_many_classes_are_scored_without_being_ranked():
    actual, shares = some(rows=500, classes=201)
    found = measure.scores(actual, shares)
    assert found["brier_score"] == pytest.approx(((shares - np.eye(201)[actual]) ** 2).sum(1).mean())
    assert found["roc_auc"] is None


def test_what_the_rows_do_not_define_is_none():
    assert measure.scores(np.zeros(3, int), np.full((3, 2), 0.5))["roc_auc"] is None
    assert set(measure.scores(np.array([0, 1]), np.array([[np.nan, 1], [0, 1]])).values()) == {None}
    known = measure.scores(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert measure.scores(np.array([0, 1, -1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])) == known


def test_calibration_error_by_hand():
    # Eight rows said with 0.75, six of them right; two said with 1.0, one right: 0.8 * 0 + 0.2 * 0.5.
    shares = np.array([[0.75, 0.25]] * 8 + [[1.0, 0.0]] * 2)
    actual = np.array([0] * 6 + [1] * 2 + [0, 1])
    bins = measure.reliability_diagram(actual, shares)
    assert [(one["rows"], one["accuracy"]) for one in bins] == [(8, 0.75), (2, 0.5)]
    assert all(one["low"] <= one["confidence"] <= one["high"] for one in bins)
    assert measure.scores(actual, shares)["expected_calibration_error"] == pytest.approx(0.1)


def test_entropy_and_the_most_certain_rows():
    shares = np.array([[0.5, 0.5], [1.0, 0.0], [0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    found = measure.entropy(shares)
    assert found[0] == pytest.approx(np.log(2))
    assert found[1] == 0
    assert measure.most_certain(found).tolist() == [1, 2, 3, 4]
    assert measure.most_certain(found, 0.4).tolist() == [1, 2]
