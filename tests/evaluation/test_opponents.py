"""Opponents: scikit-learn's own figures on the rows of the run, and who wins."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.evaluated import evaluations_of
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score
from threadpoolctl import threadpool_limits

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.config.sections.threshold import ThresholdConfig
from kerasdeep.evaluation import opponents
from kerasdeep.evaluation.calibration import best_threshold
from kerasdeep.evaluation.opponents import TrainingWork, fitted_rows, measure_opponents

WORK = TrainingWork(steps=100, examples=3200, parameters=1000)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads of small fits only wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV file with two classes, a number that only a tree can tell, and weights."""
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(300, 2)), rng.integers(1, 4, 300)
    kind = np.where(x[:, 0] + 0.5 * rng.normal(size=300) > 0, "yes", "no")
    step = np.where(np.abs(x[:, 1]) > 0.6, 30.0, 10.0) + 0.1 * rng.normal(size=300)
    path = tmp_path_factory.mktemp("table") / "table.csv"
    rows = zip(*x.T, kind, step, weight, strict=True)
    path.write_text("a,b,kind,step,w\n" + "".join(f"{a:.5f},{b:.5f},{k},{s:.4f},{w}\n" for a, b, k, s, w in rows))
    return path


def load(source, **settings):
    fifth = SplitConfig(fraction=0.2)
    return data.load(DataConfig(source=str(source), validation=fifth, test=fifth, **settings))


def zeros(dataset):
    """What a network of zeros would say."""
    units = {head: sum(target.units for target in targets) for head, targets in dataset.heads.items()}
    outputs = {
        name: {head: np.zeros((len(split), width), np.float32) for head, width in units.items()}
        for name, split in dataset.held_out.items()
    }
    return evaluations_of(dataset, outputs if len(units) > 1 else {k: v["output"] for k, v in outputs.items()})


def test_classes_are_scikit_learns_own_figures_with_the_weights(table):
    dataset = load(table, target=["kind"], drop=["step"], weight="w")
    found = measure_opponents(dataset, zeros(dataset), WORK)
    train, test = dataset.train, dataset.test
    for entry, model in zip(
        found["opponents"], (LogisticRegression(), HistGradientBoostingClassifier(random_state=0)), strict=True
    ):
        model.fit(train.x, train.y, sample_weight=train.weight)
        accuracy = accuracy_score(test.y, model.predict(test.x), sample_weight=test.weight)
        loss = log_loss(test.y, model.predict_proba(test.x), sample_weight=test.weight)
        assert entry["name"] == type(model).__name__ and entry["rows"] == len(train) == 180
        assert entry["metrics"]["test_accuracy"] == pytest.approx(accuracy, abs=1e-9)
        assert entry["metrics"]["test_log_loss"] == pytest.approx(loss, abs=1e-6)
        assert {"val_accuracy", "test_roc_auc"} <= entry["metrics"].keys() and entry["seconds"] >= 0


def test_numbers_are_measured_in_their_own_unit_and_the_verdict_names_the_better_one(table):
    dataset = load(table, target=["step"], drop=["kind", "w"])
    found = measure_opponents(dataset, zeros(dataset), WORK)
    train, test, encoder = dataset.train, dataset.test, dataset.preprocessing.targets[0]
    linear, boosting = found["opponents"]
    for entry, model in ((linear, LinearRegression()), (boosting, HistGradientBoostingRegressor(random_state=0))):
        predicted = encoder.decode(model.fit(train.x, train.y).predict(test.x))
        actual = encoder.decode(test.y)
        assert entry["metrics"]["test_r2_score"] == pytest.approx(r2_score(actual, predicted), abs=1e-6)
        assert entry["metrics"]["test_mean_absolute_error"] == pytest.approx(
            mean_absolute_error(actual, predicted), rel=1e-5
        )
    (verdict,) = found["verdict"]
    assert (verdict["metric"], verdict["winner"]) == ("test_r2_score", "HistGradientBoostingRegressor")
    network = r2_score(test.y, np.zeros(len(test)))
    assert verdict["difference"] == pytest.approx(network - boosting["metrics"]["test_r2_score"], abs=1e-6)
    assert verdict["low"] < verdict["difference"] < verdict["high"] < 0
    assert "HistGradientBoostingRegressor beats the network by" in verdict["sentence"]


