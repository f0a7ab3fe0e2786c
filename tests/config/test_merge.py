"""Files, profiles, variants, `--set` and flags over each other: DESIGN's merge rule."""

from __future__ import annotations

import pytest

from kerasdeep.catalog import Choice
from kerasdeep.config import Overrides, load_config
from kerasdeep.errors import InputError

BASE = """
data: {source: digits, validation: {last: 300}}
network:
  layers:
    - Flatten
    - Dense: 100
    - Dense: {units: 50, activation: elu}
    - Output
regularization: {l2: 1e-4, dropout: 0.2}
optimizer: {Nadam: {learning_rate: 0.002, clipnorm: 1.0}}
schedule: {one_cycle: {max_rate: 0.05, start_rate: 0.01}}
metrics: [accuracy, top_k_categorical_accuracy]
training: {epochs: 25, early_stopping: 10}
allow: [unused-learning-rate]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


@pytest.fixture
def load(folder):
    def load(text="extends: base.yaml\n", name="experiment.yaml", **more):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return load_config(path, Overrides(**more))

    return load


@pytest.fixture
def put(load):
    """The base with `--set` texts over it."""
    return lambda *sets: load(sets=sets).config


def problem(caught) -> str:
    (one,) = caught.value.problems
    return str(one)


# extends


def test_a_file_takes_over_what_it_does_not_say(load):
    merged = load("extends: base.yaml\ntraining: {batch_size: 64}\n").config
    assert (merged.training.epochs, merged.training.batch_size) == (25, 64)
    assert merged.regularization.l2 == 1e-4
    assert merged.extends is None


def test_a_shipped_name_can_be_extended_and_a_file_beside_it_goes_first(load, folder):
    assert load("extends: quickstart\n").config.name == "quickstart"
    (folder / "quickstart").write_text(BASE + "name: mine\n")
    assert load("extends: quickstart\n").config.name == "mine"


def test_several_files_are_put_on_first_to_last(load, folder):
    (folder / "one.yaml").write_text("extends: base.yaml\ntraining: {epochs: 1, batch_size: 8}\n")
    (folder / "two.yaml").write_text("training: {epochs: 2}\n")
    merged = load("extends: [one.yaml, two.yaml]\n").config
    assert (merged.training.epochs, merged.training.batch_size) == (2, 8)
    assert load("extends: [two.yaml, one.yaml]\n").config.training.epochs == 1


def test_extends_is_found_from_the_file_that_says_it(load, folder):
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "middle.yaml").write_text("extends: ../base.yaml\ntraining: {epochs: 3}\n")
    merged = load("extends: ../middle.yaml\n", name="deep/er/last.yaml").config
    assert merged.training.epochs == 3
    assert merged.name == "last"


def test_a_circle_is_refused_where_it_closes(load, folder):
    (folder / "a.yaml").write_text("extends: b.yaml\n")
    (folder / "b.yaml").write_text("seed: 1\nextends: a.yaml\n")
    with pytest.raises(InputError, match="is circular") as caught:
        load_config(folder / "a.yaml")
    assert str(folder / "b.yaml:2:10") in problem(caught)
    with pytest.raises(InputError, match="is circular"):
        load("extends: experiment.yaml\n")


def test_what_is_in_no_file_is_in_no_circle(load, folder, monkeypatch):
    """A mapping, or what `finetune` writes, that extends a file with the name it would have."""
    monkeypatch.chdir(folder)
    load("extends: base.yaml\ntraining: {epochs: 7}\n")
    assert load_config({"extends": "experiment.yaml"}).config.training.epochs == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: bas.yaml\n", "no such file"),
        ("extends: quickstrat\n", "Did you mean quickstart?"),
        ("extends: [base.yaml, [x]]\n", "Expected a name or path"),
        ("extends: {a: 1}\n", "Expected a name or path"),
    ],
)
def test_a_base_that_is_not_there_is_refused_at_its_mark(load, text, said):
    with pytest.raises(InputError) as caught:
        load(text)
    assert said in problem(caught)
    assert caught.value.problems[0].location.line == 1


def test_a_problem_in_the_base_is_told_with_the_base_s_line(load, folder):
    (folder / "wrong.yaml").write_text(BASE.replace("epochs: 25", "epochs: many"))
    with pytest.raises(InputError) as caught:
        load("extends: wrong.yaml\nseed: 1\n")
    assert problem(caught).startswith(f"{folder / 'wrong.yaml'}:13:")


def test_extends_that_fans_out_is_stopped(load, folder):
    for level in range(9):
        (folder / f"level{level}.yaml").write_text(f"extends: [{', '.join([f'level{level + 1}.yaml'] * 9)}]\n")
    (folder / "level9.yaml").write_text(BASE)
    with pytest.raises(InputError, match="more than 50 files"):
        load("extends: level0.yaml\n")


# what merges, what replaces, what deletes


def test_mappings_merge_and_lists_replace(load):
    merged = load("extends: base.yaml\nregularization: {l1: 0.1}\nmetrics: [accuracy]\n").config
    assert (merged.regularization.l1, merged.regularization.l2) == (0.1, 1e-4)
    assert [metric if isinstance(metric, str) else metric.name for metric in merged.metrics] == ["accuracy"]


def test_a_choice_of_the_same_name_merges_its_arguments(load):
    for written in ("nadam: {beta_1: 0.8}", "NADAM: {beta_1: 0.8}"):
        optimizer = load(f"extends: base.yaml\noptimizer: {{{written}}}\n").config.optimizer
        assert optimizer == Choice("optimizer", "Nadam", {"learning_rate": 0.002, "clipnorm": 1.0, "beta_1": 0.8})


def test_a_choice_of_another_name_replaces_all_of_it(load):
    assert load("extends: base.yaml\noptimizer: {SGD: {momentum: 0.9}}\n").config.optimizer.arguments == {
        "momentum": 0.9
    }
    assert load("extends: base.yaml\nschedule: {power: 5 epochs}\n").config.schedule.name == "Power"


def test_a_name_alone_is_the_choice_without_arguments(load):
    assert load("extends: base.yaml\noptimizer: SGD\n").config.optimizer.arguments == {}
    same = load("extends: base.yaml\noptimizer: Nadam\n").config.optimizer
    assert same.arguments == {"learning_rate": 0.002, "clipnorm": 1.0}


def test_a_mistyped_choice_is_not_mixed_with_the_one_below(load):
    with pytest.raises(InputError) as caught:
        load("extends: base.yaml\noptimizer: {SDG: {momentum: 0.9}}\n")
    assert "Did you mean SGD?" in problem(caught)


def test_null_deletes_a_setting_and_switches_a_section_off(load):
    merged = load(
        "extends: base.yaml\nregularization: {l2: null, dropout: null}\nschedule: null\ntraining: {epochs: null}\n"
    ).config
    assert (merged.regularization.l2, merged.regularization.dropout) == (0.0, None)
    assert merged.schedule is None
    assert merged.training.epochs == 20
    assert load("extends: base.yaml\ntraining: null\n").config.training.early_stopping is None
    assert load("extends: base.yaml\noptimizer: {Nadam: {clipnorm: null}}\n").config.optimizer.value("clipnorm") is None


def test_short_and_long_forms_are_the_same_thing(load):
    merged = load("extends: base.yaml\nregularization: {dropout: {input: true}}\n").config.regularization.dropout
    assert (merged.rate, merged.input) == (0.2, True)
    assert (
        load("extends: base.yaml\ntraining: {early_stopping: {monitor: loss}}\n").config.training
        == load_config(
            load("extends: base.yaml\ntraining: {early_stopping: {monitor: loss, patience: 10}}\n").path
        ).config.training
    )


# profiles and variants

STUDY = """
extends: base.yaml
profiles:
  fast: {training: {epochs: 2}, optimizer: {Nadam: {clipnorm: 2.0}}}
