"""A YAML example for every name and setting: a few lines that are valid on top of `extends: quickstart`."""

from __future__ import annotations

from dataclasses import Field
from typing import Any

from kerasdeep.catalog import Entry, entries
from kerasdeep.explaining.values import (
    OF_PRETRAINING,
    OF_PRETRAINING_SETTING,
    OF_SETTING,
    PRETRAIN,
    WITH_OTHERS,
    admits,
    of_argument,
    typical,
)
from kerasdeep.explaining.yaml_text import block
from kerasdeep.spec.settings import Section, default_of, is_required, key_of, section_of, settings

MERGES = ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract")
MERGES += ("Attention", "AdditiveAttention")
ATTENTION = ("MultiHeadAttention", "GroupQueryAttention")
SEQUENCES = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")
CELLS = ("LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells")
MOST_SHOWN = 3
_SHOWN_FIRST = ("learning_rate", "weight_decay", "momentum", "activation", "padding")
_UNTOLD = ("name", "dtype", "trainable", "autocast", "seed", "reduction", "inputs")


def of_entry(entry: Entry, *shown: str) -> str | None:
    """An experiment's lines that use the entry; `shown` are arguments that must be written out."""
    if entry.refused:
        return None
    return block(_PLACES[entry.family](_written(entry, shown)))


def of_setting(path: str, entry: Field) -> str | None:
    """The setting in its place, with a value that says something."""
    if path in WITH_OTHERS:
        return block(WITH_OTHERS[path])
    if path.startswith(f"{PRETRAIN}."):
        return block(_of_pretraining(path.removeprefix(f"{PRETRAIN}."), entry))
    found = _in_place(path, entry)
    return None if found is None else block(found)


def _in_place(path: str, entry: Field) -> dict[str, Any] | None:
    """The setting in its place, by itself."""
    of = entry.metadata["of"]
    section = path.rpartition(".")[0]
    for place in (path, section):
        known = OF_SETTING.get(place)
        if known is not None and (place == path or (isinstance(known, dict) and key_of(entry) in known)):
            return _nested(place, known)
    inner = section_of(entry)
    if inner:
        return _nested(path, _of_section(path, inner))
    if not isinstance(of, str):
        return None
    default = None if is_required(entry) else default_of(entry)
    value = typical(of, default, entry.metadata["minimum"], entry.metadata["maximum"])
    return _nested(path, value) if admits(of, value) else None


def _of_pretraining(path: str, entry: Field) -> dict[str, Any]:
    """A stage with the setting, one that trains the network behind it, and rows that the kind can learn from."""
    kind, _, key = path.partition(".")
    stated = dict(OF_PRETRAINING[kind])
    if key == "data":
        stated["data"] = stated.get("data", {"limit": 1000})
    elif key.startswith("data."):
        table = kind == "masked" and key == "data.source"
        stated |= {"data": {"source": "wine"}} if table else _in_place(key, entry) or {}
    elif key.startswith("noise."):
        word = key.partition(".")[2]
        stated |= {"style": "denoising", "noise": {word: 0.2}}
    elif key:
        more, value = OF_PRETRAINING_SETTING[key]
        stated |= {**more, key: value}
    rows = {"data": {"source": "breast_cancer"}} if kind == "masked" else {}
    return {**rows, "stages": [{"pretrain": {kind: stated}}, {"train": "head"}]}


def of_warning(name: str) -> str:
    return block({"allow": [name]})


def _of_section(path: str, section: type[Section]) -> Any:
    """A section's shortest useful form: its shorthand, or the settings whose example is known."""
    if path == "data":
        return {"source": "fashion_mnist", "validation": {"last": 5000}, "test": 0.1}
    known = {
        entry.name: OF_SETTING[f"{path}.{entry.name}"]
        for entry in settings(section)
        if f"{path}.{entry.name}" in OF_SETTING
    }
    if known and "validation" not in path and "test" not in path:
        return known if len(known) <= MOST_SHOWN else dict(list(known.items())[:2])
    if section.SHORTHAND:
        expression, key = section.SHORTHAND[-1 if section.SHORTHAND[0][0] == "'before'|'after'" else 0]
        entry = next(one for one in settings(section) if one.name == key)
        default = None if is_required(entry) else default_of(entry)
        return typical(expression, default, entry.metadata["minimum"], entry.metadata["maximum"])
    entry = next(iter(settings(section)))
    return {entry.name: typical(entry.metadata["of"], default_of(entry), None, None)}


