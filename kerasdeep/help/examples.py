"""A YAML example for every name and setting: a few lines that are valid on top of `extends: quickstart`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kerasdeep.catalog import Entry, entries, traits
from kerasdeep.config.schema import Section, Setting, settings_of
from kerasdeep.help.example_values import EXAMPLE_VALUES, PRETRAIN_PATH, argument_value, is_valid_value, setting_value
from kerasdeep.help.yaml_format import to_block

MERGING_LAYERS = (*traits.MERGE_LAYERS, "Attention", "AdditiveAttention")
ATTENTION_LAYERS = ("MultiHeadAttention", "GroupQueryAttention")
SEQUENCE_LAYERS = (*traits.RECURRENT_LAYERS, "RNN", "Bidirectional")
RNN_CELLS = ("LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells")
MAX_SHOWN = 3
_SHOWN_FIRST = ("learning_rate", "weight_decay", "momentum", "activation", "padding")
_NEVER_SHOWN = ("name", "dtype", "trainable", "autocast", "seed", "reduction", "inputs")


def entry_example(entry: Entry, *shown: str) -> str | None:
    """An experiment's lines that use the entry; `shown` are arguments that must be written out."""
    if entry.refused:
        return None
    return to_block(_FAMILY_TREES[entry.family](_entry_value(entry, shown)))


def setting_example(path: str, entry: Setting) -> str | None:
    """The setting in its place, with a value that says something."""
    if path in EXAMPLE_VALUES["combined"]:
        return to_block(EXAMPLE_VALUES["combined"][path])
    if path.startswith(f"{PRETRAIN_PATH}."):
        return to_block(_pretraining_tree(path.removeprefix(f"{PRETRAIN_PATH}."), entry))
    tree = _setting_tree(path, entry)
    return None if tree is None else to_block(tree)


def _setting_tree(path: str, entry: Setting) -> dict[str, Any] | None:
    """The setting in its place, by itself."""
    section = path.rpartition(".")[0]
    for candidate in (path, section):
        example = EXAMPLE_VALUES["settings"].get(candidate)
        if example is not None and (candidate == path or (isinstance(example, dict) and entry.key in example)):
            return _nested(candidate, example)
    if entry.section:
        return _nested(path, _section_value(path, entry.section))
    value = setting_value(entry)
    return _nested(path, value) if is_valid_value(str(entry.declared), value) else None


def _pretraining_tree(path: str, entry: Setting) -> dict[str, Any]:
    """A stage with the setting, one that trains the network behind it, and rows that the kind can learn from."""
    kind, _, key = path.partition(".")
    pretraining = dict(EXAMPLE_VALUES["pretraining"][kind])
    if key == "data":
        pretraining["data"] = pretraining.get("data", {"limit": 1000})
    elif key.startswith("data."):
        needs_table = kind == "masked" and key == "data.source"
        example = EXAMPLE_VALUES["combined"].get(key) or _setting_tree(key, entry) or {}
        pretraining |= {"data": {"source": "wine"}} if needs_table else example
    elif key.startswith("noise."):
        pretraining |= {"style": "denoising", "noise": {key.partition(".")[2]: 0.2}}
    elif key:
        companions, value = EXAMPLE_VALUES["pretraining_settings"][key]
        pretraining |= {**companions, key: value}
    rows = {"data": {"source": "breast_cancer"}} if kind == "masked" else {}
    return {**rows, "stages": [{"pretrain": {kind: pretraining}}, {"train": "head"}]}


def warning_example(name: str) -> str:
    return to_block({"allow": [name]})


def _section_value(path: str, section: type[Section]) -> Any:
    """A section's shortest useful form: its shorthand, or the settings whose example is known."""
    if path == "data":
        return {"source": "fashion_mnist", "validation": {"last": 5000}, "test": 0.1}
    known = EXAMPLE_VALUES["settings"]
    examples = {key: known[f"{path}.{key}"] for key in settings_of(section) if f"{path}.{key}" in known}
    if examples and "validation" not in path and "test" not in path:
        return examples if len(examples) <= MAX_SHOWN else dict(list(examples.items())[:2])
    if section.SHORTHAND:
        expression, key = section.SHORTHAND[-1 if section.SHORTHAND[0][0] == "'before'|'after'" else 0]
        return setting_value(replace(settings_of(section)[key], declared=expression))
    key, entry = next(iter(settings_of(section).items()))
    return {key: setting_value(entry)}


def _nested(path: str, value: Any) -> dict[str, Any]:
    first, *inner = path.split(".")
    for key in reversed(inner):
        value = [value] if key.isdecimal() else {key: value}
    return {first: value}


def _entry_value(entry: Entry, shown: tuple[str, ...]) -> Any:
    """`Name`, `Name: value` or `Name: {argument: value}` with what must be written, and a little more."""
    names = [name for name in entry.required if name not in shown]
    usual = [name for name in _SHOWN_FIRST if name in entry.arguments and name not in names]
    names += shown or usual[: 2 if entry.family == "optimizer" else 1]
    short = entry.shorthand
    if not names and short and short not in _NEVER_SHOWN:
        names = [short]
    arguments = {name: argument_value(entry.name, entry.arguments[name]) for name in names}
    if entry.name == "threshold":
        arguments |= {"default_value": 0.0}
    if not arguments:
        return entry.name
    if not shown and short and list(arguments) == [short]:
        return {entry.name: arguments[short]}
    return {entry.name: arguments}


