"""Reading, canonicalising and writing choices: every spelling, and a useful message for every mistake."""

import pytest
import yaml

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


def layer(which, /, **arguments):
    return Choice("layer", which, arguments)


SPELLINGS = [
    ("layer", "Flatten", layer("Flatten")),
    ("layer", "Flatten:", layer("Flatten")),
    ("layer", "Flatten: {}", layer("Flatten")),
    ("layer", "dense: 300", layer("Dense", units=300)),
    ("layer", "Dense: {units: 300}", layer("Dense", units=300)),
    ("layer", "batch_normalization", layer("BatchNormalization")),
    ("layer", "max_pool_2d: 2", layer("MaxPooling2D", pool_size=2)),
    ("layer", "MaxPool2D: [2, 3]", layer("MaxPooling2D", pool_size=[2, 3])),
    ("layer", "Reshape: [28, 28]", layer("Reshape", target_shape=[28, 28])),
    ("layer", "{Dense: 300, name: wide, inputs: [a, b]}", layer("Dense", units=300, name="wide", inputs=["a", "b"])),
    ("layer", "{Flatten: , name: flat}", layer("Flatten", name="flat")),
    (
        "layer",
        "Dense: {units: 3, activation: leaky_relu}",
        layer("Dense", units=3, activation=Choice("activation", "leaky_relu")),
    ),
    (
        "layer",
        "Dense: {units: 3, kernel_regularizer: {l2: 1e-4}, kernel_initializer: he_normal}",
        layer(
            "Dense",
            units=3,
            kernel_regularizer=Choice("regularizer", "L2", {"l2": 1e-4}),
            kernel_initializer=Choice("initializer", "HeNormal"),
        ),
    ),
    (
        "layer",
        "Activation: {leaky_relu: 0.1}",
        layer("Activation", activation=Choice("activation", "leaky_relu", {"negative_slope": 0.1})),
    ),
    ("layer", "Bidirectional: {LSTM: 64}", layer("Bidirectional", layer=layer("LSTM", units=64))),
    (
        "layer",
        "Bidirectional: {layer: {LSTM: 64}, merge_mode: sum}",
        layer("Bidirectional", layer=layer("LSTM", units=64), merge_mode="sum"),
    ),
    (
        "layer",
        "{Bidirectional: {LSTM: 64}, name: both}",
        layer("Bidirectional", layer=layer("LSTM", units=64), name="both"),
    ),
    ("layer", "TimeDistributed: Flatten", layer("TimeDistributed", layer=layer("Flatten"))),
    (
        "layer",
        "SpectralNormalization: {Conv2D: {filters: 3, kernel_size: 3}}",
        layer("SpectralNormalization", layer=layer("Conv2D", filters=3, kernel_size=3)),
    ),
    ("layer", "RNN: {cell: {GRUCell: 32}}", layer("RNN", cell=layer("GRUCell", units=32))),
    ("layer", "RNN: {GRUCell: 32}", layer("RNN", cell=layer("GRUCell", units=32))),
    (
        "layer",
        "RNN: [GRUCell: 3, LSTMCell: 4]",
        layer("RNN", cell=[layer("GRUCell", units=3), layer("LSTMCell", units=4)]),
    ),
    (
        "layer",
        "StackedRNNCells: [GRUCell: 3, LSTMCell: 4]",
        layer("StackedRNNCells", cells=[layer("GRUCell", units=3), layer("LSTMCell", units=4)]),
    ),
    (
        "layer",
        "Pipeline: [Rescaling: 0.1, {RandomFlip: horizontal}]",
        layer("Pipeline", layers=[layer("Rescaling", scale=0.1), layer("RandomFlip", mode="horizontal")]),
    ),
    ("layer", "repeat: {times: 2, layers: [Dense: 3]}", layer("Repeat", times=2, layers=[layer("Dense", units=3)])),
    ("layer", "residual: [Dense: 3]", layer("Residual", layers=[layer("Dense", units=3)])),
    ("optimizer", "Nadam: 1e-3", Choice("optimizer", "Nadam", {"learning_rate": 1e-3})),
    ("optimizer", "lamb", Choice("optimizer", "Lamb")),
    ("optimizer", "adam_w: {clipnorm: 1}", Choice("optimizer", "AdamW", {"clipnorm": 1.0})),
    (
        "optimizer",
        "LossScaleOptimizer: {SGD: 0.1}",
        Choice(
            "optimizer", "LossScaleOptimizer", {"inner_optimizer": Choice("optimizer", "SGD", {"learning_rate": 0.1})}
        ),
    ),
    ("regularizer", "l1_l2: {l1: 0.1}", Choice("regularizer", "L1L2", {"l1": 0.1})),
    ("constraint", "max_norm: 1", Choice("constraint", "MaxNorm", {"max_value": 1.0})),
    ("initializer", "uniform", Choice("initializer", "RandomUniform")),
    ("initializer", "zero", Choice("initializer", "Zeros")),
    ("activation", "swish", Choice("activation", "silu")),
    ("activation", "prelu", Choice("activation", "prelu")),
    ("loss", "mse", Choice("loss", "MeanSquaredError")),
    ("loss", "KLD", Choice("loss", "KLDivergence")),
    ("loss", "categorical_generalized_cross_entropy", Choice("loss", "CategoricalGeneralizedCrossEntropy")),
    ("metric", "accuracy", Choice("metric", "accuracy")),
    ("metric", "acc", Choice("metric", "accuracy")),
    ("metric", "huber", Choice("metric", "huber")),
    ("metric", "mean_io_u: 3", Choice("metric", "MeanIoU", {"num_classes": 3})),
]


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


