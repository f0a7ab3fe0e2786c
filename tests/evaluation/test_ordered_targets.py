"""Quantiles, counts, ordered classes and thresholds: figures against scikit-learn's, fits against brute force."""

import numpy as np
import pytest
from sklearn import metrics

from kerasdeep.config.sections.threshold import ThresholdConfig
from kerasdeep.data import Preprocessing
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.evaluation.baseline import constant_predictions
from kerasdeep.evaluation.calibration import best_threshold, conformal
from kerasdeep.evaluation.intervals import precision_recall_interval
from kerasdeep.evaluation.prediction_metrics import evaluate
from kerasdeep.evaluation.probabilities import threshold_curve

RANDOM = np.random.default_rng(0)
LEVELS = [0.05, 0.5, 0.95]
WEIGHTS = RANDOM.uniform(0.5, 1.5, 300)


def measured(encoder, labels, outputs, weights=None):
    preprocessing = Preprocessing("table", {}, [encoder])
    constant = constant_predictions(preprocessing, labels, weights)
    return evaluate(preprocessing, {"test": labels}, {"test": outputs}, constant, weights={"test": weights})


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_counts_are_measured_by_the_poisson_deviance(weights):
    rates = RANDOM.uniform(0.5, 4, 300)
    labels = RANDOM.poisson(rates).astype(np.float32)
    found = measured(TargetEncoder("visits", "count", scale=2.0), labels / 2, rates[:, None] / 2, weights)
    options = {"sample_weight": weights}
    deviance = metrics.mean_poisson_deviance(labels, rates, **options)
    assert found.metrics["test_poisson_deviance"] == pytest.approx(deviance)
    explained = metrics.d2_tweedie_score(labels, rates, power=1, **options)
    assert found.metrics["test_deviance_explained"] == pytest.approx(explained)
    assert found.baseline["test_deviance_explained"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_quantiles_are_measured_by_the_pinball_loss_and_their_coverage(weights):
    labels = RANDOM.normal(size=300)
    outputs = np.sort(labels[:, None] + RANDOM.normal(size=(300, 3)) + [-1, 0, 1], axis=1)
    found = measured(TargetEncoder("price", "quantile", options={"levels": LEVELS}), labels, outputs, weights)
    expected = np.mean(
        [metrics.mean_pinball_loss(labels, outputs[:, k], alpha=a, sample_weight=weights) for k, a in enumerate(LEVELS)]
    )
    assert found.metrics["test_pinball_loss"] == pytest.approx(expected)
    inside = (labels >= outputs[:, 0]) & (labels <= outputs[:, 2])
    assert found.metrics["test_coverage_90"] == pytest.approx(np.average(inside, weights=weights))
    assert found.baseline["test_coverage_90"] == pytest.approx(0.9, abs=0.02)
    assert found.baseline["test_d2_pinball_score"] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_ordered_classes_are_measured_by_their_distance(weights):
    outputs = RANDOM.dirichlet([1, 1, 1, 1], 300)
    labels = RANDOM.integers(0, 4, 300)
    names = ["S", "M", "L", "XL"]
    found = measured(TargetEncoder("size", "ordinal", names, names), labels, outputs, weights)
    predicted = (outputs.cumsum(axis=1) < 0.5).sum(axis=1)
    kappa = metrics.cohen_kappa_score(labels, predicted, weights="quadratic", sample_weight=weights)
    assert found.metrics["test_quadratic_kappa"] == pytest.approx(kappa)
    error = metrics.mean_absolute_error(labels, predicted, sample_weight=weights)
    assert found.metrics["test_mean_absolute_class_error"] == pytest.approx(error)
    assert found.baseline["test_quadratic_kappa"] == pytest.approx(0)


def test_conformal_shifts_cover_new_rows_in_the_mean():
    """Too narrow and too wide quantiles alike; a level without a partner is one-sided."""
    encoder, coverages = TargetEncoder("y", "quantile", options={"levels": [0.05, 0.5, 0.8, 0.95]}), []
    for width in (0.2, 3.0):
        for _ in range(150):
            y = RANDOM.gamma(2, size=300)
            outputs = np.tile([2 - width, 2.0, 2 + width / 2, 2 + width], (300, 1))
            low, middle, upper, high = conformal(encoder, outputs[:100], y[:100], None).shifts
            assert low == -high and middle == 0
            new = y[100:]
            coverages.append(
                (
                    np.mean((new >= outputs[0, 0] + low) & (new <= outputs[0, 3] + high)),
                    np.mean(new <= outputs[0, 2] + upper),
                )
            )
    pair, alone = np.mean(coverages, axis=0)
    assert 0.89 < pair < 0.925 and 0.79 < alone < 0.83
    assert conformal(encoder, outputs[:3], y[:3], None).shifts == [0, 0, 0, 0], "too few rows to say anything"


@pytest.mark.parametrize("settings", [{"by": "f1"}, {"by": "cost", "cost": 3.0}, {"by": "rate", "rate": 0.2}])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_threshold_is_the_best_of_all(settings, weights):
    positive = RANDOM.uniform(size=300) < 0.3
    probability = np.round(np.clip(0.3 * positive + RANDOM.uniform(0, 0.7, 300), 0, 1), 2)
    weight = np.ones(300) if weights is None else weights

    def goodness(cut):
        called = probability > cut
        hits, alarms = weight[called & positive].sum(), weight[called & ~positive].sum()
        missed = weight[positive].sum() - hits
        if settings["by"] == "f1":
            return 2 * hits / (2 * hits + alarms + missed)
        if settings["by"] == "cost":
            return -(3 * missed + alarms)
        return hits if alarms <= 0.2 * weight[~positive].sum() else -1

    found = best_threshold(probability, positive, weights, ThresholdConfig(**settings))
    assert goodness(found) == pytest.approx(max(goodness(cut) for cut in np.linspace(-0.005, 0.995, 101)))
    assert best_threshold(probability, positive, weights, ThresholdConfig(value=0.4)) == 0.4
    assert best_threshold(probability, positive & False, weights, ThresholdConfig(**settings)) == 0.5


def test_the_threshold_curve_is_precision_and_recall_at_each_threshold():
    positive, probability = np.array([0, 1, 1, 0, 1]) == 1, np.array([0.1, 0.2, 0.6, 0.7, 0.9])
    curve = threshold_curve(positive, probability)
    assert [curve[name][50] for name in ("precision", "recall", "f1")] == [0.6667, 0.6667, 0.6667]
    assert curve["recall"][0] == 1 and curve["precision"][100] is None


def test_two_classes_have_intervals_of_what_is_found_of_the_second():
    probability = RANDOM.uniform(size=300)
    labels = (RANDOM.uniform(size=300) < probability**3).astype(int)
    encoder = TargetEncoder("fraud", "binary", ["no", "yes"], ["no", "yes"], thresholds=[0.7])
    found = measured(encoder, labels, probability[:, None])
    called = probability > 0.7
    assert found.metrics["test_recall"] == metrics.recall_score(labels, called)
    assert found.metrics["test_precision"] == metrics.precision_score(labels, called)
    assert found.metrics["test_accuracy"] == metrics.accuracy_score(labels, called)
    area = metrics.average_precision_score(labels, probability)
    low, high = found.intervals["test_pr_auc"]
    assert low < area < high and [low, high] == precision_recall_interval(area, labels.sum())
    assert found.baseline["test_pr_auc"] == labels.mean()
