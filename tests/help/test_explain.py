"""`explain`: every word of the language is found, told, and shown in an example that is valid."""

import subprocess
import sys

import pytest

from kerasdeep import catalog
from kerasdeep.config import load_config
from kerasdeep.config.checks import WARNINGS
from kerasdeep.errors import InputError
from kerasdeep.help import explain
from kerasdeep.help.lookup import settings_by_path
from kerasdeep.help.topics import COMMON_LAYER_ARGUMENTS
from kerasdeep.help.yaml_format import format_number, to_block, to_flow

ENTRIES = [(family, name) for family in catalog.families() for name in catalog.entries(family)]


@pytest.fixture
def load(tmp_path):
    """Loads an example as a user would paste it: in a file of its own, on top of the quickstart."""

    def load(example):
        file = tmp_path / "example.yaml"
        file.write_text(example if example.startswith("extends") else f"extends: quickstart\n{example}\n")
        return load_config(file)

    return load


@pytest.mark.parametrize("family", catalog.families())
def test_every_name_has_a_valid_example(family, load):
    for name, entry in catalog.entries(family).items():
        topic = next(one for one in explain(name) if one.name == name and family in one.kind)
        if entry.refused:
            assert topic.example is None
            assert ("refused", entry.refused) in topic.facts
        else:
            load(topic.example)
            assert name in topic.example or entry.shorthand in topic.example


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("family", catalog.families())
def test_every_argument_has_a_valid_example(family, every, load):
    for name, entry in list(catalog.entries(family).items())[::every]:
        for argument in entry.arguments.values():
            if argument.name in COMMON_LAYER_ARGUMENTS and name not in ("Dense", "Conv2D", "LSTM", "Add"):
                continue  # the same for every layer
            found = [one for one in explain(f"{name}.{argument.name}") if one.name == f"{name}.{argument.name}"]
            assert found
            for topic in found:
                if topic.example:
                    load(topic.example)
                    assert argument.name in topic.example
                else:
                    assert entry.refused or argument.refused


@pytest.mark.parametrize("section", sorted({path.split(".")[0] for path in settings_by_path()}))
def test_every_setting_has_a_valid_example(section, load):
    for path in settings_by_path():
        if path.split(".")[0] != section:
            continue
        topic = explain(path)[0]
        assert topic.name == path
        assert topic.doc, path
        value = load(topic.example).config
        for key in path.split(".")[:-1]:
            if key == "NAME":
                value = next(reversed(value.values()))
            else:
                value = value[int(key)] if key.isdecimal() else getattr(value, key)
        if path != "extends":
            assert value.location(path.rpartition(".")[2]), f"the example of {path} does not write it"


@pytest.mark.parametrize("name", WARNINGS)
def test_every_warning_is_told(name, load):
    (topic,) = explain(name)
    assert topic.kind == "warning"
    load(topic.example)


def test_any_spelling_finds_the_name():
    for spelling in ("HeNormal", "he_normal", "henormal", "HENORMAL"):
        assert explain(spelling)[0].name == "HeNormal"


def test_a_name_of_two_families_is_told_twice():
    kinds = {topic.kind.split()[0] for topic in explain("prelu")}
    assert kinds == {"activation", "layer"}
    found = explain("dropout")
    noise = "stages.0.pretrain.autoencoder.noise.dropout"
    assert [topic.name for topic in found] == ["regularization.dropout", noise, "Dropout"]


def test_a_family_lists_its_names_in_singular_and_plural():
    for word in ("optimizer", "optimizers"):
        topic = next(one for one in explain(word) if one.kind == "family of names")
        assert {"AdamW", "SGD"} <= {row.name for row in topic.rows}


def test_an_argument_alone_lists_who_has_it():
    topic = explain("momentum")[-1]
    assert {"SGD.momentum", "RMSprop.momentum"} <= {row.name for row in topic.rows}


def test_facts_name_type_default_and_bounds():
    facts = dict(explain("training.early_stopping.patience")[0].facts)
    assert facts["type"] == "a whole number, at least 0"
    assert facts["default"] == "10"
    assert dict(explain("optimizer.AdamW.weight_decay")[0].facts)["default"] == "0.004"


def test_without_a_word_the_whole_file_is_told():
    (topic,) = explain()
    assert {"data", "network", "training"} <= {row.name for row in topic.rows}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("AdmW", "AdamW"),
        ("training.epoch", "training.epochs"),
        ("trainng.epochs", "training.epochs"),
        ("AdamW.weigt_decay", "AdamW.weight_decay"),
        ("optimizer.Adm.beta_1", "Adam.beta_1"),
        ("selu-input", "selu-inputs"),
        ("patiense", "patience"),
    ],
)
def test_a_miss_suggests_what_was_meant(typed, meant):
    with pytest.raises(InputError) as caught:
        explain(typed)
    assert caught.value.problems[0].suggestion == meant
    assert explain(meant)


def test_a_word_like_nothing_is_refused_without_a_suggestion():
    with pytest.raises(InputError) as caught:
        explain("qqqqxyz")
    assert caught.value.problems[0].suggestion is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1e-5"),
        (0.001, "0.001"),
        (300, "300"),
        ("10 epochs", "10 epochs"),
        ("001", '"001"'),
        ("no", '"no"'),
        ("1e5", '"1e5"'),
        ("a: b", '"a: b"'),
        ("", '""'),
        ({"Adam": {"epsilon": 1e-7}}, "{Adam: {epsilon: 1e-7}}"),
        ([None, True], "[null, true]"),
    ],
)
def test_values_are_written_so_that_they_read_back(value, text):
    from kerasdeep.catalog.types import to_python
    from kerasdeep.yaml_nodes import parse_yaml

    assert to_flow(value) == text
    assert to_python(parse_yaml(text, "test")) == value


def test_layers_are_written_in_lines():
    tree = {"network": {"layers": ["Flatten", {"Dense": {"units": 10, "activation": "elu"}}]}}
    assert to_block(tree).splitlines() == [
        "network:",
        "  layers:",
        "    - Flatten",
        "    - Dense: {units: 10, activation: elu}",
    ]
    assert format_number(1e-7) == "1e-7"


def test_it_imports_nothing_heavy():
    code = (
        "import sys; from kerasdeep.help import explain; explain('AdamW');"
        "print([m for m in ('keras', 'numpy', 'pandas', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
