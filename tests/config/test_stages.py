"""Stages as written: what they inherit, what selectors mean, and what does not go together."""

from dataclasses import replace

import pytest

from kerasdeep.config import Overrides, load_config, resolved
from kerasdeep.config.sections.stages import SelectableLayer, select_layers
from kerasdeep.errors import InputError

TOP = """
data: {source: digits, validation: 0.1}
network: [Flatten, Dense: 30, Dense: 20, Output]
optimizer: {SGD: {learning_rate: 0.1}}
schedule: {exponential: 2 epochs}
training: {epochs: 7, early_stopping: 3}
"""
LAYERS = [
    SelectableLayer("flatten_1", False),
    SelectableLayer("dense_1", True),
    SelectableLayer("dense_1_bn", True, norm=True),
    SelectableLayer("dense_2", True),
    SelectableLayer("output", True, head=True),
]


def load(tmp_path, text, **more):
    path = tmp_path / "staged.yaml"
    path.write_text(TOP + text, encoding="utf-8")
    return load_config(path, Overrides(**more)).config


def test_a_stage_takes_from_the_top_level_what_it_leaves_out(tmp_path):
    first, second = load(
        tmp_path,
        "stages: [{train: head}, {name: fine, epochs: 2, schedule: null, early_stopping: null, optimizer: Adam}]",
    ).stages
    assert (first.name, first.epochs, first.optimizer.name, first.schedule.name) == (
        *("stage_1", 7, "SGD", "Exponential"),
    )
    assert first.early_stopping.patience == 3
    assert (second.name, second.epochs, second.optimizer.name) == ("fine", 2, "Adam")
    assert second.schedule is None and second.early_stopping is None


def test_resolved_stages_read_back_as_they_are(tmp_path):
    one = load(
        tmp_path,
        "stages: [{train: [head, '!x*'], rates: {head: 2}, schedule: null}, {unfreeze: gradually}]",
        sets=["stages.1.schedule=null", "stages.0.epochs=3"],
    )
    path = tmp_path / "resolved.yaml"
    path.write_text(resolved.resolved_yaml(one), encoding="utf-8")
    again = load_config(path).config
    assert resolved.resolved_yaml(again) == resolved.resolved_yaml(one)
    pairs = zip(again.stages, one.stages, strict=True)
    assert all(replace(back, optimizer=stage.optimizer) == stage for back, stage in pairs)
    assert [stage.optimizer.name for stage in again.stages] == [stage.optimizer.name for stage in one.stages]
    assert one.stages[0].epochs == 3 and one.stages[1].unfreeze.factor == 2.6


def test_epochs_for_a_file_with_stages_says_what_to_write(tmp_path):
    flags = {"training.epochs": ("--epochs", "3")}
    with pytest.raises(InputError, match=r"--set stages\.N\.epochs=3, N from 0 to 1"):
        load(tmp_path, "stages: [{train: head}, {train: all}]", flags=flags)
    assert load(tmp_path, "stages: []", flags=flags).training.epochs == 3


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("all", ["flatten_1", "dense_1", "dense_1_bn", "dense_2", "output"]),
        ("head", ["output"]),
        ("last:1", ["dense_2", "output"]),
        ("first:2", ["dense_1", "dense_1_bn"]),
        ("dense_1*", ["dense_1", "dense_1_bn"]),
        (["head", "dense_1"], ["dense_1", "output"]),
        (["all", "!*_bn"], ["flatten_1", "dense_1", "dense_2", "output"]),
        (["all", "!norms"], ["flatten_1", "dense_1", "dense_2", "output"]),
        ("norms", ["dense_1_bn"]),
        (["!*_bn", "!head"], ["flatten_1", "dense_1", "dense_2"]),
    ],
)
def test_what_a_selector_means(selector, names):
    assert select_layers(selector, LAYERS, "train") == names


def test_norms_may_be_taken_from_a_network_that_has_none():
    assert select_layers(["all", "!norms"], [SelectableLayer("dense_1", True)], "train") == ["dense_1"]
    with pytest.raises(InputError, match="`norms` matches no layer"):
        select_layers("norms", [SelectableLayer("dense_1", True)], "train")


@pytest.mark.parametrize("selector", ["dense_3", "last:9", "first:0", ["head", "!conv*"], "heads"])
def test_a_selector_that_means_nothing_lists_the_names(selector):
    with pytest.raises(InputError, match=r"dense_1, dense_1_bn, dense_2, output"):
        select_layers(selector, LAYERS, "stages.0.train")


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ("[{name: a}, {name: a}]", "two stages are called `a`"),
        ("[{optimizer_state: keep, schedule: null}]", "no optimizer state to keep"),
        ("[{schedule: null}, {optimizer_state: keep}]", "counts the optimizer's steps"),
        ("[{optimizer: Adam}, {optimizer_state: keep, schedule: null}]", "cannot go on with the state of Adam"),
        ("[{unfreeze: gradually}]", "would start anew with every block"),
        ("[{unfreeze: gradually, schedule: null, rates: {head: 2}}]", "sets the rates of its blocks itself"),
        ("[{rates: {head: 0}}]", "Expected a number above 0"),
        ("[{optimizer: {SGD: {global_clipnorm: 1.0}}, rates: {head: 2}}]", "Use `clipnorm`"),
        ("[{trian: head}]", "`trian` is not a setting of stages.0"),
        ("[{epochs: 0}]", "epochs"),
        ("{train: head}", "Expected a list"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, stages, said):
    with pytest.raises(InputError, match=said):
        load(tmp_path, f"stages: {stages}")
