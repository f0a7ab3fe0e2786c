"""Predict, evaluate and export on real runs: a table with classes, numbers and both, pictures, arrays."""

from __future__ import annotations

import io
import json
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasdeep import training
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import load_config
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.inference.export import exporter
from kerasdeep.inference.export.exporter import ExportOptions
from kerasdeep.inference.export.formats import FORMATS, ExportFormat
from kerasdeep.inference.predictor import Predictor
from kerasdeep.inference.table_output import check_path, table_as_json, write_table
from kerasdeep.runs import create_run_dir

ROWS = 240


def shop(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.uniform(18, 80, rows), "city": rng.choice(["Rome", "Oslo", "Lima"], rows)})
    score = (frame.age - 50) / 15 + 2 * (frame.city == "Oslo")
    frame.loc[::20, "age"] = np.nan
    frame["bought"] = np.where(score > 0, "yes", "no")
    frame["spent"] = (100 + 30 * score).round(2)
    return frame


def train(folder, name, text):
    path = folder / f"{name}.yaml"
    path.write_text(f"version: 1\nname: {name}\n{text}{QUICK}", encoding="utf-8")
    return training.train(load_config(path), folder / "runs", progress="quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inference")
    shop().to_csv(folder / "shop.csv", index=False)
    rng = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 100, (8, 8, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{number}.png")
    return folder


NET = """
network: {layers: [Dense: 16, Output]}
regularization: {batch_norm: before, dropout: 0.3}
training: {epochs: 3, watch: null}
"""
QUICK = "\noptimizer: {SGD: {learning_rate: 0.05, momentum: 0.9}}\nreport: {tensorboard: false, opponents: false}\n"


@pytest.fixture(scope="module")
def classes(folder):
    return Predictor.load(
        train(folder, "c", f"data: {{source: shop.csv, target: bought, drop: [spent], test: 0.2}}{NET}")
    )


@pytest.fixture(scope="module")
def numbers(folder):
    return Predictor.load(
        train(folder, "n", f"data: {{source: shop.csv, target: spent, drop: [bought], test: 0.2}}{NET}")
    )


@pytest.fixture(scope="module")
def pictures(folder):
    layers = "[{Conv2D: {filters: 4, kernel_size: 3}}, GlobalAveragePooling2D, Output]"
    text = f"data: {{source: pictures}}\nnetwork: {{layers: {layers}}}\nregularization: {{batch_norm: before}}"
    return Predictor.load(train(folder, "p", f"{text}\ntraining: {{epochs: 1, batch_size: 8}}"))


@pytest.fixture(scope="module")
def both(folder):
    heads = "[Dense: 8, {Output: {name: bought, inputs: [dense_1]}}, {Output: {name: spent, inputs: [dense_1]}}]"
    text = f"data: {{source: shop.csv, target: [bought, spent]}}\nnetwork: {{layers: {heads}}}"
    return Predictor.load(train(folder, "b", f"{text}\ntraining: {{epochs: 1}}"))


def test_the_inputs_columns_stay_and_classes_have_names(classes, tmp_path):
    new = shop(5, seed=9).drop(columns=["bought", "spent"])
    new["city"] = ["Paris", *new.city[1:]]
    new.insert(0, "note", list("abcde"))
    new.to_csv(tmp_path / "new.csv", index=False)
    found = classes.predict(str(tmp_path / "new.csv"))
    assert list(found) == ["note", "age", "city", "prediction", "probability_no", "probability_yes"]
    assert found.city[0] == "Paris", "a value that training never saw is no mistake"
    assert set(found.prediction) <= {"yes", "no"}
    np.testing.assert_allclose(found.probability_no + found.probability_yes, 1, atol=1e-6)
    assert ((found.probability_yes > 0.5) == (found.prediction == "yes")).all()


def test_uncertainty_of_classes_and_numbers(classes, numbers, folder):
    found = classes.predict(str(folder / "shop.csv"), mc=20)
    assert list(found)[-3:] == ["std", "predictive_entropy", "mutual_information"]
    assert (found["std"] > 0).all()
    again = classes.predict(str(folder / "shop.csv"), mc=20)
    pd.testing.assert_frame_equal(found, again)
    found = numbers.predict(str(folder / "shop.csv"), mc=20)
    assert list(found)[-2:] == ["prediction", "std"]
    assert 1 < found["std"].mean() < 60, "in the unit of `spent`, not of the scaled target"


def test_parquet_in_and_out_and_several_targets(both, tmp_path):
    shop(4).to_parquet(tmp_path / "new.parquet")
    found = both.predict(str(tmp_path / "new.parquet"))
    assert {"prediction_bought", "probability_bought_yes", "prediction_spent"} <= set(found)
    write_table(found, tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), found)
    assert table_as_json(found)["predictions"][0]["age"] is None, "a missing number is null in JSON"


