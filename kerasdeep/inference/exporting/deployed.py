"""The trained model with its preprocessing in front and its units behind, as one Keras model.

Built from the arrays that `preprocessing.apply` uses. Its inputs are numbers alone: a table's columns side by
side (missing numbers as NaN, a category as its number in the list of known values, −1 for any other), an array's
rows as they are, pictures already of the right size as 0 … 255. Its outputs are probabilities, and numbers in
their own unit.
"""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdeep.data import Preprocessing
from kerasdeep.data.columns import as_numbers, as_text
from kerasdeep.data.preprocessing import ArrayRule, TableRule
from kerasdeep.inference.monte_carlo import by_head

UNKNOWN = -1.0


def deploy(model: keras.Model, preprocessing: Preprocessing) -> keras.Model:
    """The whole model, with `model`'s own weights; one input and one output, or mappings as `model` has them."""
    inputs = {name: keras.Input(_shape(rule), name=name) for name, rule in preprocessing.inputs.items()}
    prepared = {name: _prepared(rule, inputs[name]) for name, rule in preprocessing.inputs.items()}
    said = by_head(model(_lone(prepared), training=False))
    outputs = {head: _restored(preprocessing, head, ops.cast(said[head], "float32")) for head in said}
    return keras.Model(_lone(inputs), _lone(outputs), name="deployed")


def _lone(tree: dict[str, Any]) -> Any:
    return tree if len(tree) > 1 else next(iter(tree.values()))


def _shape(rule: TableRule | ArrayRule) -> tuple[int, ...]:
    return (len(rule.columns),) if isinstance(rule, TableRule) else rule.shape


def _prepared(rule: TableRule | ArrayRule, raw: Any) -> Any:
    if isinstance(rule, ArrayRule):
        return _scaled(rule, raw)
    count = len(rule.numbers)
    parts = [_scaled(rule, raw[:, :count])] if count else []
    for place, values in enumerate(rule.categories.values(), count):
        parts.append(ops.cast(ops.equal(raw[:, place : place + 1], _constant(np.arange(len(values)))), "float32"))
    return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def _scaled(rule: TableRule | ArrayRule, raw: Any) -> Any:
    if np.isfinite(rule.fill).all():
        # In two steps: the onnx converter turns other conditions into a multiplication, which lets NaN pass.
        for missing in (ops.isnan, ops.isinf):
            raw = ops.where(missing(raw), _constant(rule.fill), raw)
    shifted = raw - _constant(rule.offset) if np.any(rule.offset) else raw
    return shifted / _constant(rule.scale) if np.any(np.asarray(rule.scale) != 1) else shifted


def _restored(preprocessing: Preprocessing, head: str, said: Any) -> Any:
    targets = [target.name for target in preprocessing.heads[head]]
    rules = [rule for rule in preprocessing.targets if rule.name in targets]
    if rules[0].kind != "regression":
        return said
    scale, center = _constant([rule.scale for rule in rules]), _constant([rule.center for rule in rules])
    return said * scale + center


def _constant(values: Any) -> np.ndarray:
    """NumPy, not a tensor: a converter takes tensors from outside its graph for inputs."""
    return np.asarray(values, np.float32)


def raw_arrays(preprocessing: Preprocessing, raw: Any) -> dict[str, np.ndarray]:
    """Rows as `read_raw` gives them as the deployed model wants them: float32 by input."""
    rules = preprocessing.inputs
    by_input = raw if isinstance(raw, dict) else dict.fromkeys(rules, raw)
    return {name: _raw_array(rule, by_input[name]) for name, rule in rules.items()}


def _raw_array(rule: TableRule | ArrayRule, raw: Any) -> np.ndarray:
    if isinstance(rule, ArrayRule):
        if rule.image:
            from kerasdeep.data.images import conform

            raw = conform(raw, rule.image)
        return np.asarray(raw, np.float32)
    columns = [as_numbers(raw[name]) for name in rule.numbers]
    for name, values in rule.categories.items():
        number_of = {value: number for number, value in enumerate(values)}
        columns.append(np.array([number_of.get(text, UNKNOWN) for text in as_text(raw[name])]))
    return np.stack(columns, axis=1).astype(np.float32)


def described(preprocessing: Preprocessing) -> dict[str, Any]:
    """What goes in and comes out, for whoever calls the export without kerasdeep."""
    inputs = [
        {"name": name, "dtype": "float32", "shape": [None, *_shape(rule)]}
        | (
            {"columns": [*rule.numbers, *rule.categories], "missing_number": "NaN", "categories": rule.categories}
            if isinstance(rule, TableRule)
            else {"resize": rule.image.resize if rule.image else None}
        )
        for name, rule in preprocessing.inputs.items()
    ]
    outputs = [
        {
            "name": head,
            "targets": [{"name": one.name, "kind": one.kind, "classes": one.classes} for one in targets],
        }
        for head, targets in preprocessing.heads.items()
    ]
    return {"inputs": inputs, "outputs": outputs}


def in_float16(model: keras.Model) -> keras.Model:
    """A copy that holds its weights and computes in half precision: half the size, three digits."""

    def halved(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "DTypePolicy":
            return value | {"config": {"name": "float16"}}
        if isinstance(value, dict):
            return {key: halved(item) for key, item in value.items()}
        return [halved(item) for item in value] if isinstance(value, list | tuple) else value

    half = type(model).from_config(halved(copy.deepcopy(model.get_config())))
    for to, source in zip(half.variables, model.variables, strict=True):
        to.assign(ops.cast(source.value, to.dtype))
    return half
