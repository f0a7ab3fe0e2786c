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

from kerasdeep.errors import InputError
from kerasdeep.runtime import quiet_start

Runner = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Format:
    """`half` says whether the written file itself turns weights to float16, so that the model need not."""

    suffix: str
    write: Callable[[keras.Model, Path, bool], None]
    load: Callable[[Path, list[str], list[str]], Runner]
    half: bool = False
    packages: tuple[str, ...] = ()

    def require(self) -> None:
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
        said = function(arrays if len(inputs) > 1 else tf.constant(arrays[inputs[0]]))
        return {head: np.asarray(said[head] if len(heads) > 1 else said) for head in heads}

    return run


def _write_saved_model(model: keras.Model, path: Path, float16: bool) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _load_saved_model(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    loaded = tf.saved_model.load(path)
    run = _runner(loaded.serve, inputs, heads)
    run.kept = loaded  # the functions hold their variables only weakly
    return run


def _write_litert(model: keras.Model, path: Path, float16: bool) -> None:
    half = {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}
    model.export(path, format="litert", verbose=False, **(half if float16 else {}))


def _load_litert(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    with warnings.catch_warnings():
        # It announces its removal in a TensorFlow that the pinned one is not.
        warnings.filterwarnings("ignore", "[\\s\\S]*tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_path=str(path))
    run = interpreter.get_signature_runner("serving_default")
    wanted = sorted(run.get_input_details())
    names = (
        dict(zip(wanted, sorted(inputs), strict=True)) if set(wanted) != set(inputs) else {n: n for n in wanted}
    )

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        said = run(**{name: arrays[source] for name, source in names.items()})
        return _named(said, heads)

    answer.kept = interpreter
    return answer


def _named(said: dict[str, np.ndarray], heads: list[str]) -> dict[str, np.ndarray]:
    """Outputs by head; a format that renames them keeps the order of their sorted names."""
    if set(heads) <= set(said):
        return {head: said[head] for head in heads}
    return dict(zip(sorted(heads), (said[name] for name in sorted(said)), strict=True))


def _write_onnx(model: keras.Model, path: Path, float16: bool) -> None:
    # Keras refuses to export to onnx what was never called.
    model(keras.tree.map_structure(lambda one: np.zeros((1, *one.shape[1:]), np.float32), model.input))
    model.export(path, format="onnx", verbose=False)


def _load_onnx(path: Path, inputs: list[str], heads: list[str]) -> Runner:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def answer(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        fed = {one.name: arrays[one.name if one.name in arrays else inputs[0]] for one in session.get_inputs()}
        return _named(dict(zip(names, session.run(None, fed), strict=True)), heads)

    return answer


FORMATS = {
    "keras": Format(".keras", _write_keras, _load_keras),
    "saved_model": Format("", _write_saved_model, _load_saved_model),
    "litert": Format(".tflite", _write_litert, _load_litert, half=True),
    "onnx": Format(".onnx", _write_onnx, _load_onnx, packages=("onnx", "tf2onnx", "onnxruntime")),
}


def write(name: str, model: keras.Model, path: Path, float16: bool) -> None:
    """Write `model` at `path`; converters talk on standard error, which is shown only when they fail."""
    with quiet_start():
        FORMATS[name].write(model, path, float16)
