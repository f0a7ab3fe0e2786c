"""The catalogue's data: counts, types, defaults and shorthands agree with each other, without importing Keras."""

import subprocess
import sys

import pytest
import yaml

from kerasdeep import catalog
from kerasdeep.catalog import types
from kerasdeep.errors import Problems
from kerasdeep.yaml_nodes import parse_yaml

# usable entries of Keras, refused ones, kerasdeep's own
COUNTS = {
    "layer": (135, 6, 13),
    "initializer": (16, 0, 1),
    "activation": (30, 0, 6),
    "regularizer": (4, 0, 0),
    "constraint": (4, 0, 0),
    "optimizer": (16, 1, 1),
    "schedule": (6, 0, 9),
    "loss": (22, 0, 2),
    "metric": (46, 3, 1),
}
ENTRIES = [entry for family in catalog.families() for entry in catalog.entries(family).values()]
USABLE = [entry for entry in ENTRIES if not entry.refused]


def test_counts():
    counted = {}
    for family in catalog.families():
        entries = catalog.entries(family).values()
        refused = sum(entry.refused is not None for entry in entries)
        is_custom = sum(entry.is_custom for entry in entries)
        counted[family] = (len(entries) - refused - is_custom, refused, is_custom)
    assert counted == COUNTS


def test_every_argument_has_a_type_and_says_what_it_is():
    undocumented = []
    for entry in USABLE:
        assert entry.doc, entry.name
        for argument in entry.arguments.values():
            kinds = {atom.kind for atom in types.parse_type(argument.type)}
            assert "any" not in kinds or argument.refused, (entry.name, argument.name)
            if not argument.doc and not argument.refused:
                undocumented.append(f"{entry.name}.{argument.name}")
    assert not undocumented


def test_every_default_reads_as_its_own_type():
    """What Keras takes when nothing is written may also be written."""
    for entry in USABLE:
        for argument in entry.arguments.values():
            if argument.required or argument.refused:
                continue
            report, node = Problems(), parse_yaml(yaml.safe_dump(argument.default), "f.yaml")
            value = types.read_value(argument.type, node, report, "x", argument.minimum, argument.maximum)
            assert not report.items, (entry.name, argument)
            assert value is not types.INVALID


def test_shorthands_are_arguments_that_need_no_company():
    for entry in USABLE:
        if entry.shorthand:
            assert entry.shorthand in entry.arguments
            assert set(entry.required) <= {entry.shorthand}, entry.name


def test_exclusive_arguments_exist():
    groups = [(entry, group) for entry in USABLE for group in entry.exclusive]
    assert len(groups) == 14
    for entry, group in groups:
        assert set(group) <= set(entry.arguments), entry.name


def test_layer_activations_have_their_layer():
    standing = [entry for entry in USABLE if entry.layer]
    assert {entry.name for entry in standing} == {"rrelu", "learned_swish", "parametric", "prelu"}
    for entry in standing:
        assert set(entry.arguments) <= set(catalog.find_entry("layer", entry.layer).arguments)


def test_every_spelling_finds_its_entry():
    for family in catalog.families():
        for entry in catalog.entries(family).values():
            for word in (entry.name, *entry.aliases):
                assert catalog.find_entry(family, word) is entry
                if word != "Accuracy":
                    assert catalog.find_entry(family, word.upper()) in (entry, catalog.find_entry(family, word.lower()))


@pytest.mark.parametrize(
    ("family", "word", "name"),
    [
        ("layer", "re_lu", "ReLU"),
        ("layer", "GroupedQueryAttention", "GroupQueryAttention"),
        ("layer", "avg_pool_2d", "AveragePooling2D"),
        ("layer", "Convolution2D", "Conv2D"),
        ("optimizer", "rm_sprop", "RMSprop"),
        ("optimizer", "rmsprop", "RMSprop"),
        ("initializer", "normal", "RandomNormal"),
        ("activation", "hard_swish", "hard_silu"),
        ("regularizer", "l1l2", "L1L2"),
        ("loss", "MAPE", "MeanAbsolutePercentageError"),
        ("metric", "bce", "BinaryCrossentropy"),
        ("metric", "Accuracy", "Accuracy"),
        ("metric", "accuracy", "accuracy"),
        ("schedule", "one_cycle", "OneCycle"),
    ],
)
def test_spellings_of_keras_work(family, word, name):
    assert catalog.find_entry(family, word).name == name


def test_nothing_is_found_by_chance():
    assert catalog.find_entry("layer", "Adam") is None
    assert catalog.find_entry("layer", "") is None
    with pytest.raises(KeyError):
        catalog.entries("dragon")


def test_suggestions_leave_out_what_is_refused_or_warned_of():
    assert "Lambda" not in catalog.suggestable_names("layer")
    assert "Accuracy" not in catalog.suggestable_names("metric")
    assert {"Dense", "Convolution2D"} <= set(catalog.suggestable_names("layer"))


def test_it_imports_nothing_heavy():
    code = (
        "import sys, kerasdeep.catalog as c; c.find_entry('layer', 'Dense'); "
        "print([m for m in ('keras', 'numpy', 'tensorflow', 'pandas', 'jax', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
