"""Runs that went wrong in known ways get the advice that mends them, as settings that can be followed."""

import pytest

from kerasdeep.advice import RunEvidence, find_verdicts
from kerasdeep.config import Overrides, load_config
from kerasdeep.runs.facts import (
    ClassScores,
    DataFact,
    EvaluationFact,
    PartMetrics,
    ResultFact,
    TargetMetrics,
    TargetProfile,
)
from kerasdeep.runs.training_facts import LayerSummary, NetworkFact

NET = {
    "version": 1,
    "data": {"source": "digits", "validation": 197},
    "network": ["Flatten", {"Dense": 20}, "Output"],
    "optimizer": {"Nadam": {"learning_rate": 1e-3}},
}
FALLING = [2.3, 2.1, 1.9, 1.6, 1.3]
LEVEL = [1.0, 0.5, 0.4, 0.39, 0.39, 0.39]
HEAD_ONLY = ['pretrained="application:MobileNet"', "network=[Output]", "stages=[{train: head, epochs: 4}]"]


def evidence(sets=(), train=LEVEL, held_out=None, **facts):
    rows = [
        {"stage": "main", "epoch": n, "loss": a, "val_loss": b}
        for n, (a, b) in enumerate(zip(train, held_out or train, strict=True), 1)
    ]
    return RunEvidence(load_config(NET, Overrides(sets)).config, rows, **facts)


def imbalanced(kind, counts, recalls):
    names = [f"class_{n}" for n in range(len(counts))]
    scores = [ClassScores(name, recall=recall) for name, recall in zip(names, recalls, strict=True)]
    targets = [TargetMetrics("t", kind, {}, classes=names, per_class=scores)]
    return {
        "data": DataFact({}, [TargetProfile("t", kind, names, {"train": counts})]),
        "evaluation": EvaluationFact({"validation": PartMetrics(100, targets)}),
    }


def scored(value):
    return {"result": ResultFact(metrics={"val_accuracy": value}, baseline={"val_accuracy": 0.1})}


DENSE = NetworkFact([LayerSummary("flatten_1", "Flatten"), LayerSummary("dense_1", "Dense", parameters=9)], 9)
RAW = {"data": DataFact({}, [], input_rms={"input": 90.0}, input_shapes={"input": [28, 28]}), "network": DENSE}
RATE = "optimizer.Nadam.learning_rate"

AT_FAULT = {
    "too few epochs": (evidence(train=FALLING), "underfitting", {"training.epochs": 40}),
    "two epochs": (evidence(["training.epochs=2"], [2.3, 2.0]), "underfitting", {"training.epochs": 20}),
    "one epoch": (evidence(["training.epochs=1"], [2.3]), "underfitting", {"training.epochs": 20}),
    "the last of two stages": (
        evidence(["stages=[{train: head, epochs: 2}, {train: all, epochs: 4}]"], FALLING),
        "underfitting",
        {"stages.1.epochs": 8},
    ),
    "a rate that diverges": (evidence(train=[1.0, 2.0, float("nan")]), "rate_too_high", {RATE: 1e-4}),
    "a rate at which the loss jumps": (
        evidence([f"{RATE}=0.1"], [1.0, 0.8, 0.9, 0.7, 0.8]),
        "rate_too_high",
        {RATE: 0.01},
    ),
    "a rate at which nothing is learned": (evidence([f"{RATE}=1"], **scored(0.1)), "rate_too_high", {RATE: 0.032}),
    "a rate that leads nowhere": (evidence([f"{RATE}=1e-6"], [2.3, 2.29, 2.28]), "rate_too_low", {RATE: 1e-3}),
    "a rate at which little is learned": (
        evidence([f"{RATE}=1e-5"], [0.75, 0.74, 0.73, 0.72, 0.70, 0.69]),
        "rate_too_low",
        {RATE: 1e-3},
    ),
    "pixels that are not scaled": (evidence(["data.scaling=none"], **RAW), "unscaled_inputs", {"data.scaling": "unit"}),
    "a rare class of two": (
        evidence(**imbalanced("binary", [900, 50], [1.0, 0.3])),
        "imbalanced_classes",
        {"threshold": "f1"},
    ),
    "a rare class of three": (
        evidence(**imbalanced("multiclass", [900, 50, 800], [1.0, 0.3, 1.0])),
        "imbalanced_classes",
        {"data.class_weight": "balanced"},
    ),
    "no better than one answer, held back": (
        evidence(["regularization.l2=1.0"], **scored(0.11)),
        "underfitting",
        {"regularization.l2": None},
    ),
}


@pytest.mark.parametrize("case", AT_FAULT)
def test_each_fault_gets_its_advice_first(case):
    run, name, overrides = AT_FAULT[case]
    verdict = find_verdicts(run)[0]
    assert (verdict.name, verdict.overrides) == (name, overrides) and verdict.evidence.endswith(".")


def test_overfitting_is_held_back_by_the_best_epoch_and_dropout():
    losses = [1.0, 0.6, 0.4, 0.2, 0.1], [1.1, 0.8, 0.7, 0.8, 0.9]
    (verdict,) = find_verdicts(evidence([], *losses))
    assert verdict.name == "overfitting"
    followed = load_config(NET, Overrides(verdict.sets)).config
    assert followed.training.early_stopping.monitor == "val_loss" and followed.regularization.dropout.rate == 0.3
    assert find_verdicts(evidence(verdict.sets, *losses)) == []


def test_a_frozen_body_gets_a_stage_that_trains_it():
    (verdict,) = find_verdicts(evidence(HEAD_ONLY))
    assert verdict.name == "frozen_layers"
    followed = load_config(NET, Overrides([*HEAD_ONLY, *verdict.sets])).config
    assert [stage.train for stage in followed.stages] == ["head", ["all", "!norms"]]
    assert followed.stages[1].optimizer.arguments["learning_rate"] == 1e-4
    assert verdict.remedy.startswith("# in stages:\n")


SOUND = {
    "a loss that levelled off": evidence(),
    "nothing yet": evidence(train=[]),
    "a rare class that is found": evidence(**imbalanced("binary", [900, 50], [1.0, 0.95])),
    "weights on the classes": evidence(
        ["data.class_weight=balanced"], **imbalanced("multiclass", [900, 50, 800], [1.0, 0.3, 1.0])
    ),
    "layers that scale what comes in": evidence(
        ["data.scaling=none"],
        **{**RAW, "network": NetworkFact([LayerSummary("bn", "BatchNormalization"), *DENSE.layers], 9)},
    ),
    "a body that is trained after its head": evidence(
        [*HEAD_ONLY[:2], "stages=[{train: head, epochs: 4}, {train: all, epochs: 6}]"]
    ),
}


@pytest.mark.parametrize("case", SOUND)
def test_a_run_that_went_well_gets_none(case):
    assert find_verdicts(SOUND[case]) == []


def test_advice_is_a_command_that_can_be_pasted():
    (verdict,) = find_verdicts(evidence(["training.epochs=2"], [2.3, 2.0]))
    assert verdict.command(["my runs/a-1"]) == "kerasdeep train 'my runs/a-1' --set training.epochs=20"
    assert verdict.remedy == "training: {epochs: 20}" and verdict.as_dict()["overrides"] == {"training.epochs": 20}
