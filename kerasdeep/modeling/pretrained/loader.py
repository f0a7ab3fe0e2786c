"""From `pretrained.from` to a new Keras model: from a run, a file, or an application."""

import copy
import json
import math
import re
import tempfile
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras

from kerasdeep.backends.keras_private import legacy_h5_format, saving_options, saving_utils, serialization_lib
from kerasdeep.config.applications import APPLICATIONS
from kerasdeep.config.sections.pretrained import APPLICATION_PREFIX, KERAS_HUB_PREFIX, PretrainedConfig
from kerasdeep.errors import InputError, suggest
from kerasdeep.modeling.pretrained import model_scan
from kerasdeep.modeling.shape_only import shape_only_variables
from kerasdeep.paths import keras_home
from kerasdeep.runs import open_run_dir

_UNGROUPED_CONVOLUTIONS = (("DepthwiseConv", ""), ("Conv", "Transpose"), ("SeparableConv", ""))
_RECURRENT = ("RNN", "SimpleRNN", "LSTM", "GRU")
_RANDOM = ("Flip", "Crop", "Rotation", "Translation", "Zoom", "Contrast", "Brightness")
IGNORABLE_ARGUMENTS: dict[str, dict[str, Any]] = {
    f"{kind}{rank}D{end}": {"groups": 1} for rank in (1, 2, 3) for kind, end in _UNGROUPED_CONVOLUTIONS
}
IGNORABLE_ARGUMENTS |= {kind: {"time_major": False} for kind in _RECURRENT}
IGNORABLE_ARGUMENTS |= {f"Random{kind}": {"rng_type": "stateful"} for kind in _RANDOM}
"""Arguments that Keras 2 wrote and Keras 3 does not know, with the value at which they have no effect."""
MOVED_CLASSES = {"Functional": "keras.src.models.functional", "Sequential": "keras", "Model": "keras"}
"""Where Keras 3 has the classes of models, which Keras 2 wrote with the modules that it had them in."""
RENAMED_CLASSES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}
_PARAMETER_SLACK = 1000
_ESCAPE_CODES = re.compile(r"\x1b\[[0-9;]*m")
_DOWNLOAD_FAILURE = re.compile(r"URL fetch failure on (?P<url>https?://\S+?):")
"""How `keras.utils.get_file` says that it could not download."""


def load_pretrained(
    section: PretrainedConfig, image_size: tuple[int, ...] | None = None
) -> tuple[keras.Model, list[str]]:
    """The model that `section` names, and sentences on what had to be changed to read it.

    `image_size` is (height, width) of an application's input. Raises `InputError` that says what is wrong with a
    file, or that a name is not known.
    """
    location = section.location("from")
    try:
        if section.from_.startswith(KERAS_HUB_PREFIX):
            message = "models of KerasHub cannot be used yet: its packages do not fit this TensorFlow. "
            raise InputError(f"{message}Use {APPLICATION_PREFIX}NAME or a model file.", "model-file", location)
        if section.application is not None:
            return _build_application(section, image_size), []
        return _load_file(resolve_model_path(section.from_))
    except InputError as error:
        raise InputError(
            replace(problem, location=problem.location or location) for problem in error.problems
        ) from None


def resolve_model_path(text: str) -> Path:
    """The model file that a path means: itself, or the one in a run directory."""
    path = Path(text)
    if path.is_dir():
        model_file = open_run_dir(path).model
        if not model_file.is_file():
            raise InputError(f"the run {path} has no finished model. Train it to its end first.", "model-file")
        return model_file
    if not path.exists():
        message = f"`{text}` does not exist. Expected a run directory, a .keras or .h5 file, or application:NAME."
        raise InputError(message, "model-file")
    return path


def _load_file(path: Path) -> tuple[keras.Model, list[str]]:
    scanned = model_scan.scan_model_file(path)
    notes: list[str] = []
    _upgrade_config(scanned.config, notes)
    try:
        _check_size(scanned)
        if scanned.kind == "keras":
            model = _load_upgraded(path, scanned.config) if notes else _load_keras(path)
        else:
            model = _load_h5(path, scanned.config)
    except InputError as error:
        raise InputError(f"{path}: {error}", "model-file") from None
    except Exception as error:  # Keras can raise anything for a file that it did not write
        keras_message = " ".join(_ESCAPE_CODES.sub("", str(error)).split())[:300] or type(error).__name__
        message = f"{path}: Keras {keras.__version__} cannot read this model: {keras_message.rstrip('.')}. "
        message += "Where it was made, or with `pip install tf-keras` and TF_USE_LEGACY_KERAS=1, read it once and save "
        message += "it anew: `model.save('model.h5')`."
        raise InputError(message, "model-file") from None
    if not isinstance(model, keras.Model) or not model.layers or not hasattr(model, "inputs"):
        raise InputError(f"{path}: this is not a layered Keras model.", "model-file")
    if isinstance(model, keras.Sequential) and not model.built:
        raise InputError(f"{path}: this model does not say what its input is. Save it after training.", "model-file")
    return model, [f"{path.name}: {note}" for note in dict.fromkeys(notes)]