def test_standard_input(classes, monkeypatch, capsys):
    text = shop(3).drop(columns=["bought", "spent"]).to_csv(index=False)
    assert list(classes.predict(io.BytesIO(text.encode()))) == [
        *("age", "city", "prediction", "probability_no", "probability_yes")
    ]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert verb(["predict", str(classes.run.path), "-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == len(found["predictions"]) == 3


@pytest.mark.slow
def test_rows_in_memory_are_predicted_as_those_of_a_file(classes, both, pictures, folder, tmp_path):
    frame = shop(30, seed=3)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for predictor in (classes, both):
        from_file = predictor.predict(tmp_path / "rows.csv")
        pd.testing.assert_frame_equal(predictor.predict(frame.set_index(frame.index + 7)), from_file)
        pd.testing.assert_frame_equal(predictor.predict(frame.to_dict("list")), from_file)
    image = np.asarray(Image.open(folder / "pictures" / "red" / "3.png"))
    from_file = pictures.predict(folder / "pictures" / "red" / "3.png").drop(columns="row")
    pd.testing.assert_frame_equal(pictures.predict(image[None]).drop(columns="row"), from_file)
    pd.testing.assert_frame_equal(pictures.predict({"x": image[None]}).drop(columns="row"), from_file)
    assert classes.evaluate(frame)["metrics"]["test_accuracy"] == pytest.approx(
        (classes.predict(frame).prediction == frame.bought).mean()
    )
    with pytest.raises(InputError, match=r"arrays y, z\. Expected `x`"):
        pictures.predict({"y": np.zeros(3), "z": np.zeros(3)})
    with pytest.raises(InputError, match="is a table"):
        pictures.predict(frame)


def test_pictures_by_file_name(pictures, folder):
    found = pictures.predict(str(folder / "pictures" / "red"))
    assert list(found) == ["row", "prediction", "probability_blue", "probability_red"]
    assert found.row[0] == "0.png"
    assert len(pictures.predict(str(folder / "pictures" / "red" / "3.png"))) == 1


def test_what_cannot_be_predicted_is_said(classes, both, pictures, tmp_path):
    shop(3).drop(columns="age").to_csv(tmp_path / "lacks.csv", index=False)
    with pytest.raises(InputError, match="no column 'age'"):
        classes.predict(str(tmp_path / "lacks.csv"))
    shop(3).assign(prediction=1).to_csv(tmp_path / "taken.csv", index=False)
    with pytest.raises(InputError, match="already has a column 'prediction'"):
        classes.predict(str(tmp_path / "taken.csv"))
    with pytest.raises(InputError, match="no dropout-like layer"):
        pictures.predict(str(pictures.config.data.source), mc=5)
    with pytest.raises(InputError, match="unsupported suffix"):
        check_path(tmp_path / "out.txt")


def test_a_run_without_a_model_is_refused(tmp_path):
    run = create_run_dir(tmp_path, "early")
    run.write_result({"status": "interrupted"})
    with pytest.raises(InputError, match=r"interrupted.*--resume"):
        Predictor.load(run)


@pytest.mark.parametrize(
    "name", ["both", *(pytest.param(name, marks=pytest.mark.slow) for name in ("classes", "numbers"))]
)
def test_measuring_anew_gives_the_figures_of_training(name, request):
    trained = request.getfixturevalue(name)
    result = trained.run.read_result()
    found = trained.evaluate()
    assert set(found["metrics"]) == set(result["metrics"])
    for key, value in result["metrics"].items():
        assert found["metrics"][key] == pytest.approx(value, rel=1e-4, abs=1e-6), key
    assert found["baseline"] == pytest.approx(result["baseline"])
    assert found["status"] == "completed"


def test_a_labelled_file_is_a_test_part_and_mc_stands_beside(classes, numbers, tmp_path):
    shop(100, seed=5).to_csv(tmp_path / "labelled.csv", index=False)
    found = classes.evaluate(str(tmp_path / "labelled.csv"), 20, print)
    said = classes.predict(str(tmp_path / "labelled.csv"))
    right = (said.prediction == shop(100, seed=5).bought).mean()
    assert found["metrics"]["test_accuracy"] == pytest.approx(right)
    assert set(found["mc"]["metrics"]) <= set(found["metrics"])
    assert found["mc"]["samples"] == 20
    (target,) = found["mc"]["evaluation"]["parts"]["test"]["targets"]
    assert target["most_certain"]["share"] == 0.8
    json.dumps(found, allow_nan=False)
    found = numbers.evaluate(str(tmp_path / "labelled.csv"), 20, print)
    (target,) = found["mc"]["evaluation"]["parts"]["test"]["targets"]
    assert target["most_certain"]["mean_absolute_error"] > 0


def test_labels_are_needed_to_measure(classes, tmp_path):
    shop(9).drop(columns="bought").to_csv(tmp_path / "bare.csv", index=False)
    with pytest.raises(InputError, match="has no target bought"):
        classes.evaluate(str(tmp_path / "bare.csv"), None, print)


EXPORTS = [
    (name, format) for name in ("classes", "numbers", "pictures") for format in ("keras", "saved_model", "litert")
]
QUICK_EXPORTS = [("classes", "saved_model"), ("numbers", "keras"), ("pictures", "litert")]


@pytest.mark.parametrize(
    ("name", "format"), [pytest.param(*one, marks=() if one in QUICK_EXPORTS else pytest.mark.slow) for one in EXPORTS]
)
def test_an_export_answers_as_the_model(name, format, request, tmp_path):
    trained = request.getfixturevalue(name)
    path = tmp_path / f"out{FORMATS[format].suffix}"
    found = exporter.export_run(trained, ExportOptions(format, path, fold=True))
    assert found["largest_difference"] < 1e-5
    assert len(found["folded"]) == 1
    assert path.exists()
    assert json.loads((tmp_path / f"{path.name}.json").read_text())["inputs"] == found["inputs"]
    with pytest.raises(InputError, match="--force"):
        exporter.export_run(trained, ExportOptions(format, path, fold=True))


def test_several_heads_and_half_precision(both, tmp_path):
    found = exporter.export_run(both, ExportOptions("keras", tmp_path / "half.keras", float16=True))
    assert 0 < found["largest_difference"] < 0.02


@pytest.mark.slow
def test_several_heads_and_half_precision_in_litert(both, tmp_path):
    whole = exporter.export_run(both, ExportOptions("litert", tmp_path / "whole.tflite"))
    half = exporter.export_run(both, ExportOptions("litert", tmp_path / "half.tflite", float16=True))
    assert whole["largest_difference"] < 1e-5
    assert half["bytes"]["after"] != whole["bytes"]["after"]


def test_the_exported_file_takes_raw_rows_without_kerasdeep(classes, tmp_path):
    found = exporter.export_run(classes, ExportOptions("keras", tmp_path / "shop.keras"))
    model = keras.saving.load_model(tmp_path / "shop.keras", compile=False)
    (described,) = found["inputs"]
    assert described["columns"] == ["age", "city"]
    oslo = described["categories"]["city"].index("Oslo")
    raw = np.array([[30.0, oslo], [np.nan, -1]], "float32")
    pd.DataFrame({"age": [30.0, None], "city": ["Oslo", "Paris"]}).to_csv(tmp_path / "two.csv", index=False)
    expected = classes.predict(str(tmp_path / "two.csv")).probability_yes
    np.testing.assert_allclose(model.predict(raw, verbose=0)[:, 0], expected, atol=1e-6)


def test_a_failed_proof_keeps_nothing(classes, tmp_path, monkeypatch):
    right = FORMATS["keras"]

    def wrong(path, inputs, heads):
        run = right.load(path, inputs, heads)
        return lambda arrays: {head: said + 0.01 for head, said in run(arrays).items()}

    monkeypatch.setitem(FORMATS, "keras", ExportFormat(right.suffix, right.write, wrong))
    with pytest.raises(RunFailed, match=r"differ from the model.*0\.01"):
        exporter.export_run(classes, ExportOptions("keras", tmp_path / "out.keras"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named(classes, monkeypatch, tmp_path):
    monkeypatch.setitem(FORMATS, "onnx", ExportFormat(".onnx", print, print, packages=("a_package_nobody_has",)))
    with pytest.raises(InputError, match=r"pip install 'kerasdeep\[onnx\]'"):
        exporter.export_run(classes, ExportOptions("onnx", tmp_path / "out.onnx"))


def verb(arguments):
    return exit_codes.run_app(app, arguments)


def test_the_verbs(classes, folder, tmp_path, capsys):
    run = str(classes.run.path)
    assert verb(["predict", run, str(folder / "shop.csv"), "-o", str(tmp_path / "o.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == ROWS
    assert len(pd.read_csv(tmp_path / "o.csv")) == ROWS
    assert verb(["predict", run, str(folder / "shop.csv"), "-o", str(tmp_path / "o.csv"), "--force"]) == 0
    assert capsys.readouterr().out == f"Written: {tmp_path / 'o.csv'}, {ROWS} rows\n"
    assert verb(["evaluate", run, "--mc", "3"]) == 0
    shown = capsys.readouterr().out
    assert "--mc 3" in shown
    assert "accuracy, most certain 80%" in shown
    calls = (["evaluate", run], ["predict", run, str(folder / "shop.csv")])
    assert [verb([*call, "--seed", "3"]) for call in calls] == [2, 2]
    assert "--seed: this seeds the random copies of --mc" in capsys.readouterr().err
    assert verb(["export", run, "--format", "kers"]) == 2
    assert "keras" in capsys.readouterr().err
