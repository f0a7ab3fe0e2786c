"""Every entry builds its Keras object from a minimal YAML, and every argument reaches the object.

An object is compared with its twin that differs in one argument: by `get_config` and, since Keras's configs forget
some (`Huber.delta`, `Identity.gain`, `CosineSimilarity.axis`), by its attributes. Where the config has the
argument's name, it must hold what was written.
"""

import math

import pytest
import yaml

from kerasdeep import catalog
from kerasdeep.catalog.types import parse_type
from kerasdeep.errors import Problems
from kerasdeep.modeling import schedules
from kerasdeep.modeling.factory import create
from kerasdeep.yaml_nodes import parse_yaml

# Words of the network, which lowering turns into layers; the tied layer is built with its network.
NOT_ALONE = {
    *("Performance", "Output", "Input", "Repeat", "Residual", "Pretrained"),
    *("TransposedDense", "PiecewiseLinear", "accuracy"),
}
# What training does itself, and what wires the network: tested there.
ELSEWHERE = {"inputs"}

# A value for what must be written, where any value of the type would not do.
NEEDED = {
    "equation": "ab,bc->ac",
    "layer": {"LSTM": 2},
    "cell": {"GRUCell": 2},
    "cells": [{"GRUCell": 2}],
    "layers": [{"Rescaling": 0.5}],
    "dims": [2, 1],
    "target_shape": [4],
    "target_class_ids": [0],
    "inner_optimizer": "SGD",
    "default_optimizer": "SGD",
    "optimizer_map": {"dense.*": {"Adam": 0.5}},
    "boundaries": ["5 steps"],
    "values": [0.5, 0.25],
}
# What an entry needs beside its required arguments to be built at all.
COMPANY = {"Discretization": {"num_bins": 3}, "CategoryEncoding": {"num_tokens": 3}}
# What an argument needs beside it: Keras refuses or ignores it alone.
COMPANIONS = {
    ("Conv1DTranspose", "output_padding"): {"strides": 4},
    ("Conv2DTranspose", "output_padding"): {"strides": 4},
    ("Conv3DTranspose", "output_padding"): {"strides": 4},
    ("Discretization", "sparse"): {"output_mode": "multi_hot"},
    ("Hashing", "sparse"): {"output_mode": "multi_hot"},
    ("Hashing", "dtype"): {"output_mode": "multi_hot"},
    ("IntegerLookup", "sparse"): {"output_mode": "multi_hot"},
    ("IntegerLookup", "idf_weights"): {"output_mode": "tf_idf", "vocabulary": [3], "idf_weights": [0.5]},
    ("IntegerLookup", "pad_to_max_tokens"): {"output_mode": "multi_hot", "max_tokens": 5},
    ("IntegerLookup", "salt"): {"oov_method": "farmhash", "num_oov_indices": 2},
    ("StringLookup", "sparse"): {"output_mode": "multi_hot"},
    ("StringLookup", "idf_weights"): {"output_mode": "tf_idf", "vocabulary": ["a"], "idf_weights": [0.5]},
    ("StringLookup", "pad_to_max_tokens"): {"output_mode": "multi_hot", "max_tokens": 5},
    ("TextVectorization", "sparse"): {"output_mode": "multi_hot"},
    ("TextVectorization", "idf_weights"): {"output_mode": "tf_idf", "vocabulary": ["a"], "idf_weights": [0.5]},
    ("TextVectorization", "pad_to_max_tokens"): {"output_mode": "multi_hot", "max_tokens": 5},
    ("Normalization", "mean"): {"mean": 0.5, "variance": 0.5},
    ("Normalization", "variance"): {"mean": 0.5, "variance": 0.5},
    ("Cosine", "warmup_target"): {"warmup": "3 steps"},
    ("CosineDecay", "warmup_steps"): {"warmup_target": 0.5},
    ("AUC", "num_labels"): {"multi_label": True},
    ("AUC", "label_weights"): {"multi_label": True},
}
# Arguments of which Keras wants exactly one: the other has to go.
INSTEAD_OF = {("Discretization", "bin_boundaries"): "num_bins"}
# Another value than the default, where any value of the type would not do.
VALUES = {
    "dtype": "float64",
    "data_format": "channels_first",
    "strides": 3,
    "pool_size": 3,
    "size": 3,
    "dims": [1, 2],
    "target_class_ids": [1],
    "fft_length": 512,
    ("Bidirectional", "backward_layer"): {"GRU": {"units": 3, "go_backwards": True}},
    ("MultiHeadAttention", "value_dim"): 3,
    ("GroupQueryAttention", "num_query_heads"): 4,
    ("GroupQueryAttention", "num_key_value_heads"): 1,
    ("RandomGaussianBlur", "kernel_size"): 5,
    ("Piecewise", "values"): [0.5, 0.125],
    ("PiecewiseConstantDecay", "values"): [0.5, 0.125],
}


