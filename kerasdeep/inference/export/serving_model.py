"""The trained model with its preprocessing before it and the units of its targets after it, as one Keras model.

Built from the transforms that `transform_inputs` applies. Its inputs are numbers alone: a table's columns side by
side (missing numbers as NaN, a category as its number in the list of known values, −1 for any other), an array's
rows as they are, images already of the right size as 0 … 255. Its outputs are probabilities, and numbers in
their own unit.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from kerasdeep.data import Preprocessing
from kerasdeep.data.preprocessing import rows_by_input
from kerasdeep.heads import by_head, heads_in_order, output_scales
from kerasdeep.keras_names import keras_name

if TYPE_CHECKING:
    from kerasdeep.data.prediction_input import RawRows


def build_serving_model(model: keras.Model, preprocessing: Preprocessing) -> keras.Model:
    """The whole model, with `model`'s own weights; one input and one output, or mappings as `model` has them."""
    transforms = {keras_name(name): transform for name, transform in preprocessing.inputs.items()}
    inputs = {name: keras.Input(transform.serving_shape, name=name) for name, transform in transforms.items()}
    prepared = {name: transform.apply_with_keras(inputs[name]) for name, transform in transforms.items()}
    outputs = {
        head: ops.cast(output, "float32")
        for head, output in by_head(model(_unwrap_single(prepared), training=False)).items()
    }
    for head, (scale, offset) in output_scales(preprocessing).items():
        outputs[head] = outputs[head] * _float32(scale) + _float32(offset)
    for head in heads_in_order(preprocessing):
        outputs[head] = ops.sort(outputs[head])
    return keras.Model(_unwrap_single(inputs), _unwrap_single(outputs), name="deployed")


def _unwrap_single(tree: dict[str, Any]) -> Any:
    return tree if len(tree) > 1 else next(iter(tree.values()))


def _float32(values: Any) -> np.ndarray:
    """NumPy, not a tensor: a converter takes tensors from outside its graph for inputs."""
    return np.asarray(values, np.float32)


def serving_inputs(preprocessing: Preprocessing, raw: RawRows) -> dict[str, np.ndarray]:
    """Rows as `read_for_prediction` gives them, as the serving model takes them: float32 by input."""
    rows = rows_by_input(preprocessing, raw)
    return {keras_name(name): one.serving_values(rows[name]) for name, one in preprocessing.inputs.items()}


def describe_signature(preprocessing: Preprocessing, format: str) -> dict[str, Any]:
    """The inputs and outputs, for whoever calls the export without kerasdeep."""
    inputs = [
        {
            "name": keras_name(name),
            "dtype": "float32",
            "shape": [None, *transform.serving_shape],
            **transform.serving_signature(),
        }
        for name, transform in preprocessing.inputs.items()
    ]
    thresholds = {e.name: {"thresholds": e.thresholds} if e.thresholds else {} for e in preprocessing.targets}
    outputs = [
        {
            "name": "output_0" if format == "saved_model" and len(preprocessing.heads) == 1 else head,
            "targets": [
                {"name": target.name, "kind": target.kind, "classes": target.classes, **target.options}
                | thresholds[target.name]
                for target in targets
            ],
        }
        for head, targets in preprocessing.heads.items()
    ]
    return {"inputs": inputs, "outputs": outputs}


def to_float16(model: keras.Model) -> keras.Model:
    """A copy that holds its weights and computes in half precision: half the size, three digits."""

    def halved(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "DTypePolicy":
            return value | {"config": {"name": "float16"}}
        if isinstance(value, dict):
            return {key: halved(item) for key, item in value.items()}
        return [halved(item) for item in value] if isinstance(value, list | tuple) else value

    half = type(model).from_config(halved(copy.deepcopy(model.get_config())))
    for half_variable, variable in zip(half.variables, model.variables, strict=True):
        half_variable.assign(ops.cast(variable.value, half_variable.dtype))
    return half
