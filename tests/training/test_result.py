"""result.json and resolved.yaml of a real run, against the golden files."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers.shapes import differences

from kerasdeep import collection, training
from kerasdeep.config import Overrides, load_config

GOLDEN = json.loads((Path(__file__).resolve().parents[1] / "golden" / "result.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    loaded = load_config(collection.collection_folder("configs") / "quickstart.yaml", Overrides(["training.epochs=1"]))
    return training.train(loaded, out, progress="quiet")


def test_the_result_has_the_golden_keys_and_kinds(run):
    result = json.loads(run.result.read_text(encoding="utf-8"))
    assert differences(result, GOLDEN) == []
    assert result["format"] == GOLDEN["format"] == 1
    assert result["parameters"] == GOLDEN["parameters"]
    assert result["status"] == "completed"
    assert (result["epochs"], result["best_epoch"]) == (1, 1)


def test_metrics_intervals_and_baseline_speak_of_the_same_figures(run):
    result = run.read_result()
    for name, (low, high) in result["intervals"].items():
        assert low <= result["metrics"][name] <= high
        assert result["baseline"][name] < low


def test_the_kernels_of_the_saved_model_are_described(run):
    found = run.read_fact("weights")["layers"]
    model = keras.saving.load_model(run.model)
    assert [layer["name"] for layer in found] == [layer.name for layer in model.layers if hasattr(layer, "kernel")]
    assert [layer["hidden"] for layer in found] == [True] * (len(found) - 1) + [False]
    kernel = np.asarray(model.get_layer(found[0]["name"]).kernel)
    assert found[0]["norm"] == pytest.approx(float(np.linalg.norm(kernel)), rel=1e-5)


def test_the_resolved_file_of_a_run_is_valid_without_warnings(run):
    loaded = load_config(run.resolved)
    assert loaded.warnings == []
    assert loaded.config.training.epochs == 1
    assert loaded.config.runtime.compile in ("xla", "none")


def test_a_missing_key_an_extra_key_and_another_kind_are_told():
    fewer = {key: value for key, value in GOLDEN.items() if key != "seed"}
    assert "expected" in differences(fewer, GOLDEN)[0]
    assert differences({**GOLDEN, "more": 1}, GOLDEN)
    assert differences({**GOLDEN, "seconds": "3 s"}, GOLDEN) == ["seconds is '3 s', expected the kind of 2.678"]
    assert differences({**GOLDEN, "epochs": True}, GOLDEN)
    assert differences({**GOLDEN, "intervals": {"val_accuracy": [0.5]}}, GOLDEN)