def test_the_same_predictions_do_not_differ_and_a_perfect_network_wins(table):
    dataset = load(table, target=["kind"], drop=["step", "w"])
    network = zeros(dataset)
    model = LogisticRegression().fit(dataset.train.x, dataset.train.y)
    for name in network:
        (entry,) = network[name]
        right = replace(entry.prediction, predicted=entry.actual)
        same = replace(entry.prediction, predicted=model.predict(dataset.held_out[name].x))
        network[name] = [replace(entry, prediction=right)] if name == "test" else [replace(entry, prediction=same)]
    (verdict,) = measure_opponents(dataset, network, WORK)["verdict"]
    assert verdict["winner"] == "network" and verdict["low"] > 0
    assert verdict["sentence"].startswith("On the test rows the network beats ")
    (verdict,) = measure_opponents(replace(dataset, test=None), network, WORK)["verdict"]
    assert verdict["metric"] == "val_accuracy" and verdict["winner"] is None
    assert "no clear difference" in verdict["sentence"]


def test_an_opponent_has_a_threshold_of_its_own(table):
    dataset = load(table, target=["kind"], drop=["step", "w"])
    rate, network = ThresholdConfig(by="rate", rate=0.1), zeros(dataset)
    targets = [replace(encoder, thresholds=[0.999]) for encoder in dataset.preprocessing.targets]
    dataset = replace(dataset, preprocessing=replace(dataset.preprocessing, targets=targets))
    for entries in network.values():
        entries[0] = replace(entries[0], prediction=replace(entries[0].prediction, encoder=targets[0]))
    linear = measure_opponents(dataset, network, WORK, rate)["opponents"][0]
    model = LogisticRegression().fit(dataset.train.x, dataset.train.y)
    validation = dataset.validation
    cut = best_threshold(model.predict_proba(validation.x)[:, 1], validation.y == 1, None, rate)
    called = model.predict_proba(dataset.test.x)[:, 1] > cut
    accuracy = accuracy_score(dataset.test.y, called)
    assert linear["metrics"]["test_accuracy"] == pytest.approx(accuracy)
    assert accuracy > np.mean(dataset.test.y == 0) + 0.2, "as it would be at the network's threshold"


def test_several_targets_have_opponents_of_their_own_kind(table):
    dataset = load(table, target=["kind", "step"], drop=["w"])
    found = measure_opponents(dataset, zeros(dataset), WORK)
    assert {entry["name"] for entry in found["opponents"]} == opponents.OPPONENTS.keys()
    for entry in found["opponents"]:
        ending = "_kind_accuracy" if "Classifier" in entry["name"] or "Logistic" in entry["name"] else "_step_r2_score"
        assert {f"val{ending}", f"test{ending}"} <= entry["metrics"].keys()
    assert [verdict["metric"] for verdict in found["verdict"]] == ["test_kind_accuracy", "test_step_r2_score"]
    assert all("_kind_" in key or "_step_" in key for entry in found["opponents"] for key in entry["metrics"])


def test_without_held_out_rows_there_is_nothing_to_hold_against(table):
    dataset = data.load(DataConfig(source=str(table), target=["kind"], validation=None))
    assert measure_opponents(dataset, {}, WORK) == {}


def test_rows_are_a_rule_from_counts():
    small = TrainingWork(steps=1000, examples=32_000, parameters=3000)
    assert fitted_rows(20_000, 10, 1, small) == 20_000
    cut = fitted_rows(1_000_000, 50, 7, small)
    assert 3000 < cut < 10_000
    assert fitted_rows(1_000_000, 50, 7, replace(small, examples=3_200_000_000)) > 50 * cut
    assert fitted_rows(10**9, 50, 1, replace(small, examples=10**15)) == opponents.MAX_VALUES // 50


def test_a_sample_of_the_rows_is_told(table, monkeypatch):
    monkeypatch.setattr(opponents, "MIN_BUDGET", 0)
    dataset = load(table, target=["step"], drop=["kind", "w"])
    work = TrainingWork(steps=1, examples=100, parameters=10)
    rows = {entry["rows"] for entry in measure_opponents(dataset, zeros(dataset), work)["opponents"]}
    assert rows == {fitted_rows(180, 2, 1, work)} and rows != {180}