def entries():
    """Every third by default."""
    for family in catalog.families():
        alone = [one for one in catalog.entries(family).values() if not one.refused and one.name not in NOT_ALONE]
        for number, entry in enumerate(alone):
            yield pytest.param(entry, id=f"{family}-{entry.name}", marks=pytest.mark.slow if number % 3 else ())


def other_than(default, expression, low, high):
    """A value of the type that is not the default."""
    for atom in parse_type(expression):
        for value in candidates(atom, low, high):
            if value != default or type(value) is not type(default):
                return value
    return default


def candidates(atom, low, high):
    low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
    if atom.kind == "list":
        inner = [value for part in atom.of for value in candidates(part, low, high)]
        return [[value] * (atom.length or 1) for value in inner]
    if atom.kind == "map":
        return [{"a": value} for part in atom.of for value in candidates(part, low, high)]
    return {
        "int": [value for value in (2, 3) if low <= value <= high],
        "float": [value for value in (0.25, 0.75, -0.25, 3.0) if low <= value <= high],
        "bool": [True, False],
        "str": ["other"],
        "choice": [atom.word],
        "null": [None],
        "duration": ["7 steps", "9 steps"],
        "layer": [{"GRU": 3}],
        "initializer": [{"Constant": 0.25}],
        "activation": ["softsign", "tanh"],
        "regularizer": [{"L2": 0.25}],
        "constraint": [{"MaxNorm": 3.0}],
        "optimizer": [{"SGD": 0.25}],
        "schedule": [{"Power": "7 steps"}],
    }[atom.kind]


def minimal(entry):
    written = {
        name: NEEDED.get(name, other_than(None, argument.type, argument.minimum, argument.maximum))
        for name, argument in entry.arguments.items()
        if argument.required
    }
    written |= {name: value for name, value in (("name", "it"), ("seed", 1)) if name in entry.arguments}
    return written | COMPANY.get(entry.name, {})


def build(entry, written):
    text = yaml.safe_dump({entry.name: written})
    report = Problems()
    choice = catalog.read_choice(entry.family, parse_yaml(text, "f.yaml"), report)
    assert not report.errors, (text, report.errors)
    if entry.family == "schedule":
        length = schedules.StageLength(10, 100)
        return schedules.build_learning_rate(choice, 0.1, length), schedules.build_momentum_schedule(choice, length)
    return create(choice), None


def plainly(value, top=False):
    """A comparable view: names and seeds of inner objects are drawn anew by Keras and left out."""
    if isinstance(value, dict) and value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    if isinstance(value, dict):
        return {
            str(key): plainly(item)
            for key, item in value.items()
            if top or key not in ("name", "seed", "registered_name", "build_config", "shared_object_id")
        }
    if isinstance(value, list | tuple):
        return [plainly(item) for item in value]
    if isinstance(value, str | bool | int | float | None):
        return value
    if callable(getattr(value, "numpy", None)):
        value = value.numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    return type(value).__name__


def snapshot(built, named=True):
    """Everything that can be seen of the object, its auto-numbered name left out unless a name was given."""
    config = plainly(configuration(built), top=named)
    seen = {key: plainly(value) for key, value in getattr(built, "__dict__", {}).items() if named or "name" not in key}
    inner = getattr(getattr(built, "cell", None), "seed", None)
    return {"config": config, "attributes": seen, "value": plainly(built), "inner seed": inner}