def _nested(path: str, value: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        value = [value] if key.isdecimal() else {key: value}
    return value


def _written(entry: Entry, shown: tuple[str, ...]) -> Any:
    """`Name`, `Name: value` or `Name: {argument: value}` with what must be written, and a little more."""
    names = [name for name in entry.required if name not in shown]
    usual = [name for name in _SHOWN_FIRST if name in entry.arguments and name not in names]
    names += shown or usual[: 2 if entry.family == "optimizer" else 1]
    short = entry.shorthand
    if not names and short and short not in _UNTOLD:
        names = [short]
    arguments = {name: of_argument(entry.name, entry.arguments[name]) for name in names}
    if entry.name == "threshold":
        arguments |= {"default_value": 0.0}
    if not arguments:
        return entry.name
    if not shown and list(arguments) == [short]:
        return {entry.name: arguments[short]}
    return {entry.name: arguments}


def _layers(written: Any) -> dict[str, Any]:
    name = written if isinstance(written, str) else next(iter(written))
    layers = _surrounded(name, written)
    if "inputs" in _arguments(written):
        layers = layers if name in (*MERGES, *ATTENTION, *CELLS) else _fed(layers, layers.index(written))
    return {"network": {"layers": layers}}


def _fed(layers: list[Any], position: int) -> list[Any]:
    """The layer at `position` fed by the one before it, or by the data, by name."""
    if position == 0:
        return [_with(layers[0], inputs=["input"]), *layers[1:]]
    before = _with(layers[position - 1], **{"name": "before", **_arguments(layers[position - 1])})
    fed = _with(layers[position], inputs=[_arguments(before)["name"]])
    return [*layers[: position - 1], before, fed, *layers[position + 1 :]]


def _arguments(written: Any) -> dict[str, Any]:
    """The arguments that are written by name."""
    (inner,) = written.values() if isinstance(written, dict) else ({},)
    return inner if isinstance(inner, dict) else {}


def _surrounded(name: str, written: Any) -> list[Any]:
    """The layer among others that give it the input it expects; quickstart's pictures are 8 × 8, grey."""
    if name == "Output":
        return ["Flatten", {"Dense": 100}, written]
    if name == "Input":
        wide = {**written["Input"], "name": "wide"}
        return [{"Input": wide}, {"Dense": 30}, {"Output": {"inputs": ["dense_1"]}}]
    if name in ("Repeat", "Residual", "TransposedDense"):
        return ["Flatten", {"Dense": {"units": 64, "name": "code"}}, written, "Output"]
    if name in MERGES:
        both = _with(written, inputs=["left", "right"])
        start = [{"Flatten": {"name": "flat"}}, {"Dense": {"units": 64, "name": "left"}}]
        return [*start, {"Dense": {"units": 64, "name": "right", "inputs": ["flat"]}}, both, "Output"]
    if name in ATTENTION:
        twice = [{"LSTM": {"units": 32, "return_sequences": True, "name": "steps"}}]
        return [*twice, _with(written, inputs=["steps", "steps"]), "GlobalAveragePooling1D", "Output"]
    if name in CELLS:
        if "inputs" in _arguments(written):
            cell = {key: value for key, value in _arguments(written).items() if key != "inputs"}
            return [{"RNN": {"cell": {name: cell}, "inputs": ["input"]}}, "Output"]
        return [{"RNN": {"cell": written}}, "Output"]
    if name in SEQUENCES or name.endswith("1D") or name in ("TimeDistributed", "RepeatVector", "Masking"):
        before = ["Flatten"] if name == "RepeatVector" else []
        return [*before, written, *([] if name in SEQUENCES else ["Flatten"]), "Output"]
    if name.endswith(("3D", "3DTranspose")) or name == "ConvLSTM2D":
        return [{"Reshape": [4, 4, 4, 1]}, written, "Flatten", "Output"]
    if _wants_picture(name):
        return [{"Reshape": [8, 8, 1]}, written, "Flatten", "Output"]
    before = [] if name == "Flatten" else ["Flatten"]
    return [*before, written, {"Dense": 100}, "Output"]


def _wants_picture(name: str) -> bool:
    return name.endswith(("2D", "2DTranspose")) or name.startswith(("Random", "Center", "Resizing", "Auto"))


def _with(written: Any, **arguments: Any) -> Any:
    name, inner = (written, {}) if isinstance(written, str) else next(iter(written.items()))
    if not isinstance(inner, dict):
        inner = {entries("layer")[name].shorthand: inner}
    return {name: {**inner, **arguments}}


def _on_dense(argument: str, written: Any) -> dict[str, Any]:
    return _layers({"Dense": {"units": 100, argument: written}})


def _loss(written: Any) -> dict[str, Any]:
    if "from_logits" in _arguments(written):
        layers = ["Flatten", {"Dense": 100}, {"Output": {"activation": "linear"}}]
        return {"network": {"layers": layers}, "loss": written}
    return {"loss": written}


_PLACES = {
    "layer": _layers,
    "initializer": lambda written: {"initializer": written},
    "activation": lambda written: {"activation": written},
    "regularizer": lambda written: _on_dense("kernel_regularizer", written),
    "constraint": lambda written: _on_dense("kernel_constraint", written),
    "optimizer": lambda written: {"optimizer": written},
    "schedule": lambda written: {"schedule": written},
    "loss": _loss,
    "metric": lambda written: {"metrics": [written]},
}
"""Where an entry of each family stands in a file."""
