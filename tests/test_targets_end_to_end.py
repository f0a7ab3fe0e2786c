"""Each kind of target from a file to predictions: trained, evaluated, predicted, reported."""

import numpy as np
import pandas as pd
import pytest

from kerasdeep import report, training
from kerasdeep.config import Overrides, load_config
from kerasdeep.inference.predictor import Predictor

NET = (
    "network: [{Dense: 8}, Output]\noptimizer: SGD\ntraining: {epochs: 2, watch: null}\nreport: {tensorboard: false}\n"
)
LABELS = ["art", "news", "sport"]


def rows(count=160, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, 3))
    sets = x + random.normal(size=x.shape) > 0.3
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame["tags"] = [";".join(np.array(LABELS)[row]) for row in sets]
    frame = frame.assign(**dict(zip(LABELS, sets.astype(int).T, strict=True)))
    level = np.digitize(x[:, 0] + random.normal(size=count) / 2, [-0.7, 0, 0.7])
    visits = random.poisson(20 * np.exp(x[:, 0] / 2))
    return frame.assign(size=np.array(["S", "M", "L", "XL"])[level], visits=visits, price=3 * x[:, 1] + 5)


def data(target, more=""):
    others = [name for name in rows(1).columns[3:] if name not in target]
    return f"data: {{source: rows.csv, target: [{', '.join(target)}], drop: [{', '.join(others)}], test: 0.2{more}}}\n"


