"""The formats: how each is written, and how what was written is run again to be checked.

A runner takes float32 arrays by input and gives arrays by head.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasdeep.backends.system import suppress_startup_output
from kerasdeep.errors import InputError, SourceLocation

Runner = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


@dataclass(frozen=True)
class ExportFormat:
    """`half` says whether the written file itself turns weights to float16, so that the model need not."""

    suffix: str
    write: Callable[[keras.Model, Path, bool], None]
    load: Callable[[Path, list[str], list[str]], Runner]
    converts_float16: bool = False
    packages: tuple[str, ...] = ()

    def require_packages(self) -> None:
        """Raise InputError naming what to install."""
        absent = [package for package in self.packages if importlib.util.find_spec(package) is None]
        if absent:
            message = f"{', '.join(absent)} must be installed for this format: pip install 'kerasdeep[onnx]'"
            raise InputError(message, "missing-package")


def _write_keras(model: keras.Model, path: Path, float16: bool) -> None:
    model.save(path)


def _load_keras(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    return _runner(tf.function(lambda x: model(x, training=False), autograph=False), inputs, heads)


def _runner(function: Callable[[Any], Any], inputs: list[str], heads: list[str]) -> Runner:
    def run(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = function(arrays if len(inputs) > 1 else tf.constant(arrays[inputs[0]]))
        return {head: np.asarray(outputs[head] if len(heads) > 1 else outputs) for head in heads}

    return run


def _write_saved_model(model: keras.Model, path: Path, float16: bool) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _load_saved_model(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    loaded = tf.saved_model.load(path)
    # Not `loaded.serve` alone: the functions hold their variables only weakly.
    return _runner(lambda x: loaded.serve(x), inputs, heads)


def _write_litert(model: keras.Model, path: Path, float16: bool) -> None:
    half = {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}
    model.export(path, format="litert", verbose=False, **(half if float16 else {}))


def _load_litert(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    with warnings.catch_warnings():
        # It announces its removal in a TensorFlow that the pinned one is not.
        warnings.filterwarnings("ignore", "[\\s\\S]*tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_path=str(path))
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        message = "LiteRT cannot run this network: it has operations that only TensorFlow knows, such as the loop of a "
        message += "recurrent layer. Expected `unroll: true` in each GRU, LSTM or SimpleRNN, or --format saved_model."
        raise InputError(message, "export-format", SourceLocation("--format")) from error
    signature = interpreter.get_signature_runner("serving_default")
    input_names = sorted(signature.get_input_details())
    names = dict(zip(input_names, sorted(inputs), strict=True))  # a renamed input keeps its place in their order

    def runner(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert interpreter is not None  # held here: the signature does not keep its interpreter
        outputs = signature(**{name: arrays[source] for name, source in names.items()})
        return _outputs_by_head(outputs, heads)

    return runner


def _outputs_by_head(outputs: dict[str, np.ndarray], heads: list[str]) -> dict[str, np.ndarray]:
    """Outputs by head; a format that renames them keeps the order of their sorted names."""
    if set(heads) <= set(outputs):
        return {head: outputs[head] for head in heads}
    return dict(zip(sorted(heads), (outputs[name] for name in sorted(outputs)), strict=True))


def _write_onnx(model: keras.Model, path: Path, float16: bool) -> None:
    # Keras refuses to export to onnx what was never called.
    model(keras.tree.map_structure(lambda tensor: np.zeros((1, *tensor.shape[1:]), np.float32), model.input))
    model.export(path, format="onnx", verbose=False)


def _load_onnx(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def runner(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        feeds = {
            input_info.name: arrays[input_info.name if input_info.name in arrays else inputs[0]]
            for input_info in session.get_inputs()
        }
        return _outputs_by_head(dict(zip(names, session.run(None, feeds), strict=True)), heads)

    return runner


FORMATS = {
    "keras": ExportFormat(".keras", _write_keras, _load_keras),
    "saved_model": ExportFormat("", _write_saved_model, _load_saved_model),
    "litert": ExportFormat(".tflite", _write_litert, _load_litert, converts_float16=True),
    "onnx": ExportFormat(".onnx", _write_onnx, _load_onnx, packages=("onnx", "tf2onnx", "onnxruntime")),
}


def write_model(name: str, model: keras.Model, path: Path, float16: bool) -> None:
    """Write `model` at `path`; converters talk on standard error, which is shown only when they fail."""
    with suppress_startup_output():
        FORMATS[name].write(model, path, float16)
