"""The facts of a run as they are read back: those of version 0.1, those of newer ones, and damaged ones."""

import json
import math
import os
from pathlib import Path

import pytest

from kerasdeep.errors import InputError
from kerasdeep.runs import facts, files, study_facts, training_facts
from kerasdeep.runs.layout import ComparisonDir, RunDir

RUNS_OF_0_1 = Path(__file__).parents[1] / "golden" / "runs-0.1"
TARGET = {"target": "y", "kind": "binary", "metrics": {"accuracy": 0.9}, "classes": ["a", "b"]}


def evaluation(**changes):
    return {"parts": {"test": {"rows": 40, "targets": [TARGET | changes]}}}


def message(kind, value):
    with pytest.raises(InputError) as error:
        facts.parse_fact(kind, value, Path("run-1/facts/x.json"))
    assert str(error.value).startswith("run-1/facts/x.json: ") and "restore it, or delete it" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["auto-1", "tab-1"])
def test_every_fact_of_version_0_1_is_read(name):
    run = RunDir(RUNS_OF_0_1 / name)
    written = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*.json")}
    read = {file for kind, file in facts.FACT_FILES.items() if facts.read_fact(run, kind) is not None}
    assert read == written


def test_nothing_is_lost_or_turned_into_another_type():
    run = RunDir(RUNS_OF_0_1 / "auto-1")
    written = json.loads((run.facts / "evaluation.json").read_text(encoding="utf-8"))["parts"]["test"]
    part = facts.read_fact(run, facts.EvaluationFact).parts["test"]
    assert part.rows == written["rows"] and part.metrics == written["metrics"]
    assert part.targets[0].confusion == written["targets"][0]["confusion"]
    assert part.targets[0].per_class[3].class_name == written["targets"][0]["per_class"][3]["class"]
    assert list(part.targets[0].intervals["accuracy"]) == written["targets"][0]["intervals"]["accuracy"]
    assert facts.read_result(run).raw == run.read_result()
    assert facts.read_fact(run, list[training_facts.StageFact])[1].proof.trained == 6


def test_a_comparison_of_version_0_1_is_read():
    comparison = study_facts.read_comparison(ComparisonDir(RUNS_OF_0_1 / "tab-compare"))
    assert [variant.name for variant in comparison.variants] == ["wide", "thin"]
    assert comparison.variants[0].metrics["val_loss"].n == 2 and comparison.expect[0].met is False


def test_keys_of_newer_versions_are_ignored():
    fact = facts.parse_fact(facts.EvaluationFact, evaluation(shap=[1, 2]) | {"format": 7}, Path("x"))
    assert fact.parts["test"].targets[0].metrics == {"accuracy": 0.9}


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (facts.EvaluationFact, [], "it should be a mapping, not a list of 0"),
        (facts.EvaluationFact, {}, "it has no `parts`"),
        (
            facts.EvaluationFact,
            {"parts": {"test": {"rows": True, "targets": []}}},
            "`parts.test.rows` should be a whole",
        ),
        (
            facts.EvaluationFact,
            {"parts": {"test": {"rows": 2**63, "targets": []}}},
            "`parts.test.rows` should be a whole",
        ),
        (
            facts.EvaluationFact,
            evaluation(metrics={"auc": "high"}),
            'metrics.auc` should be a number or null, not "high"',
        ),
        (facts.EvaluationFact, evaluation(metrics={"auc": math.inf}), "metrics.auc` should be a number or null"),
        (facts.EvaluationFact, evaluation(intervals={"auc": [0.1]}), "intervals.auc` should be a list of 2"),
        (
            facts.EvaluationFact,
            evaluation(classes=["a", 3]),
            "`parts.test.targets[0].classes[1]` should be text, not 3",
        ),
        (facts.EvaluationFact, evaluation(confusion=[[1]]), "targets[0]` should have a `confusion` of 2 rows"),
        (list[training_facts.StageFact], {"name": "main"}, "it should be a list, not a mapping of 1"),
        (list[training_facts.StageFact], [{"name": "main"}], "`[0]` has no `epochs`"),
        (training_facts.WeightsFact, {"layers": [{"name": "x"}]}, "`layers[0]` has no `hidden`"),
        (training_facts.HistogramFact, {"edges": [0, 1], "counts": [1, 2]}, "one edge more than counts"),
        (training_facts.LrCurve, {"rate": [0, 1], "smoothed": [1, 2]}, "only positive rates"),
    ],
)
def test_the_error_names_the_file_the_value_and_what_was_expected(kind, value, problem):
    assert problem in message(kind, value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read"),
        ('{"rows": ', "cannot be read"),
        ('{"rows": NaN}', "NaN is not a number"),
        ("[" * 100_000 + "]" * 100_000, "nested more than 100 deep"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested more than 100 deep"),
    ],
)
def test_what_is_no_sound_json_is_refused_before_it_is_used(tmp_path, text, problem):
    run = RunDir(tmp_path)
    run.facts.mkdir()
    (run.facts / "data.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem) as error:
        facts.read_fact(run, facts.DataFact)
    assert str(run.facts / "data.json") in str(error.value)


def test_brackets_in_text_are_no_nesting(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"text": "[{" * 500 + '\\"[' * 200}), encoding="utf-8")
    assert files.load_json(path)["text"].count("[") == 700


def test_a_file_that_is_too_large_or_no_file_is_not_opened(tmp_path, monkeypatch):
    run = RunDir(tmp_path)
    run.write_fact("data", {"rows": {}, "targets": []})
    monkeypatch.setattr(files, "MAX_JSON_BYTES", 10)
    with pytest.raises(InputError, match="larger than"):
        facts.read_fact(run, facts.DataFact)
    (run.facts / "data.json").unlink()
    assert facts.read_fact(run, facts.DataFact) is None
    os.mkfifo(run.facts / "data.json")
    with pytest.raises(InputError, match="not a regular file"):
        facts.read_fact(run, facts.DataFact)
