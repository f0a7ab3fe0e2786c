"""Forecasts of a series with a season and a trend: trained, measured, predicted, exported."""

import json

import numpy as np
import pandas as pd
import pytest

from kerasdeep import evaluation, report, training
from kerasdeep.config import Overrides, load_config
from kerasdeep.data import read_for_prediction
from kerasdeep.errors import InputError
from kerasdeep.evaluation import numbers
from kerasdeep.evaluation.types import TargetEvaluation, TargetPrediction
from kerasdeep.inference.export.exporter import ExportOptions, export_run
from kerasdeep.inference.predictor import Predictor

FILE = """
data: {source: sales.csv, target: sales, time: hour, group: store, window: {length: 30, horizon: 4}, validation: 0.2,
  test: 0.2}
network: %s
optimizer: {Adam: {learning_rate: 0.01}}
training: {epochs: 12, batch_size: 32}
report: {tensorboard: false}
"""


def sales(rows=300):
    rng, time = np.random.default_rng(0), np.arange(rows)
    stores = {
        store: 20 + 0.02 * time + 5 * np.sin(2 * np.pi * time / 24 + phase) + 0.4 * rng.normal(size=rows)
        for store, phase in (("north", 0.0), ("south", 1.5))
    }
    hours = pd.date_range("2024-01-01", periods=rows, freq="h").astype(str)
    return pd.concat([pd.DataFrame({"hour": hours, "store": s, "sales": v.round(3)}) for s, v in stores.items()])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows")
    sales().to_csv(folder / "sales.csv", index=False)
    (folder / "dense.yaml").write_text(FILE % "[Flatten, Dense: 32, Output]")
    (folder / "recurrent.yaml").write_text(FILE % "[{Conv1D: {filters: 8, kernel_size: 5}}, GRU: 16, Output]")
    return folder


def train(folder, name, *sets, run=None):
    loaded = load_config(folder / f"{name}.yaml", Overrides(sets))
    run = training.train(loaded, folder / "runs", run, progress="quiet")
    report.write(run)
    return run


@pytest.fixture(scope="module")
def run(folder):
    return train(folder, "dense")


def test_it_beats_what_was_last_time_and_finds_the_season(run):
    result = run.read_result()
    last, season, _ = result["opponents"]
    assert [each["name"] for each in result["opponents"]] == ["as last time", "as a season ago", "LinearRegression"]
    error = "test_mean_absolute_error"
    assert result["metrics"][error] < 0.5 * last["metrics"][error] and season["metrics"][error] < last["metrics"][error]
    assert result["metrics"]["test_r2_score"] > 0.8 > result["baseline"]["test_r2_score"]
    assert result["verdict"][0]["metric"] == error


def test_errors_are_those_of_all_steps_and_of_each(run):
    predictor = Predictor.load(run)
    encoder, rng = predictor.preprocessing.targets[0], np.random.default_rng(1)
    actual, predicted = rng.normal(size=(2, 50, 4))
    measured = evaluation.forecasts.measure(TargetEvaluation(TargetPrediction(encoder, predicted), actual, 0.5))
    differences = predicted - actual
    assert measured["metrics"]["mean_absolute_error"] == pytest.approx(np.abs(differences).mean())
    assert measured["metrics"]["root_mean_squared_error"] == pytest.approx(np.sqrt(np.square(differences).mean()))
    assert [step["mean_absolute_error"] for step in measured["steps"]] == pytest.approx(
        np.abs(differences).mean(axis=0)
    )
    assert [step["r2_score"] for step in measured["steps"]] == pytest.approx(
        [numbers.errors(actual[:, step], predicted[:, step])[2] for step in range(4)]
    )
    assert measured["baseline"]["mean_absolute_error"] == pytest.approx(np.abs(actual - 0.5).mean())
    for name, (low, high) in measured["intervals"].items():
        assert low <= measured["metrics"][name] <= high


