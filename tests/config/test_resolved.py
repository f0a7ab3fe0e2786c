"""resolved.yaml: every value and default, and the same experiment when it is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kerasdeep import collection
from kerasdeep.config import Config, load, load_config, resolved
from kerasdeep.config.optimizer_rules import overridden_arguments
from kerasdeep.config.resolved import LOAD_TIME_KEYS, choice_with_defaults
from kerasdeep.config.schema import settings_of

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "quickstart.resolved.yaml"
FILES = collection.collection_files()
TRICKY = {
    "adamw with the section's decay": "optimizer: AdamW\nregularization: {weight_decay: 0.01}",
    "1cycle over the default optimizer": "schedule: {one_cycle: {max_rate: 0.05, momentum: [0.95, 0.85]}}",
    "1cycle over SGD": "optimizer: SGD\nschedule: {one_cycle: {max_rate: 0.05, momentum: [0.95, 0.85]}}",
    "a rate that is not used": "optimizer: {SGD: 0.1}\nschedule: {one_cycle: 0.05}\nallow: [unused-learning-rate]",
    "a warm-up into a schedule with rates": "schedule: {linear_warmup: {warmup: 5%, schedule: {one_cycle: 0.05}}}",
    "stages": "optimizer: null\nstages: [{train: head, epochs: 2, schedule: {one_cycle: {max_rate: 0.1, momentum: "
    "[0.95, 0.85]}}}, {optimizer: {SGD: {learning_rate: 0.1}}, schedule: null, early_stopping: null}]",
    "durations": "schedule: {piecewise: {boundaries: [5 epochs, 60%], values: [0.1, 0.05, 0.01]}}",
    "a mapping of class weights": "data: {class_weight: {'0': 2.0, '1': 1}}",
    "text that looks like a number": "name: '001'\ndescription: 'yes'\ndata: {classes: ['1', '2', 'no']}",
    "an activation with arguments": "activation: {leaky_relu: 0.3}\ninitializer: {VarianceScaling: {scale: 2.0}}",
    "losses by name": "loss: {output: {Huber: {delta: 2}}}\nmetrics: [accuracy, {TopKCategoricalAccuracy: 3}]",
    "scaled loss": "optimizer: {LossScaleOptimizer: {AdamW: {learning_rate: 0.01}}}",
    "off": "data: {validation: null, test: null}\ntraining: {early_stopping: null}",
}


@pytest.fixture
def write(tmp_path):
    def write(text, name="experiment.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def plain(one: Config) -> Config:
    """The spec without what has done its work, and with the optimizer's defaults written out."""

    def filled(section):
        decided = overridden_arguments(section.optimizer, section.schedule, one.regularization)
        schedule = choice_with_defaults(section.schedule) if section.schedule else None
        return replace(section, optimizer=choice_with_defaults(section.optimizer, decided), schedule=schedule)

    stages = [filled(stage) for stage in one.stages]
    return replace(filled(one), stages=stages, **dict.fromkeys(LOAD_TIME_KEYS))


def test_quickstart_resolves_to_the_golden_file():
    found = resolved.resolved_yaml(load_config(FILES["quickstart"]).config)
    assert found == GOLDEN.read_text(encoding="utf-8"), (
        "the language's defaults or the quickstart changed; if that was meant, write tests/golden anew"
    )


def test_every_setting_is_there_but_those_that_have_done_their_work():
    found = resolved.resolve(load_config(FILES["quickstart"]).config)
    assert list(found) == [key for key in settings_of(Config) if key not in LOAD_TIME_KEYS]
    assert found["optimizer"]["Nadam"]["beta_1"] == 0.9


@pytest.mark.parametrize("name", FILES)
def test_every_shipped_file_survives_the_round_trip(name, write):
    assert_round_trip(load_config(FILES[name]), write)


@pytest.mark.parametrize("extra", TRICKY.values(), ids=TRICKY)
def test_what_is_tricky_survives_the_round_trip(extra, write):
    assert_round_trip(load_config(write(f"extends: quickstart\n{extra}\n")), write)


def assert_round_trip(loaded, write):
    text = resolved.resolved_yaml(loaded.config)
    again = load_config(write(text, "resolved.yaml"))
    assert plain(again.config) == plain(loaded.config)
    assert resolved.resolved_yaml(again.config) == text
    assert [warning.name for warning in again.warnings] == [warning.name for warning in loaded.warnings]


def test_a_relative_source_becomes_the_path_it_meant(write):
    loaded = load_config(write("data: {source: here.csv, target: y}\nnetwork: [Dense: 3, Output]\n"))
    source = yaml.safe_load(resolved.resolved_yaml(loaded.config))["data"]["source"]
    assert source == str(loaded.path.parent / "here.csv")


def test_what_another_section_decides_is_left_out(write):
    text = "extends: quickstart\noptimizer: SGD\nschedule: {one_cycle: {max_rate: 0.05, momentum: [0.95, 0.85]}}\n"
    optimizer = resolved.resolve(load_config(write(text)).config)["optimizer"]["SGD"]
    assert not {"learning_rate", "momentum"} & set(optimizer)
    assert optimizer["nesterov"] is False


def test_settings_that_came_after_a_run_have_their_defaults():
    """A run of 0.1 can be resumed and is not trained again."""
    text = (GOLDEN.parent / "runs-0.1" / "tab-1" / "resolved.yaml").read_text(encoding="utf-8")
    settings = load.recorded_settings(text)
    assert settings["data.header"] == "auto" and "data.header" not in resolved.flatten_yaml(text)
    assert {**settings, **resolved.flatten_yaml(text)} == settings
    again = resolved.resolved_yaml(load.parse_resolved(text))
    assert settings == resolved.flatten_yaml(again)
