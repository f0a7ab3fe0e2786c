"""The classes that a model file may name: those of the catalogue, Keras's model classes, and the custom objects."""

from typing import Any, NoReturn

import keras

from kerasdeep import catalog
from kerasdeep.custom_objects import CUSTOM_OBJECTS

MODEL_CLASSES = ("Functional", "Sequential", "Model", "InputLayer")
SERIALIZATION_MARKERS = (
    *("__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__ellipsis__", "__slice__", "__bytes__"),
)
"""What Keras writes into configurations for values that JSON lacks."""
DTYPE_POLICIES = ("DTypePolicy", "FloatDTypePolicy")
FUNCTION_FAMILIES = ("activation", "loss", "metric")
ALLOWED_FAMILIES = ("layer", "initializer", "regularizer", "constraint", *FUNCTION_FAMILIES, "optimizer", "schedule")
MASK_OPERATIONS = (
    *("NotEqual", "Any", "All", "LogicalAnd", "LogicalOr", "ExpandDims", "Squeeze", "OnesLike", "BroadcastTo"),
)
"""Operations that Keras writes into a model for the masks of `Embedding` and `Masking`, and where they meet."""
LEGACY_CLASSES = ("BatchNormalizationV1", "BatchNormalizationV2")
CODE_CLASSES = ("__lambda__", "__typespec__")


class ModelRefused(Exception):
    """The file is not read; the message says what it is and what can be done."""


_REMEDY = "Save a model without it, or write the network in YAML and take the weights of another model."


def check_classes(config: Any) -> None:
    """Raises `ModelRefused` for the first class, function or module in `config` that is not allowed, by its name."""
    pending = [(config, "")]
    count = 0
    while pending:
        value, owner = pending.pop()
        count += 1
        if count > 2_000_000:
            _refuse("its configuration has more parts than any model's.")
        if isinstance(value, list):
            pending += [(item, owner) for item in value]
        elif isinstance(value, dict):
            name = value.get("class_name")
            if name is not None or "registered_name" in value or "module" in value:
                owner = _check_class(value, owner)
            if isinstance(value.get("vocabulary"), str):
                _refuse(f"{owner} reads a vocabulary from a path, which could be any file.")
            pending += [(item, owner) for item in value.values()]


def _check_class(value: dict[str, Any], owner: str) -> str:
    """The name of what this dictionary describes, which is allowed."""
    name, module, registered = value.get("class_name"), value.get("module"), value.get("registered_name")
    location = f" (in {owner})" if owner else ""
    if not isinstance(name, str):
        _refuse(f"its configuration has a class name that is not a string{location}.")
    if name in CODE_CLASSES:
        _refuse(f"it contains code, `{name}`{location}, which is not run. {_REMEDY}")
    if name in SERIALIZATION_MARKERS:
        return owner
    if name == "function":
        return _check_function(value, location)
    if isinstance(registered, str) and registered != name:
        # The module does not matter: Keras looks the registered name up first. Files of 0.1 say `kerasdeep.extras`.
        if _registered_names().get(registered) != name:
            _refuse(f"`{registered}`{location} is custom code that the file does not contain. {_REMEDY}")
        return name
    if str(module).startswith("tf_keras."):
        _refuse(f"`{name}`{location} is of tf-keras. Save the model there as .h5: `model.save('model.h5')`.")
    if module is not None and not _is_keras(module):
        _refuse(f"`{name}`{location} comes from the module `{module}`, outside Keras. It is not imported. {_REMEDY}")
    if name in (*MODEL_CLASSES, *DTYPE_POLICIES, *MASK_OPERATIONS, *LEGACY_CLASSES):
        return name
    entries = [catalog.entries(family).get(name) for family in ALLOWED_FAMILIES]
    matches = [entry for entry in entries if entry is not None]
    if any(entry.refused for entry in matches):
        _refuse(f"`{name}`{location} cannot be used: {matches[0].refused} {_REMEDY}")
    if not matches:
        _refuse(f"`{name}`{location} is not a known class. {_REMEDY}")
    return name


def _check_function(value: dict[str, Any], location: str) -> str:
    name, module = value.get("config"), value.get("module")
    if isinstance(name, str) and name in _registered_names():
        return name
    known = isinstance(name, str) and any(name in catalog.entries(family) for family in FUNCTION_FAMILIES)
    if not known or not (module == "builtins" or _is_keras(module)) or value.get("registered_name") not in (None, name):
        _refuse(f"the function `{name}`{location} is custom code that the file does not contain. {_REMEDY}")
    return str(name)


def _registered_names() -> dict[str, str]:
    """The name of each custom object by the name that it is registered under."""
    objects = [target for family in CUSTOM_OBJECTS.values() for target in family.values()]
    return {keras.saving.get_registered_name(target): target.__name__ for target in objects}


def _is_keras(module: Any) -> bool:
    return isinstance(module, str) and (module == "keras" or module.startswith("keras."))


def _refuse(message: str) -> NoReturn:
    raise ModelRefused(message)