def test_the_report_shows_steps_and_a_few_forecasts(run):
    page = run.report_html.read_text()
    assert "How far ahead can it see?" in page and "A few forecasts" in page and "Window 3 of 3" in page
    (target,) = run.read_fact("evaluation")["parts"]["test"]["targets"]
    assert len(target["steps"]) == 4 and len(target["forecasts"][0]["actual"]) == 4


def test_new_rows_are_forecast_as_by_the_model_itself(run):
    predictor, frame = Predictor.load(run), sales(340)
    said = []
    table = predictor.predict(frame.sample(frac=1, random_state=0), say=said.append)
    assert list(table.columns) == ["hour", "store", "sales", *(f"prediction_{step}" for step in range(1, 5))]
    number, target = predictor.preprocessing.inputs["input"].encoders[0], predictor.preprocessing.targets[0]
    for _, row in table.iterrows():
        own = frame[frame.store == row.store]
        assert row.hour == own.hour.iloc[-1] and row.sales == own.sales.iloc[-1]
        x = ((own.sales.to_numpy()[-30:] - number.offset) / number.scale).astype(np.float32)[None, :, None]
        expected = np.asarray(predictor.model(x))[0] * target.scale + target.center
        np.testing.assert_allclose(row[table.columns[3:]].to_numpy(float), expected, rtol=1e-4)
    assert any("are put in it" in text for text in said)


def test_new_rows_with_what_came_are_evaluated(run):
    frame = sales(360)
    measured = Predictor.load(run).evaluate(frame[frame.hour >= "2024-01-13"])
    assert measured["evaluation"]["parts"]["test"]["rows"] == 2 * (72 - 30 - 4 + 1)
    assert measured["metrics"]["test_mean_absolute_error"] < 1.5
    again = Predictor.load(run).evaluate()
    assert again["metrics"]["test_mean_absolute_error"] == pytest.approx(
        run.read_result()["metrics"]["test_mean_absolute_error"], rel=1e-5
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="hour"), "no column 'hour', by which windows are cut"),
        (lambda frame: frame.drop(columns="sales"), "no column 'sales'"),
        (lambda frame: frame.groupby("store").head(12), "longest group has 12 rows, and a window takes 30"),
        (lambda frame: pd.concat([frame, frame.tail(1)]), "'hour' is the same in rows"),
    ],
)
def test_rows_that_cannot_be_forecast_from_are_refused(run, change, words):
    with pytest.raises(InputError, match=words):
        read_for_prediction(Predictor.load(run).preprocessing, change(sales(40)))


def test_an_export_takes_windows_of_raw_numbers_and_says_so(run, tmp_path):
    facts = export_run(Predictor.load(run), ExportOptions(path=tmp_path / "model.keras"))
    (taken,) = json.loads((tmp_path / "model.keras.json").read_text())["inputs"]
    assert taken["shape"] == [None, 30, 1] and taken["columns"] == ["sales"]
    assert taken["window"]["length"] == 30 and taken["window"]["group"] == "store"
    assert facts["outputs"][0]["targets"][0]["steps"] == [1, 2, 3, 4] and facts["rows"] > 100


@pytest.mark.slow
def test_a_longer_run_goes_on_where_it_was(folder, run):
    short = train(folder, "dense", "training.epochs=2")
    long = train(folder, "dense", "training.epochs=12", run=short)
    losses = [[row["loss"] for row in each.history.rows()] for each in (run, long)]
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_recurrent_and_convolutional_layers_take_windows(folder):
    recurrent = train(folder, "recurrent", "training.epochs=20")
    metrics, error = recurrent.read_result(), "test_mean_absolute_error"
    assert metrics["metrics"][error] < metrics["opponents"][0]["metrics"][error]
    with pytest.raises(InputError, match="unroll: true"):
        export_run(Predictor.load(recurrent), ExportOptions("litert", folder / "loop.tflite"))
    network = "network=[{GRU: {units: 4, unroll: true}}, Output]"
    unrolled = train(folder, "recurrent", "training.epochs=1", network)
    proof = export_run(Predictor.load(unrolled), ExportOptions("litert", folder / "unrolled.tflite"))
    assert proof["largest_difference"] < 1e-4
