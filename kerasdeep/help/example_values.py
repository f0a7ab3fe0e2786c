"""Values to show in examples: what a person would plausibly write for an argument or a setting."""

from typing import Any

from kerasdeep.catalog import Argument
from kerasdeep.catalog.types import INVALID, Atom, parse_type, read_value
from kerasdeep.config.schema import Setting
from kerasdeep.errors import Problems
from kerasdeep.help.yaml_format import to_flow
from kerasdeep.yaml_nodes import parse_yaml

VALUES_BY_TYPE = {
    "layer": {"Dense": 64},
    "initializer": "he_normal",
    "activation": "elu",
    "regularizer": {"L2": 0.0001},
    "constraint": {"MaxNorm": 1.0},
    "optimizer": {"SGD": {"learning_rate": 0.01, "momentum": 0.9}},
    "schedule": {"cosine": "100%"},
    "loss": "mean_squared_error",
    "metric": "accuracy",
    "duration": "10 epochs",
    "bool": True,
    "str": "text",
    "any": "text",
    "null": None,
}
"""One value of each type; numbers are made to fit their bounds."""

ARGUMENT_VALUES = {
    "alpha": 0.3,
    "alpha_initializer": {"Constant": 0.25},
    "axes": 1,
    "beta_1": 0.95,
    "boundaries": ["10 epochs", "15 epochs"],
    "bin_boundaries": [0.25, 0.5, 0.75],
    "cells": [{"GRUCell": 32}, {"GRUCell": 32}],
    "cell": {"GRUCell": 32},
    "clipnorm": 1.0,
    "decay_rate": 0.1,
    "decay_steps": "10 epochs",
    "default_value": 0.0,
    "dims": [2, 1],
    "dtype": "float32",
    "equation": "...x,xy->...y",
    "factor": 0.2,
    "features": ["age", "income"],
    "filters": 32,
    "first_decay_steps": "5 epochs",
    "gradient_accumulation_steps": 4,
    "height": 24,
    "height_factor": 0.1,
    "inputs": ["wide", "deep"],
    "input_dim": 100,
    "kernel_size": 3,
    "key_dim": 16,
    "layers": [{"Dense": 64}, {"Dense": 64}],
    "learning_rate": 0.001,
    "max_rate": 0.05,
    "model_dimension": 128,
    "momentum": 0.9,
    "name": "wide",
    "num_heads": 4,
    "num_query_heads": 4,
    "head_dim": 16,
    "num_key_value_heads": 2,
    "optimizer_map": {"dense_1": {"SGD": 0.01}},
    "default_optimizer": {"Adam": 0.001},
    "inner_optimizer": {"Adam": 0.001},
    "output_dim": 16,
    "output_shape": 64,
    "output_size": 4,
    "pool_size": 2,
    "precision": 0.8,
    "rate": 0.2,
    "recall": 0.8,
    "scale": 2.0,
    "sensitivity": 0.8,
    "specificity": 0.8,
    "target_shape": [8, 8, 1],
    "threshold": 0.5,
    "thresholds": 0.5,
    "times": 20,
    "units": 100,
    "values": [0.01, 0.005, 0.001],
    "vocabulary": ["low", "medium", "high"],
    "warmup": "5%",
    "weight_decay": 0.004,
    "width": 24,
    "width_factor": 0.1,
}
"""By argument name, whatever the entry, where the type alone would say little."""

ENTRY_ARGUMENT_VALUES = {
    ("Bidirectional", "layer"): {"LSTM": 64},
    ("TransposedDense", "layer"): "code",
    ("Dot", "axes"): 1,
    ("Permute", "dims"): [2, 1],
    ("RandomPosterization", "factor"): 4,
    ("ConvLSTM2D", "kernel_size"): 2,
    ("Conv3D", "kernel_size"): 2,
    ("Conv3DTranspose", "kernel_size"): 2,
    ("Normalization", "axis"): -1,
    ("Rescaling", "scale"): 2.0,
    ("VarianceScaling", "scale"): 2.0,
    ("OneCycle", "momentum"): [0.95, 0.85],
    ("Noam", "warmup"): "4000 steps",
    ("R2Score", "class_aggregation"): "variance_weighted_average",
}

