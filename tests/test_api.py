"""The Python API: a run from a mapping, what can be asked of it, and how it ends when something is wrong."""

import json
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import kerasdeep

CONFIG = {
    "name": "small",
    "data": {"source": "table.csv", "target": "kind", "validation": 30, "test": 30},
    "network": {"layers": [{"Dense": 8}, "Output"]},
    "regularization": {"dropout": 0.2},
    "optimizer": {"SGD": {"learning_rate": 0.1}},
    "training": {"epochs": 9, "batch_size": 16},
    "report": {"tensorboard": False, "opponents": False},
    "profiles": {"fast": {"training": {"epochs": 1}}},
}


def frame(rows=150, seed=0):
    random = np.random.default_rng(seed)
    size, age = random.normal(size=rows), random.normal(size=rows)
    return pd.DataFrame({"size": size, "age": age, "kind": np.where(size + age > 0, "big", "small")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    frame().to_csv(folder / "table.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.fixture(scope="module")
def run(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = kerasdeep.train(CONFIG, overrides={"training.epochs": np.int64(2)}, progress="quiet")
    return kerasdeep.load_run(folder / run.path)


def test_a_mapping_trains_with_paths_from_the_working_folder(run, folder):
    assert run.path == folder / "runs" / "small-1"
    assert run.result["status"] == "completed" and run.result["epochs"] == 2
    assert run.metrics["test_accuracy"] == run.result["metrics"]["test_accuracy"]
    assert yaml.safe_load((run.path / "config.yaml").read_text()) == CONFIG
    assert list(run.history["epoch"]) == [1, 2] and run.history["loss"].dtype == float


def test_rows_in_memory_are_predicted_and_measured(run):
    rows = frame(20, seed=1)
    table = run.predict(rows)
    assert list(table.columns[:3]) == ["size", "age", "kind"] and set(table["prediction"]) <= {"big", "small"}
    assert table["probability_big"].between(0, 1).all()
    assert "std" in run.predict(rows, mc=3).columns
    rows.to_csv("new.csv", index=False)
    pd.testing.assert_series_equal(kerasdeep.predict(run.path, "new.csv")["prediction"], table["prediction"])
    accuracy = (table["prediction"] == rows["kind"]).mean()
    assert run.evaluate(rows)["metrics"]["test_accuracy"] == pytest.approx(accuracy)
    assert kerasdeep.evaluate(run)["metrics"]["test_accuracy"] == pytest.approx(run.metrics["test_accuracy"])


def test_a_notebook_shows_the_report(run):
    shown = run._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and unescape(shown).count(run.report.read_text()) == 1


def test_a_file_takes_a_profile_and_a_run_can_be_resumed(folder, tmp_path):
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    run = kerasdeep.train(path, overrides=kerasdeep.Overrides(profile="fast"), out=tmp_path, progress="quiet")
    assert run.result["epochs"] == 1 and (run.path / "config.yaml").read_bytes() == path.read_bytes()
    for option, arguments in (("--out", {"out": "elsewhere"}), ("--set name", {"overrides": {"name": "other"}})):
        with pytest.raises(kerasdeep.InputError, match=f"{option}: .*goes on where it is"):
            kerasdeep.train(run, resume=True, progress="quiet", **arguments)
    longer = kerasdeep.train(run, overrides={"training.epochs": 3}, resume=True, progress="quiet")
    assert longer.path == run.path and longer.result["epochs"] == 3


def test_what_is_wrong_is_raised_before_anything_is_written(tmp_path, run):
    wrong = {**CONFIG, "trainin": {}}
    with pytest.raises(kerasdeep.InputError, match="trainin") as caught:
        kerasdeep.train(wrong, out=tmp_path / "runs", progress="quiet")
    assert caught.value.problems[0].suggestion == "training" and not (tmp_path / "runs").exists()
    assert [problem.suggestion for problem in kerasdeep.validate(wrong)] == ["training"]
    assert kerasdeep.validate(CONFIG) == []
    with pytest.raises(kerasdeep.InputError, match=r"training\.epohcs"):
        kerasdeep.plan(CONFIG, overrides={"training.epohcs": 3})
    with pytest.raises(kerasdeep.InputError, match="YAML"):
        kerasdeep.plan({**CONFIG, "data": object()})
    with pytest.raises(kerasdeep.InputError, match="not a file"):
        kerasdeep.lr_find(CONFIG, apply=True)


def test_resume_starts_the_run_where_there_is_none(tmp_path, capsys):
    overrides = {"name": "other", "training.epochs": 1}
    run = kerasdeep.train(CONFIG, overrides=overrides, out=tmp_path, resume=True)
    assert run.path.name == "other-1" and run.result["status"] == "completed"
    assert "There is no run other" in capsys.readouterr().err


def test_a_failed_run_says_where_it_is_and_has_its_report(tmp_path):
    with pytest.raises(kerasdeep.RunFailed) as caught:
        kerasdeep.train(CONFIG, overrides={"optimizer.SGD.learning_rate": 1e30}, out=tmp_path, progress="quiet")
    run = kerasdeep.load_run(caught.value.run_path)
    assert run.result["status"] == "failed" and run.report.is_file()


def test_plan_compare_and_diagnose_return_what_the_verbs_print(tmp_path, run):
    plan = kerasdeep.plan(CONFIG)
    assert plan["parameters"] == run.result["parameters"] and plan["rows"]["train"] == 90
    assert {layer["name"] for layer in kerasdeep.diagnose(run).layers} >= {"dense_1", "output"}
    comparison = kerasdeep.compare([run, run.path], out=tmp_path)
    assert json.loads((comparison.path / "comparison.json").read_text())["variants"][0]["name"] == "small-1"
    assert list(comparison.runs["test_accuracy"]) == [run.metrics["test_accuracy"]] * len(comparison.runs)
    assert comparison.missed_claims == [] and "<iframe" in comparison._repr_html_()
    with pytest.raises(kerasdeep.InputError, match="as they are"):
        kerasdeep.compare([run], overrides={"seed": 1})


def test_the_package_lists_its_names_and_no_others():
    assert set(kerasdeep.__all__) <= set(dir(kerasdeep))
    assert all(getattr(kerasdeep, name) for name in kerasdeep.__all__)
    with pytest.raises(AttributeError, match="trian"):
        kerasdeep.trian  # noqa: B018
    assert Path(kerasdeep.__file__).with_name("py.typed").is_file()