def _layer_tree(written: Any) -> dict[str, Any]:
    name = written if isinstance(written, str) else next(iter(written))
    layers = _layer_stack(name, written)
    if "inputs" in _named_arguments(written):
        named = name in (*MERGING_LAYERS, *ATTENTION_LAYERS, *RNN_CELLS)
        layers = layers if named else _with_named_input(layers, layers.index(written))
    return {"network": {"layers": layers}}


def _with_named_input(layers: list[Any], position: int) -> list[Any]:
    """The layer at `position` fed by the one before it, or by the data, by name."""
    if position == 0:
        return [_with_arguments(layers[0], inputs=["input"]), *layers[1:]]
    before = _with_arguments(layers[position - 1], **{"name": "before", **_named_arguments(layers[position - 1])})
    fed = _with_arguments(layers[position], inputs=[_named_arguments(before)["name"]])
    return [*layers[: position - 1], before, fed, *layers[position + 1 :]]


def _named_arguments(written: Any) -> dict[str, Any]:
    """The arguments that are written by name."""
    (inner,) = written.values() if isinstance(written, dict) else ({},)
    return inner if isinstance(inner, dict) else {}


def _layer_stack(name: str, written: Any) -> list[Any]:
    """The layer among others that give it the input it expects; quickstart's pictures are 8 × 8, grey."""
    if name == "Output":
        return ["Flatten", {"Dense": 100}, written]
    if name == "Pretrained":
        return [written, {"Dense": 100}, "Output"]
    if name == "Input":
        features = argument_value(name, entries("layer")[name].arguments["features"])
        wide = {**(_named_arguments(written) or {"features": features}), "name": "wide"}
        return [{"Input": wide}, {"Dense": 30}, {"Output": {"inputs": ["dense_1"]}}]
    if name in ("Repeat", "Residual", "TransposedDense"):
        return ["Flatten", {"Dense": {"units": 64, "name": "code"}}, written, "Output"]
    if name in MERGING_LAYERS:
        merged = _with_arguments(written, inputs=["left", "right"])
        branches = [{"Flatten": {"name": "flat"}}, {"Dense": {"units": 64, "name": "left"}}]
        return [*branches, {"Dense": {"units": 64, "name": "right", "inputs": ["flat"]}}, merged, "Output"]
    if name in ATTENTION_LAYERS:
        query = {"LSTM": {"units": 32, "return_sequences": True, "name": "steps"}}
        return [query, _with_arguments(written, inputs=["steps", "steps"]), "GlobalAveragePooling1D", "Output"]
    if name in RNN_CELLS:
        if "inputs" in _named_arguments(written):
            cell = {key: value for key, value in _named_arguments(written).items() if key != "inputs"}
            return [{"RNN": {"cell": {name: cell}, "inputs": ["input"]}}, "Output"]
        return [{"RNN": {"cell": written}}, "Output"]
    if name in SEQUENCE_LAYERS or name.endswith("1D") or name in ("TimeDistributed", "RepeatVector", "Masking"):
        prefix = ["Flatten"] if name == "RepeatVector" else []
        return [*prefix, written, *([] if name in SEQUENCE_LAYERS else ["Flatten"]), "Output"]
    if name.endswith(("3D", "3DTranspose")) or name == "ConvLSTM2D":
        return [{"Reshape": [4, 4, 4, 1]}, written, "Flatten", "Output"]
    if name.endswith(("2D", "2DTranspose")) or name.startswith(("Random", "Center", "Resizing", "Auto")):
        return [{"Reshape": [8, 8, 1]}, written, "Flatten", "Output"]
    prefix = [] if name == "Flatten" else ["Flatten"]
    return [*prefix, written, {"Dense": 100}, "Output"]


def _with_arguments(written: Any, **arguments: Any) -> Any:
    name, inner = (written, {}) if isinstance(written, str) else next(iter(written.items()))
    if not isinstance(inner, dict):
        inner = {str(entries("layer")[name].shorthand): inner}
    return {name: {**inner, **arguments}}


def _dense_tree(argument: str, written: Any) -> dict[str, Any]:
    return _layer_tree({"Dense": {"units": 100, argument: written}})


def _loss_tree(written: Any) -> dict[str, Any]:
    if "from_logits" in _named_arguments(written):
        layers = ["Flatten", {"Dense": 100}, {"Output": {"activation": "linear"}}]
        return {"network": {"layers": layers}, "loss": written}
    return {"loss": written}


_FAMILY_TREES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "layer": _layer_tree,
    "initializer": lambda written: {"initializer": written},
    "activation": lambda written: {"activation": written},
    "regularizer": lambda written: _dense_tree("kernel_regularizer", written),
    "constraint": lambda written: _dense_tree("kernel_constraint", written),
    "optimizer": lambda written: {"optimizer": written},
    "schedule": lambda written: {"schedule": written},
    "loss": _loss_tree,
    "metric": lambda written: {"metrics": [written]},
}
"""Where an entry of each family stands in a file."""