_APPLICATION = {"network": {"application": "MobileNetV2", "arguments": {"alpha": 0.35}, "layers": ["Output"]}}
_NO_EARLY_STOPPING = {"training": {"early_stopping": None}}
_PRUNING = {
    "share": {"share": 0.9, "from": "20%", "until": "70%"},
    "below": {"below": 0.001, "until": "100%"},
    "from": {"share": 0.9, "from": "2 epochs"},
    "until": {"share": 0.9, "until": "70%"},
}
COMBINED_EXAMPLES: dict[str, dict[str, Any]] = {
    "network.application": _APPLICATION,
    "network.arguments": _APPLICATION,
    "stages.0.cache_features": {"stages": [{"train": "head", "cache_features": True}]},
    "stages.0.pretrain": {
        "stages": [{"name": "encoder", "pretrain": {"autoencoder": "stacked"}}, {"name": "classifier", "train": "head"}]
    },
    "regularization.pruning": {"regularization": {"pruning": 0.8}, **_NO_EARLY_STOPPING},
    "runtime.distribution": {"runtime": {"backend": "jax", "distribution": "data_parallel"}},
    **{
        f"regularization.pruning.{key}": {"regularization": {"pruning": written}, **_NO_EARLY_STOPPING}
        for key, written in _PRUNING.items()
    },
}
"""Settings whose example needs others beside it, as a whole."""

PRETRAIN_PATH = "stages.0.pretrain"
PRETRAINING_VALUES: dict[str, dict[str, Any]] = {
    "autoencoder": {"style": "tied"},
    "pairs": {},
    "rotation": {},
    "masked": {},
    "supervised": {"data": {"classes": ["0", "1", "2"]}},
}
"""What each kind of pretraining states in an example."""
PRETRAINING_SETTING_VALUES: dict[str, tuple[dict[str, Any], Any]] = {
    "style": ({}, "denoising"),
    "noise": ({"style": "denoising"}, {"gaussian": 0.1}),
    "loss": ({}, "binary_crossentropy"),
    "output_activation": ({}, "sigmoid"),
    "rates": ({"style": "greedy"}, [0.0005, 0.005]),
    "until": ({}, "dense_1"),
    "shared": ({}, True),
    "units": ({}, 20),
    "rate": ({}, 0.3),
    "task": ({}, "multiclass"),
}
"""Settings of the kinds by name: what must stand beside them, and a value."""

