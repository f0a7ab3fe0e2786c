"""Reading, canonicalising and writing choices: every spelling, and a useful message for every mistake."""

import pytest
import yaml
from helpers.catalog_cases import MISTAKES, SPELLINGS, layer

from kerasdeep import catalog
from kerasdeep.catalog import Choice
from kerasdeep.errors import Problems
from kerasdeep.yaml_nodes import parse_yaml


def read(family, text):
    report = Problems()
    choice = catalog.read_choice(family, parse_yaml(text, "f.yaml"), report, "here")
    return choice, report.items


def accepted(family, text):
    choice, problems = read(family, text)
    assert not problems
    return choice


def problem(family, text):
    choice, problems = read(family, text)
    assert choice is None
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(("family", "text", "choice"), SPELLINGS)
def test_spellings(family, text, choice):
    assert accepted(family, text) == choice


@pytest.mark.parametrize(("family", "text", "choice"), SPELLINGS)
def test_canonical_form_means_the_same_and_stays(family, text, choice):
    node = catalog.canonical_choice(family, parse_yaml(text, "f.yaml"))
    (name,) = node.pairs
    assert name == choice.name
    assert set(node.get(name).pairs) == set(choice.arguments)
    report = Problems()
    assert catalog.read_choice(family, node, report) == choice
    assert not report.items
    assert catalog.canonical_choice(family, node) == node


@pytest.mark.parametrize(("family", "text", "choice"), SPELLINGS)
def test_dumped_choices_read_back(family, text, choice):
    assert accepted(family, yaml.safe_dump(catalog.to_plain(choice))) == choice


@pytest.mark.parametrize("text", ["Denze: 300", "{Dense: 1, Flatten: 2}", "null", "[Dense]", "Conv2D: 3", "{}"])
def test_canonical_leaves_what_it_cannot_read(text):
    node = parse_yaml(text, "f.yaml")
    assert catalog.canonical_choice("layer", node) == node


def test_canonical_keeps_marks():
    node = catalog.canonical_choice("layer", parse_yaml("Bidirectional:\n  LSTM: 64\n", "f.yaml"))
    inner = node.get("Bidirectional").get("layer").get("LSTM").get("units")
    assert str(inner.location) == "f.yaml:2:9"


@pytest.mark.parametrize(("family", "text", "name", "suggestion", "column"), MISTAKES)
def test_mistakes(family, text, name, suggestion, column):
    found = problem(family, text)
    assert found.name == name
    assert found.suggestion == suggestion
    assert (found.location.line, found.location.column) == (1, column)
    assert found.message.rstrip().endswith(".")


@pytest.mark.parametrize(
    ("family", "text", "words"),
    [
        ("layer", "{Dense: 3, activation: relu}", "Indent activation below `Dense:`"),
        ("layer", "Lambda: x", "Python code"),
        ("layer", "Conv2D: 32", "`Conv2D: {filters: …, kernel_size: …}`"),
        ("layer", "Flatten: 3", "by name"),
        ("loss", "Adam", "Adam is an optimizer"),
        ("layer", "Dropout: 1.5", "at least 0 and at most 1"),
        ("layer", "Embedding: {input_dim: 3, output_dim: 2, weights: x}", "pretrained"),
        ("layer", "StringLookup: {vocabulary: words.txt}", "not read"),
        ("optimizer", "Nadam: {clipnorm: 1, clipvalue: 1}", "one of clipnorm, clipvalue, global_clipnorm"),
    ],
)
def test_messages_say_what_to_do(family, text, words):
    assert words in problem(family, text).message


def test_every_mistake_is_reported_at_once():
    _, problems = read("layer", "Dense: {unit: 3, activation: rellu, kernel_regularizer: {l2: x}, use_bias: 3}")
    assert [found.name for found in problems] == ["unknown-argument", "unknown-activation", "wrong-type", "wrong-type"]


def test_name_beside_and_inside_is_one_too_many():
    choice, problems = read("layer", "{Dense: {units: 3, name: a}, name: b}")
    assert choice is None
    assert [found.name for found in problems] == ["duplicate-key"]


def test_exact_accuracy_is_warned_of():
    choice, (warning,) = read("metric", "Accuracy")
    assert choice.name == "Accuracy"
    assert (warning.severity, warning.name) == ("warning", "exact-accuracy")


def test_values_are_written_ones_else_defaults():
    choice = accepted("layer", "Dense: {units: 3, use_bias: no}")
    assert choice.value("units") == 3
    assert choice.value("use_bias") is False
    assert choice.value("activation") is None
    assert choice.value("kernel_initializer") == Choice("initializer", "GlorotUniform")
    with pytest.raises(KeyError):
        choice.value("unit")
    with pytest.raises(KeyError):
        layer("Dense").value("units")


def test_replace_adds_to_a_copy():
    choice = accepted("layer", "Dense: 3")
    assert choice.replace(name="a").arguments == {"units": 3, "name": "a"}
    assert choice.arguments == {"units": 3}
    assert choice.replace(name="a").location == choice.location
