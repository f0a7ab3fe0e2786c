"""From `pretrained.from` to a Keras model that belongs to nobody else: a run, a file, or an application."""

from __future__ import annotations

import copy
import re
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras
from keras.src.legacy.saving import legacy_h5_format, saving_options, saving_utils
from keras.src.saving import serialization_lib

from kerasdeep import run_dir
from kerasdeep.build.pretrained import untrusted
from kerasdeep.build.unfilled import unfilled
from kerasdeep.data.download import keras_home
from kerasdeep.errors import InputError, Problem, closest
from kerasdeep.spec.applications import APPLICATIONS
from kerasdeep.spec.pretrained import APPLICATION, HUB, Pretrained

HARMLESS = {"DepthwiseConv2D": {"groups": 1}, "DepthwiseConv1D": {"groups": 1}}
"""Arguments that Keras 2 wrote and Keras 3 does not know, with the value at which they mean nothing."""
RENAMED = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}
_SPARE_PARAMETERS = 1000
_UNREACHABLE = re.compile(r"URL fetch failure on (?P<url>https?://\S+?):")
"""How `keras.utils.get_file` says that it could not download."""


def load(section: Pretrained, picture: tuple[int, ...] | None = None) -> tuple[keras.Model, list[str]]:
    """The model that `section` names, and sentences on what had to be mended to read it.

    `picture` is (height, width) of what an application will get. Raises `InputError` that says what is wrong with
    a file, and with names that are not known.
    """
    mark = section.mark("from")
    try:
        if section.from_.startswith(HUB):
            message = "models of KerasHub cannot be used yet: its packages do not fit this TensorFlow. "
            raise InputError(f"{message}Use {APPLICATION}NAME or a model file.", "model-file", mark)
        if section.application is not None:
            return _application(section, picture), []
        return _file(model_path(section.from_))
    except InputError as error:
        raise InputError([_at(problem, mark) for problem in error.problems]) from None


def _at(problem: Problem, mark: Any) -> Problem:
    where = problem.mark or mark
    return Problem(problem.severity, problem.name, problem.message, where, problem.suggestion)


def model_path(text: str) -> Path:
    """The model file that a path means: itself, or the one in a run directory."""
    path = Path(text)
    if path.is_dir():
        found = run_dir.find(path).model
        if not found.is_file():
            raise InputError(f"the run {path} has no finished model. Train it to its end first.", "model-file")
        return found
    if not path.exists():
        message = f"`{text}` is not there. Expected a run directory, a .keras or .h5 file, or {APPLICATION}NAME."
        raise InputError(message, "model-file")
    return path


def _file(path: Path) -> tuple[keras.Model, list[str]]:
    kind, config, stored = untrusted.examine(path)
    notes: list[str] = []
    if kind == "h5":
        _mend(config, notes)
    try:
        _check_size(kind, config, stored)
        model = (
            keras.saving.load_model(path, compile=False, safe_mode=True) if kind == "keras" else _h5(path, config)
        )
    except InputError as error:
        raise InputError(f"{path}: {error}", "model-file") from None
    except Exception as error:  # whatever Keras makes of a file that it did not write
        said = " ".join(str(error).split())[:300] or type(error).__name__
        older = " It may come from a Keras too old for Keras 3." if kind == "h5" else ""
        message = f"{path}: Keras cannot read this model.{older} It says: {said}"
        raise InputError(message, "model-file") from None
    if not isinstance(model, keras.Model) or not model.layers or not hasattr(model, "inputs"):
        raise InputError(f"{path}: this is no model of layers.", "model-file")
    if isinstance(model, keras.Sequential) and not model.built:
        raise InputError(
            f"{path}: this model does not say what its input is. Save it after training.", "model-file"
        )
    return model, [f"{path.name}: {note}" for note in dict.fromkeys(notes)]


def _check_size(kind: str, config: dict[str, Any], stored: int) -> None:
    """Raises InputError where the configuration asks for more numbers than the file has weights for."""
    with unfilled():
        if kind == "keras":
            bare = {key: value for key, value in config.items() if key != "compile_config"}
            shell = keras.saving.deserialize_keras_object(bare, safe_mode=True)
        else:
            shell = _from_legacy(config)
        wanted = sum(_numbers(weight.shape) for weight in shell.weights)
    if wanted > stored + _SPARE_PARAMETERS:
        message = (
            f"its configuration describes {wanted:,} numbers, its weights are {stored:,}. The file is damaged "
        )
        raise InputError(f"{message}or made to fill the memory.", "model-file")


def _numbers(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _from_legacy(config: dict[str, Any]) -> keras.Model:
    legacy = saving_options.keras_option_scope(use_legacy_config=True)
    with legacy, serialization_lib.SafeModeScope(True):
        return saving_utils.model_from_config(copy.deepcopy(config))  # Keras changes what it reads


def _h5(path: Path, config: dict[str, Any]) -> keras.Model:
    model = _from_legacy(config)
    with h5py.File(path, "r") as file:
        legacy_h5_format.load_weights_from_hdf5_group(file["model_weights"], model)
    return model


def _mend(config: Any, notes: list[str]) -> None:
    """Takes away what Keras 2 wrote and Keras 3 does not know, where it means nothing; renames old classes."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            name = value.get("class_name")
            if name in RENAMED:
                value["class_name"] = RENAMED[name]
                notes.append(f"read {name} as {RENAMED[name]}, its name today.")
            inner = value.get("config")
            for key, harmless in HARMLESS.get(str(name), {}).items():
                if isinstance(inner, dict) and inner.get(key) == harmless:
                    del inner[key]
                    notes.append(f"left out `{key}: {harmless}` of {name}, which Keras 3 does not have.")
            waiting += list(value.values())


def _application(section: Pretrained, picture: tuple[int, ...] | None) -> keras.Model:
    name = str(section.application)
    if name not in APPLICATIONS:
        message = f"`{name}` is no model of keras.applications. Expected one of: {', '.join(APPLICATIONS)}."
        raise InputError(
            [Problem("error", "model-file", message, section.mark("from"), closest(name, APPLICATIONS))]
        )
    if section.weights not in (None, "imagenet"):
        untrusted.check_weights(Path(section.weights))
    arguments = {"include_top": False, "weights": section.weights, **section.arguments}
    try:
        with warnings.catch_warnings():  # weights without a head fit pictures of any size
            warnings.filterwarnings("ignore", message=".*input_shape.*")
            return getattr(keras.applications, name)(input_shape=(*(picture or (224, 224)), 3), **arguments)
    except (
        Exception
    ) as error:  # a wrong argument, a file that does not fit, or no network to fetch weights through
        said = " ".join(str(error).split())[:300]
        unreachable = _UNREACHABLE.search(said)
        if unreachable:
            url = unreachable["url"]
            said = f"{url} cannot be reached. Where there is a network, download it, and put it there by hand: "
            said += f"{keras_home() / 'models' / url.rpartition('/')[2]}."
        message = (
            f"{name} cannot be made with {section.arguments or 'its defaults'} and weights {section.weights}: "
        )
        raise InputError(message + said, "model-file", section.mark("from")) from None