def _check_size(scanned: model_scan.ScannedFile) -> None:
    """Raises InputError where the configuration asks for more numbers than the file has weights for."""
    with shape_only_variables():
        if scanned.kind == "keras":
            model_config = copy.deepcopy(scanned.config)  # Keras changes what it reads
            model_config.pop("compile_config", None)
            with serialization_lib.ObjectSharingScope():  # restores the tie of a transposed layer
                skeleton = keras.saving.deserialize_keras_object(model_config, safe_mode=True)
        else:
            skeleton = _model_from_legacy_config(scanned.config)
        expected = sum(math.prod(weight.shape) for weight in skeleton.weights)
    if expected > scanned.stored + _PARAMETER_SLACK:
        message = f"its configuration describes {expected:,} numbers, its weights are {scanned.stored:,}. "
        raise InputError(f"{message}The file is damaged or crafted to exhaust memory.", "model-file")


def _model_from_legacy_config(config: dict[str, Any]) -> keras.Model:
    legacy = saving_options.keras_option_scope(use_legacy_config=True)
    with legacy, serialization_lib.SafeModeScope(True):
        return saving_utils.model_from_config(copy.deepcopy(config))  # Keras changes what it reads


def _load_keras(path: Path) -> keras.Model:
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def _load_upgraded(path: Path, config: dict[str, Any]) -> keras.Model:
    """The model of a .keras file that says `config` in place of its own."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        copy_path = Path(folder) / "model.keras"
        with zipfile.ZipFile(copy_path, "w") as upgraded:
            for name in archive.namelist():
                text = json.dumps(config) if name == "config.json" else archive.read(name)
                upgraded.writestr(name, text)
        return _load_keras(copy_path)


def _load_h5(path: Path, config: dict[str, Any]) -> keras.Model:
    model = _model_from_legacy_config(config)
    with h5py.File(path, "r") as file:
        legacy_h5_format.load_weights_from_hdf5_group(file["model_weights"], model)
    return model


def _upgrade_config(config: Any, notes: list[str]) -> None:
    """Removes what Keras 2 wrote and Keras 3 does not know, where it has no effect; renames old classes."""
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            name = value.get("class_name")
            if name in RENAMED_CLASSES:
                value["class_name"] = RENAMED_CLASSES[name]
                notes.append(f"read {name} as {RENAMED_CLASSES[name]}, its name today.")
            module = str(value.get("module", ""))
            if name in MOVED_CLASSES and module.startswith("keras.") and module != MOVED_CLASSES[name]:
                value["module"] = MOVED_CLASSES[name]
                if module.startswith("keras.src.engine"):
                    notes.append(f"read {name} of Keras 2 as that of Keras 3.")
            arguments = value.get("config")
            for key, default in IGNORABLE_ARGUMENTS.get(str(name), {}).items():
                if isinstance(arguments, dict) and arguments.get(key) == default:
                    del arguments[key]
                    notes.append(f"left out `{key}: {default}` of {name}, which Keras 3 does not have.")
            pending += list(value.values())


def _build_application(section: PretrainedConfig, image_size: tuple[int, ...] | None) -> keras.Model:
    name = str(section.application)
    if name not in APPLICATIONS:
        message = f"`{name}` is not a model of keras.applications. Expected one of: {', '.join(APPLICATIONS)}."
        raise InputError(message, "model-file", section.location("from"), suggest(name, APPLICATIONS))
    if section.weights not in (None, "imagenet"):
        model_scan.scan_weights_file(Path(section.weights))
    arguments = {"include_top": False, "weights": section.weights, **section.arguments}
    try:
        with warnings.catch_warnings():  # weights without a head fit images of any size
            warnings.filterwarnings("ignore", message=".*input_shape.*")
            return getattr(keras.applications, name)(input_shape=(*(image_size or (224, 224)), 3), **arguments)
    except Exception as error:  # a wrong argument, a file that does not fit, or no network to fetch weights through
        keras_message = " ".join(str(error).split())[:300]
        unreachable = _DOWNLOAD_FAILURE.search(keras_message)
        if unreachable:
            url = unreachable["url"]
            keras_message = f"{url} cannot be reached. Download it where there is a network, and copy it to "
            keras_message += f"{keras_home() / 'models' / url.rpartition('/')[2]}."
        message = f"{name} cannot be made with {section.arguments or 'its defaults'} and weights {section.weights}: "
        raise InputError(message + keras_message, "model-file", section.location("from")) from None
