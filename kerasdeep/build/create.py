"""From a choice to the Keras object: the one place where a written name becomes a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kerasdeep import extras
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError, Problem

MODULES = {
    "layer": keras.layers,
    "initializer": keras.initializers,
    "activation": keras.activations,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
    "optimizer": keras.optimizers,
    "schedule": keras.optimizers.schedules,
    "loss": keras.losses,
    "metric": keras.metrics,
}
OWN_LAYERS = {
    "RReLU": extras.RReLU,
    "LearnedSwish": extras.LearnedSwish,
    "TransposedDense": extras.TransposedDense,
    "TakeColumns": extras.TakeColumns,
}
KERAS_DECIDES = ("accuracy",)
"""Metrics that Keras's compile chooses a class for, by the shapes it meets."""


def create(choice: Choice, **more: Any) -> Any:
    """The Keras object that `choice` describes, nested choices built as objects too.

    An activation is Keras's function, or a callable that carries its arguments; a layer takes `more` arguments,
    such as `name`. Classes are looked up in Keras's public modules, never through `get()`, which refuses some
    names and forgets some arguments. Raises `InputError` at the choice's mark with Keras's own sentence when
    Keras refuses.
    """
    arguments = {name: built(value) for name, value in choice.arguments.items()}
    if choice.family == "metric" and choice.name in KERAS_DECIDES:
        return choice.name
    if choice.family == "activation" and choice.entry.layer:
        return create(Choice("layer", choice.entry.layer, choice.arguments, choice.mark), **more)
    with blaming(choice):
        if choice.family == "activation":
            function = getattr(keras.activations, choice.name)
            return extras.ActivationWith(choice.name, arguments) if arguments else function
        made = class_of(choice)
        if made is keras.optimizers.MultiOptimizer:
            default, others = arguments.pop("default_optimizer"), arguments.pop("optimizer_map")
            arguments["optimizer_map"] = keras.optimizers.OptimizerMap(default, others)
        if not isinstance(made, type):
            # Four metrics exist as functions only.
            return keras.metrics.MeanMetricWrapper(made, **{"name": choice.name, **arguments})
        return made(**arguments, **more)


def class_of(choice: Choice) -> Any:
    """What Keras has under the choice's name: a class, or a metric's function."""
    if choice.family == "layer" and choice.name in OWN_LAYERS:
        return OWN_LAYERS[choice.name]
    return getattr(MODULES[choice.family], choice.name)


def built(value: Any) -> Any:
    """A written value with the choices inside it replaced by their objects."""
    if isinstance(value, Choice):
        return create(value)
    if isinstance(value, Mapping):
        return {name: built(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [built(item) for item in value]
    return value


class blaming:
    """Turns whatever Keras raises inside into an `InputError` at the choice that caused it."""

    def __init__(self, choice: Choice, what: str = "") -> None:
        self.choice, self.what = choice, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, InputError):
            message = f"{self.choice.name}{self.what}: {sentence(error)}"
            problem = Problem("error", "refused-by-keras", message, self.choice.mark)
            raise InputError([problem]) from error


def sentence(error: Exception) -> str:
    """What Keras said, on one line and without the call's dump of arguments."""
    text = str(error).split("\n\nArguments received")[0]
    text = text.removeprefix("Exception encountered when calling ").strip()
    text = " ".join(text.split()) or type(error).__name__
    return text if len(text) <= 400 else text[:397] + "…"
