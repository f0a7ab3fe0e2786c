"""Which classes a model file may name: those of the catalogue, the models' own, and kerasdeep's."""

from __future__ import annotations

from typing import Any, NoReturn

from kerasdeep import catalog, extras

MODELS = ("Functional", "Sequential", "Model", "InputLayer")
PLUMBING = ("__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__ellipsis__", "__slice__", "__bytes__")
"""Marks that Keras writes into configurations for values that JSON lacks."""
POLICIES = ("DTypePolicy", "FloatDTypePolicy")
FUNCTIONS = ("activation", "loss", "metric")
FAMILIES = ("layer", "initializer", "regularizer", "constraint", *FUNCTIONS, "optimizer", "schedule")
LEGACY = ("BatchNormalizationV1", "BatchNormalizationV2")
CODE = ("__lambda__", "__typespec__")
_OWN = {f"kerasdeep>{name}": name for name in extras.__all__}


class Refused(Exception):
    """The file is not read; the message says what it is and what can be done."""


_WHAT_TO_DO = "Save a model without it, or write the network in YAML and take the weights of another model."


def check_classes(config: Any) -> None:
    """Raises `Refused` for the first class, function or module in `config` that is not allowed, by its name."""
    waiting = [(config, "")]
    count = 0
    while waiting:
        value, within = waiting.pop()
        count += 1
        if count > 2_000_000:
            _refuse("its configuration has more parts than any model's.")
        if isinstance(value, list):
            waiting += [(item, within) for item in value]
        elif isinstance(value, dict):
            name = value.get("class_name")
            if name is not None or "registered_name" in value or "module" in value:
                within = _check(value, within)
            if isinstance(value.get("vocabulary"), str):
                _refuse(f"{within} reads a vocabulary from a path, which could be any file.")
            waiting += [(item, within) for item in value.values()]


def _check(value: dict[str, Any], within: str) -> str:
    """The name of what this dictionary describes, which is allowed."""
    name, module, registered = value.get("class_name"), value.get("module"), value.get("registered_name")
    where = f" (in {within})" if within else ""
    if not isinstance(name, str):
        _refuse(f"its configuration names a class that is no text{where}.")
    if name in CODE:
        _refuse(f"it carries code of its own, `{name}`{where}. It is not run. {_WHAT_TO_DO}")
    if name in PLUMBING:
        return within
    if name == "function":
        return _function(value, where)
    if isinstance(registered, str) and registered != name:
        if registered not in _OWN or _OWN[registered] != name:
            _refuse(
                f"`{registered}`{where} is a class of its author's, whose code is not in the file. {_WHAT_TO_DO}"
            )
        return name
    if module is not None and not _is_keras(module):
        _refuse(
            f"`{name}`{where} comes from the module `{module}`, outside Keras. It is not imported. {_WHAT_TO_DO}"
        )
    if name in (*MODELS, *POLICIES, *LEGACY):
        return name
    entries = [catalog.entries(family).get(name) for family in FAMILIES]
    found = [entry for entry in entries if entry is not None]
    if any(entry.refused for entry in found):
        _refuse(f"`{name}`{where} cannot be used: {found[0].refused} {_WHAT_TO_DO}")
    if not found:
        _refuse(f"`{name}`{where} is no class that kerasdeep knows. {_WHAT_TO_DO}")
    return name


def _function(value: dict[str, Any], where: str) -> str:
    name, module = value.get("config"), value.get("module")
    known = isinstance(name, str) and any(name in catalog.entries(family) for family in FUNCTIONS)
    if (
        not known
        or not (module == "builtins" or _is_keras(module))
        or value.get("registered_name") not in (None, name)
    ):
        _refuse(f"the function `{name}`{where} is its author's, whose code is not in the file. {_WHAT_TO_DO}")
    return str(name)


def _is_keras(module: Any) -> bool:
    return isinstance(module, str) and (module == "keras" or module.startswith("keras."))


def _refuse(message: str) -> NoReturn:
    raise Refused(message)