MISTAKES = [
    ("layer", "Denze: 300", "unknown-layer", "Dense", 1),
    ("layer", "{Denze: 300, name: wide}", "unknown-layer", "Dense", 2),
    ("layer", "gelu", "unknown-layer", "`Activation: gelu`", 1),
    ("layer", "Dense: {unit: 3}", "unknown-argument", "units", 9),
    ("layer", "Bidirectional: {LSTN: 64}", "unknown-argument", "LSTM", 17),
    ("layer", "Bidirectional: {layr: {LSTM: 64}}", "unknown-argument", "layer", 17),
    ("layer", "Bidirectional: {layer: {LSTM: 64}, mrege_mode: sum}", "unknown-argument", "merge_mode", 36),
    ("layer", "Bidirectional: {LSTM: {unit: 64}}", "unknown-argument", "units", 24),
    ("layer", "Dense", "missing-argument", None, 1),
    ("layer", "Dense: {activation: relu}", "missing-argument", None, 1),
    ("layer", "Conv2D: 32", "wrong-type", None, 9),
    ("layer", "Flatten: 3", "wrong-type", None, 10),
    ("layer", "Dense: many", "wrong-type", None, 8),
    ("layer", "Dense: 0", "out-of-range", None, 8),
    ("layer", "Dropout: 1.5", "out-of-range", None, 10),
    ("layer", "Dense: {units: 3, activation: rellu}", "unknown-activation", "relu", 31),
    ("layer", "{Dense: 3, activation: relu}", "one-name", None, 1),
    ("layer", "{Dense: 3, Flatten: 3}", "one-name", None, 1),
    ("layer", "[Dense]", "wrong-type", None, 1),
    ("layer", "null", "wrong-type", None, 1),
    ("layer", "Lambda: x", "refused", None, 1),
    ("layer", "TFSMLayer: {filepath: x}", "refused", None, 1),
    ("layer", "InputLayer: {shape: [3]}", "refused", None, 1),
    ("layer", "Dense: {units: 3, quantization_config: x}", "refused", None, 19),
    ("layer", "Embedding: {input_dim: 3, output_dim: 2, weights: x}", "refused", None, 42),
    ("layer", "StringLookup: {vocabulary: words.txt}", "wrong-type", None, 28),
    ("optimizer", "Nadam: {clipnorm: 1, clipvalue: 1}", "conflict", None, 22),
    ("optimizer", "SGD: {momentun: 0.9}", "unknown-argument", "momentum", 7),
    ("optimizer", "OptimizerMap", "refused", None, 1),
    ("metric", "Mean", "refused", None, 1),
    ("metric", "accurcy", "unknown-metric", "accuracy", 1),
    ("initializer", "he_norml", "unknown-initializer", "HeNormal", 1),
    ("schedule", "one_cycl: 0.1", "unknown-schedule", "OneCycle", 1),
    ("loss", "Adam", "unknown-loss", None, 1),
]


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