FILES = {
    "list": "task: multilabel\n" + data(["tags"]),
    "columns": "task: multilabel\nthreshold: f1\n" + data(LABELS),
    "quantile": "task: quantile\n" + data(["price"], ", validation: 0.3"),
    "count": "task: count\n" + data(["visits"]),
    "ordinal": "task: ordinal\n" + data(["size"], ", classes: [S, M, L, XL]"),
    "threshold": "threshold: {by: cost, cost: 4}\n" + data(["art"]),
}
WITHOUT_OPPONENTS = ("ordinal", "threshold", "count")
INTERVALS = ["quantile_0.05", "quantile_0.5", "quantile_0.95"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder, trained = tmp_path_factory.mktemp("targets"), {}
    rows().to_csv(folder / "rows.csv", index=False)

    def get(name):
        if name not in trained:
            path = folder / f"{name}.yaml"
            path.write_text(FILES[name] + NET)
            sets = Overrides(["report.opponents=false"] if name in WITHOUT_OPPONENTS else ())
            trained[name] = training.train(load_config(path, sets), folder / "runs", progress="quiet")
            report.write(trained[name])
        return trained[name]

    return get


@pytest.mark.parametrize("name", [pytest.param("list", marks=pytest.mark.slow), "columns"])
def test_sets_of_labels(runs, name):
    run, new = runs(name), rows(20, seed=1)
    predictor = Predictor.load(run)
    table = predictor.predict(new[["a", "b", "c"]])
    probabilities = table[[f"probability_{label}" for label in LABELS]].to_numpy()
    cuts = np.array(predictor.preprocessing.targets[0].thresholds or [0.5] * 3)
    assert (cuts == 0.5).all() == (name == "list")
    assert table.prediction.tolist() == [";".join(np.array(LABELS)[row > cuts]) for row in probabilities]
    new_metrics = predictor.evaluate(new)["metrics"]
    assert new_metrics["test_micro_f1"] >= 0 and new_metrics["test_binary_accuracy"] >= 0
    result = run.read_result()
    assert result["task"] == "multilabel" and result["baseline"]["test_micro_f1"] > 0
    page = run.report_md.read_text()
    assert "the network's micro F1 in" in page and "Always predicting the most frequent labels gives" in page
    assert "Average precision" in run.report_html.read_text()


def test_quantiles(runs):
    run, new = runs("quantile"), rows(40, seed=1)
    predictor = Predictor.load(run)
    table = predictor.predict(new[["a", "b", "c"]])
    assert (np.diff(table[INTERVALS].to_numpy()) >= 0).all() and (table.prediction == table["quantile_0.5"]).all()
    low, middle, high = predictor.preprocessing.targets[0].shifts
    assert low == -high and middle == 0
    inside = (new.price >= table["quantile_0.05"]) & (new.price <= table["quantile_0.95"])
    assert predictor.evaluate(new)["metrics"]["test_coverage_90"] == pytest.approx(inside.mean())
    result = run.read_result()
    assert result["metrics"]["val_coverage_90"] >= 0.9, "the shifts make it so on the rows that they are fitted on"
    assert result["metrics"]["test_pinball_loss"] > 0 and "test_d2_pinball_score" in result["intervals"]
    assert "within the 90 % interval" in run.report_md.read_text()
    assert "Do the intervals hold what they say?" in run.report_html.read_text()


def test_counts(runs):
    run = runs("count")
    table = Predictor.load(run).predict(rows(20, seed=1)[["a", "b", "c"]])
    assert (table.prediction > 0).all() and 2 < table.prediction.median() < 200, (
        "in visits, not in shares of their mean"
    )
    metrics, baseline = run.read_result()["metrics"], run.read_result()["baseline"]
    assert metrics["test_poisson_deviance"] > 0 and baseline["test_deviance_explained"] <= 0
    assert "deviance explained" in run.report_md.read_text()


def test_ordered_classes(runs):
    run = runs("ordinal")
    table = Predictor.load(run).predict(rows(20, seed=1)[["a", "b", "c"]])
    probabilities = table[[f"probability_{name}" for name in ("S", "M", "L", "XL")]].to_numpy()
    assert probabilities.min() >= 0 and probabilities.sum(axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    median = np.array(["S", "M", "L", "XL"])[(probabilities.cumsum(axis=1) < 0.5).sum(axis=1)]
    assert table.prediction.tolist() == median.tolist()
    metrics = run.read_result()["metrics"]
    assert {"test_quadratic_kappa", "test_mean_absolute_class_error", "test_accuracy"} <= set(metrics)


def test_a_threshold_is_chosen_on_validation_rows_and_used(runs):
    run, new = runs("threshold"), rows(40, seed=1)
    predictor = Predictor.load(run)
    (cut,) = predictor.preprocessing.targets[0].thresholds
    table = predictor.predict(new[["a", "b", "c"]])
    assert table.prediction.tolist() == [str(int(p > cut)) for p in table.probability_1]
    metrics = predictor.evaluate(new)["metrics"]
    assert metrics["test_recall"] == pytest.approx(table.prediction[new.art == 1].eq("1").mean())
    assert {"test_recall", "test_precision", "test_pr_auc"} <= set(run.read_result()["intervals"])
    assert "Where should the line be drawn?" in run.report_html.read_text()


@pytest.mark.parametrize("name", ["columns", "quantile", "ordinal"])
def test_exports_give_what_predict_gives(runs, name, tmp_path):
    import keras

    from kerasdeep.inference.export.exporter import ExportOptions, export_run

    predictor = Predictor.load(runs(name))
    if name == "quantile":  # shifts may be larger than the distance of two quantiles
        (encoder,) = predictor.preprocessing.targets
        encoder.shifts[:] = [5.0, 0.0, -5.0]
    facts = export_run(predictor, ExportOptions("keras", tmp_path / "model.keras"))
    assert facts["largest_difference"] < 1e-4
    if name == "quantile":
        new = rows(20, seed=1)[["a", "b", "c"]]
        exported = keras.models.load_model(tmp_path / "model.keras").predict_on_batch(new.to_numpy("float32"))
        np.testing.assert_allclose(exported, predictor.predict(new)[INTERVALS], rtol=1e-4, atol=1e-4)
    (described,) = facts["outputs"][0]["targets"]
    assert described["kind"] == {"columns": "multilabel"}.get(name, name)
    assert ("thresholds" in described) == (name == "columns") and ("levels" in described) == (name == "quantile")


@pytest.mark.slow
def test_nominal_intervals_cover_what_they_say_over_twenty_splits(tmp_path):
    """The mean coverage of 90 % intervals on test rows, whose noise depends on x and is skewed."""
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, (1500, 2))
    y = np.sin(2 * x[:, 0]) + (0.2 + np.abs(x[:, 1])) * random.gamma(2, 0.5, 1500)
    pd.DataFrame(x, columns=["a", "b"]).assign(y=y).to_csv(tmp_path / "noise.csv", index=False)
    coverages = []
    for seed in range(20):
        path = tmp_path / "noise.yaml"
        source = f"data: {{source: noise.csv, target: y, validation: 0.2, test: 0.3, seed: {seed}}}\n"
        training_section = "training: {epochs: 15, batch_size: 64, watch: null}\nreport: {tensorboard: false}\n"
        path.write_text(f"task: quantile\n{source}network: [{{Dense: 32}}, Output]\n{training_section}")
        run = training.train(load_config(path), tmp_path / "runs", progress="quiet")
        coverages.append(run.read_result()["metrics"]["test_coverage_90"])
    assert 0.88 <= np.mean(coverages) <= 0.92, coverages