SETTING_VALUES = {
    "name": "my-experiment",
    "description": "A deep net on my own table.",
    "extends": "quickstart",
    "seed": 42,
    "data.source": "fashion_mnist",
    "data.format": "builtin",
    "data.separator": ";",
    "data.encoding": "cp1252",
    "data.target": "price",
    "data.features": ["rooms", "age"],
    "data.drop": ["id"],
    "data.classes": ["1", "7"],
    "data.per_class": 20,
    "data.limit": 5000,
    "data.labelled": 500,
    "data.validation": {"last": 5000},
    "data.validation.path": "held_out.csv",
    "data.test": 0.2,
    "data.test.path": "test.csv",
    "data.image.size": [96, 96],
    "data.augmentation": [{"RandomFlip": "horizontal"}, {"RandomRotation": 0.05}],
    "data.class_weight": "balanced",
    "network.layers": ["Flatten", {"Dense": 300}, {"Dense": 100}, "Output"],
    "pretrained": {
        "from": "application:MobileNet",
        "arguments": {"alpha": 0.25},
        "weights": "imagenet",
        "keep": "until:conv_pw_6_relu",
        "size": [96, 96],
    },
    "activation": "gelu",
    "initializer": "he_normal",
    "regularization.dropout": {"rate": 0.2, "input": True},
    "regularization.l1": 0.0001,
    "regularization.l2": 0.0001,
    "regularization.max_norm": 1.0,
    "regularization.weight_decay": 0.004,
    "regularization.input_noise": 0.1,
    "regularization.label_smoothing": 0.1,
    "optimizer": {"AdamW": {"learning_rate": 0.001, "weight_decay": 0.004}},
    "schedule": {"one_cycle": {"max_rate": 0.05}},
    "loss": "huber",
    "metrics": ["accuracy", {"SparseTopKCategoricalAccuracy": {"k": 3}}],
    "training.epochs": 30,
    "stages": [{"train": "head", "epochs": 3}, {"train": "all", "epochs": 7, "rates": {"first:1": 0.1}}],
    "stages.0.name": "thaw",
    "stages.0.train": ["last:2", "!*_bn"],
    "stages.0.rates": {"first:2": 0.1},
    "stages.0.early_stopping": 5,
    "stages.0.optimizer_state": "reset",
    "stages.0.unfreeze": "gradually",
    "training.batch_size": 64,
    "training.checkpoint.every": "10 minutes",
    "runtime.threads": 4,
    "runtime.chunk": 100,
    "variants": {"he": {"initializer": "he_normal"}, "glorot": {"initializer": "glorot_uniform"}},
    "profiles": {"fast": {"training": {"epochs": 2}, "data": {"limit": 2000}}},
    "expect": ["he.val_accuracy >= glorot.val_accuracy"],
    "allow": ["selu-inputs"],
}
"""By path, where the type alone would say little."""


def argument_value(entry: str, argument: Argument) -> Any:
    """A value of the argument that differs from its default where that can be had."""
    candidates = [ENTRY_ARGUMENT_VALUES.get((entry, argument.name)), ARGUMENT_VALUES.get(argument.name)]
    for value in candidates:
        if value is not None and is_valid_value(argument.type, value, argument.minimum, argument.maximum):
            return value
    return typical_value(argument.type, argument.default, argument.minimum, argument.maximum)


def setting_value(entry: Setting) -> Any:
    """A value that the setting allows."""
    return typical_value(str(entry.declared), None if entry.required else entry.default, entry.minimum, entry.maximum)


def typical_value(expression: str, default: Any, minimum: float | None, maximum: float | None) -> Any:
    """A value that the type allows: the default's neighbour for choices and booleans, else by kind."""
    atoms = [atom for atom in parse_type(expression) if atom.kind != "null"] or [Atom("null")]
    words = [atom.word for atom in atoms if atom.kind == "choice" and atom.word != default]
    if words:
        return words[0]
    if atoms[0].kind == "bool" and isinstance(default, bool):
        return not default
    if isinstance(default, int | float | list) and not isinstance(default, bool) and default != []:
        return default
    return _value_for_atom(atoms[-1] if atoms[0].kind == "choice" else atoms[0], minimum, maximum)


def _value_for_atom(atom: Atom, minimum: float | None, maximum: float | None) -> Any:
    if atom.kind in ("int", "float"):
        number = 10 if atom.kind == "int" else 0.1
        low = number if minimum is None else max(number, minimum)
        return low if maximum is None else min(low, maximum)
    if atom.kind == "list":
        return [_value_for_atom(atom.of[0], minimum, maximum)] * (atom.length or 2)
    if atom.kind == "map":
        return {"output": _value_for_atom(atom.of[0], minimum, maximum)}
    return atom.word if atom.kind == "choice" else VALUES_BY_TYPE[atom.kind]


def is_valid_value(expression: str, value: Any, minimum: float | None = None, maximum: float | None = None) -> bool:
    """Whether a value, written as YAML, reads as the type."""
    return (
        read_value(expression, parse_yaml(to_flow(value), "example"), Problems(), "value", minimum, maximum)
        is not INVALID
    )