variants:
  sgd: {optimizer: {SGD: {learning_rate: 0.1}}, training: {epochs: 7}}
  plain: {regularization: null}
  as_it_is:
"""


def test_the_order_is_file_profile_variant_set_flags(load):
    def epochs(**more):
        return load(STUDY, **more).config.training.epochs

    assert epochs() == 25
    assert epochs(profile="fast") == 2
    assert epochs(profile="fast", variant="sgd") == 7
    assert epochs(profile="fast", variant="sgd", sets=["training.epochs=9"]) == 9
    flags = {"training.epochs": ("--epochs", "11")}
    assert epochs(profile="fast", variant="sgd", sets=["training.epochs=9"], flags=flags) == 11


def test_overrides_merge_like_files(load):
    assert load(STUDY, profile="fast").config.optimizer.arguments == {"learning_rate": 0.002, "clipnorm": 2.0}
    assert load(STUDY, variant="sgd").config.optimizer.name == "SGD"
    assert load(STUDY, variant="plain").config.regularization.l2 == 0.0
    assert load(STUDY, variant="as_it_is").config.training.epochs == 25


@pytest.mark.parametrize(("option", "word", "meant"), [("variant", "sdg", "sgd"), ("profile", "fats", "fast")])
def test_an_unknown_overlay_is_refused(load, option, word, meant):
    with pytest.raises(InputError) as caught:
        load(STUDY, **{option: word})
    assert problem(caught).startswith(f"--{option}: the file has no {option} `{word}`.")
    assert caught.value.problems[0].suggestion == meant


def test_a_mistake_in_a_variant_that_nobody_chose_is_told(load):
    with pytest.raises(InputError) as caught:
        load(STUDY.replace("learning_rate: 0.1", "learning_rat: 0.1"))
    assert "experiment.yaml:6:" in problem(caught)
    with pytest.raises(InputError, match="Expected a mapping of overrides"):
        load("extends: base.yaml\nvariants: {a: 5}\n")


def test_a_variant_that_fights_the_file_is_told(load):
    with pytest.raises(InputError, match="does not have"):
        load("extends: base.yaml\nvariants: {a: {optimizer: Lion, schedule: {one_cycle: {momentum: [0.9, 0.8]}}}}\n")


# --set


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("training.epochs=5", lambda s: s.training.epochs, 5),
        ("seed=7", lambda s: s.seed, 7),
        ("optimizer.Nadam.learning_rate=1e-2", lambda s: s.optimizer.arguments["learning_rate"], 0.01),
        ("optimizer.nadam.learning_rate=0.5", lambda s: s.optimizer.arguments["learning_rate"], 0.5),
        ("optimizer.SGD.momentum=0.9", lambda s: (s.optimizer.name, s.optimizer.arguments), ("SGD", {"momentum": 0.9})),
        ("optimizer=adam", lambda s: s.optimizer.name, "Adam"),
        ("optimizer={SGD: {momentum: 0.9}}", lambda s: s.optimizer.arguments, {"momentum": 0.9}),
        ("schedule=null", lambda s: s.schedule, None),
        ("schedule.one_cycle.max_rate=0.1", lambda s: s.schedule.arguments["max_rate"], 0.1),
        ("schedule.one_cycle=0.1", lambda s: s.schedule.arguments["max_rate"], 0.1),
        ("network.layers.1.Dense.units=7", lambda s: s.network.layers[1].arguments["units"], 7),
        ("network.layers.1.Dense=7", lambda s: s.network.layers[1].arguments["units"], 7),
        ("network.layers.1={Dense: 7}", lambda s: s.network.layers[1].arguments["units"], 7),
        ("network.layers.2.dense.activation=selu", lambda s: s.network.layers[2].arguments["activation"].name, "selu"),
        ("network.layers.0=null", lambda s: [layer.name for layer in s.network.layers], ["Dense", "Dense", "Output"]),
        ("network.layers=[Flatten, Output]", lambda s: len(s.network.layers), 2),
        ("regularization.dropout=0.5", lambda s: s.regularization.dropout.rate, 0.5),
        (
            "regularization.dropout.input=yes",
            lambda s: (s.regularization.dropout.rate, s.regularization.dropout.input),
            (0.2, True),
        ),
        ("regularization.batch_norm.momentum=0.9", lambda s: s.regularization.batch_norm.momentum, 0.9),
        ("regularization.l2=null", lambda s: s.regularization.l2, 0.0),
        ("data.validation=0.2", lambda s: (s.data.validation.fraction, s.data.validation.last), (0.2, None)),
        ("data.validation=null", lambda s: s.data.validation, None),
        ("data.source='digits'", lambda s: s.data.source, "digits"),
        ("name=001", lambda s: s.name, "001"),
        ("description=a = b", lambda s: s.description, "a = b"),
        ("metrics.0=mse", lambda s: s.metrics[0].name, "MeanSquaredError"),
    ],
)
def test_set_puts_one_value(put, text, read, value):
    sets = [text]
    if text == "data.validation=null":
        sets.append("training.early_stopping=null")
    if "seul" in text or "selu" in text:
        sets.append("allow=[selu-inputs, selu-penalty, selu-dropout, unused-learning-rate]")
    assert read(put(*sets)) == value


def test_sets_are_put_on_one_after_the_other(put):
    merged = put("network.layers.0=null", "network.layers.0.Dense.units=3", "seed=1", "seed=2")
    assert merged.network.layers[0].arguments["units"] == 3
    assert merged.seed == 2
    assert [stage.epochs for stage in put("stages=[{epochs: 2}]", "stages.1={epochs: 3}").stages] == [2, 3]


@pytest.mark.parametrize(
    ("text", "said", "meant"),
    [
        ("training.epoch=5", "`epoch` is not a setting here", "epochs"),
        ("trainin.epochs=5", "`trainin` is not a setting here", "training"),
        ("optimizer.learning_rate=1", "Write its name first: `Nadam.learning_rate`", None),
        ("optimizer.Nadam.learning_rat=1", "`learning_rat` is not an argument of Nadam", "learning_rate"),
        ("network.layers.9.Dense.units=1", "`9` is not an index of this list of 4", None),
        ("network.layers.x=1", "`x` is not an index of this list of 4", None),
        ("network.layers.-1=1", "`-1` is not an index of this list of 4", None),
        ("training.epochs.more=1", "nothing can be set below a value", None),
        ("training.epochs", "has no `=`", None),
        ("=5", "has no `=`", None),
        ("training.epochs=many", "is many", None),
        ("training.epochs=[1", "not YAML", None),
        ("training..epochs=5", "`` is not a setting here", None),
    ],
)
def test_a_set_that_leads_nowhere_is_refused(put, text, said, meant):
    with pytest.raises(InputError) as caught:
        put(text)
    assert said in problem(caught)
    assert problem(caught).startswith("--set")
    if meant:
        assert caught.value.problems[0].suggestion == meant


# marks


def test_every_value_keeps_the_mark_of_where_it_was_written(load, folder):
    loaded = load(
        "extends: base.yaml\nseed: 4\noptimizer: {Nadam: {beta_1: 0.8}}\n",
        sets=["training.epochs=3"],
        flags={"training.batch_size": ("--batch", "8")},
    )
    merged = loaded.config
    assert str(merged.location("seed")) == f"{loaded.path}:2:7"
    assert str(merged.training.location("early_stopping")).startswith(f"{folder / 'base.yaml'}:13:")
    assert str(merged.training.location("epochs")) == "--set training.epochs"
    assert str(merged.training.location("batch_size")) == "--batch"
    arguments = loaded.tree.get("optimizer").pairs["Nadam"].value
    assert str(arguments.get("beta_1").location) == f"{loaded.path}:3:29"
    assert str(arguments.get("clipnorm").location).startswith(str(folder / "base.yaml"))


def test_a_mistake_in_a_set_is_told_with_its_path(put):
    with pytest.raises(InputError) as caught:
        put("optimizer.Nadam.learning_rate=fast")
    assert problem(caught).startswith("--set optimizer.Nadam.learning_rate: `optimizer.Nadam.learning_rate` is fast.")


# relative paths


def test_a_relative_path_belongs_to_the_file_that_wrote_it(load, folder, monkeypatch):
    (folder / "far").mkdir()
    (folder / "far" / "data.yaml").write_text(
        "data: {source: rows.csv, target: y, validation: held.csv}\nnetwork: [Dense: 3, Output]\n"
    )
    data = load("extends: far/data.yaml\n").config.data
    assert data.source == str(folder / "far" / "rows.csv")
    assert data.validation.path == str(folder / "far" / "held.csv")
    data = load("extends: far/data.yaml\ndata: {source: own.csv}\n").config.data
    assert data.source == str(folder / "own.csv")
    assert data.validation.path == str(folder / "far" / "held.csv")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    data = load("extends: far/data.yaml\n", sets=["data.source=here.csv"]).config.data
    assert data.source == str(folder / "elsewhere" / "here.csv")


def test_a_path_that_begins_with_home_is_the_user_s(load, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = "data: {source: ~/rows.csv, target: y}\nnetwork: [Dense: 3, Output]\n"
    assert load(text).config.data.source == str(tmp_path / "home" / "rows.csv")