def configuration(built):
    try:
        return built.get_config() if hasattr(built, "get_config") else {}
    except NotImplementedError:
        return {}


def same(written, shown):
    """Whether a config's value is the written one, as Keras writes it."""
    if isinstance(written, dict | list) and isinstance(shown, dict) and "class_name" in shown:
        return True
    if isinstance(written, list):
        return isinstance(shown, list | tuple) and len(shown) == len(written) and all(map(same, written, shown))
    if isinstance(shown, list | tuple):
        return any(same(written, item) for item in shown)
    if isinstance(written, str) and isinstance(shown, int):
        return written == f"{shown} steps"
    if isinstance(written, float) or isinstance(shown, float):
        return math.isclose(written, shown, rel_tol=1e-6)
    return written == shown or isinstance(shown, dict)


@pytest.mark.parametrize("entry", list(entries()))
def test_every_argument_reaches_the_object(entry):
    def seen(written):
        first, second = build(entry, written)
        return snapshot(first, named), snapshot(second), configuration(first)

    named = "name" in entry.arguments
    base = minimal(entry)
    usual = seen(base)[:2]
    assert usual == seen(base)[:2], "two builds of the same must look the same"
    silent = []
    for name, argument in entry.arguments.items():
        if argument.refused or name in ELSEWHERE:
            continue
        company = COMPANIONS.get((entry.name, name), {})
        before = {key: value for key, value in base.items() if key != INSTEAD_OF.get((entry.name, name))} | company
        generic = other_than(before.get(name, argument.default), argument.type, argument.minimum, argument.maximum)
        value = VALUES.get((entry.name, name), VALUES.get(name, generic))
        if value == argument.default:
            continue  # the only value that Keras takes
        *changed, config = seen(before | {name: value})
        if tuple(changed) == (seen(before)[:2] if company else usual):
            silent.append(f"{name}: {value} changes nothing")
        elif name in config and not same(value, plainly(config[name])):
            silent.append(f"{name}: {value} became {config[name]}")
    assert not silent, "\n".join(silent)


OTHER_PROOF = {
    "Performance": "training's own, in training/test_callbacks",
    "Output": "a word of the network, in config/test_lowering",
    "Input": "a word of the network, in config/test_lowering",
    "Repeat": "a word of the network, in config/test_lowering",
    "Residual": "a word of the network, in config/test_lowering",
    "Pretrained": "a word of the network, in modeling/test_own_head",
    "TransposedDense": "needs its network, in modeling/test_network",
    "PiecewiseLinear": "takes its edges from rows, in custom_objects/test_layers and modeling/test_network",
    "accuracy": "Keras's compile chooses its class, in modeling/test_compile",
}


def counted():
    """(proven, not proven here): lists of entries, and of (entry, argument, why)."""
    entries, arguments, left = [], [], []
    for family in catalog.families():
        for entry in catalog.entries(family).values():
            why = entry.refused or OTHER_PROOF.get(entry.name)
            (left if why else entries).append((f"{family} {entry.name}", why) if why else entry)
            for name, argument in () if why else entry.arguments.items():
                if argument.refused:
                    left.append((f"{entry.name}.{name}", argument.refused))
                elif name not in ELSEWHERE and value_for(entry, argument) == argument.default:
                    left.append((f"{entry.name}.{name}", "Keras takes one value only"))
                elif name not in ELSEWHERE:
                    arguments.append((entry.name, name))
    return entries, arguments, left


def value_for(entry, argument):
    generic = other_than(argument.default, argument.type, argument.minimum, argument.maximum)
    return VALUES.get((entry.name, argument.name), VALUES.get(argument.name, generic))


def test_nearly_everything_is_proven():
    entries, arguments, left = counted()
    print(f"\n{len(entries)} entries and {len(arguments)} arguments reach the Keras object; {len(left)} do not:")
    for name, why in left:
        print(f"  {name}: {why}")
    assert set(OTHER_PROOF) == NOT_ALONE
    assert len(entries) >= 290 and len(arguments) >= 2000
    assert all(why for _, why in left)
