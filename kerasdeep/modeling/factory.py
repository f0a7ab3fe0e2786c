"""From a choice to the Keras object: the one place where a written name becomes a class."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerasdeep import custom_objects
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError

KERAS_MODULES = {
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
SHAPE_DEPENDENT_METRICS = ("accuracy",)
"""Metrics for which Keras's compile chooses a class by the shapes."""


def create(choice: Choice, **extra_arguments: Any) -> Any:
    """The Keras object that `choice` describes, nested choices built as objects too.

    An activation is a function, or a callable that carries its arguments. Classes are looked up in the table of
    custom objects and in Keras's public modules, never through `get()`, which refuses some names and forgets some
    arguments. Raises `InputError` with Keras's message at the choice's location when Keras refuses.
    """
    arguments = {name: create_nested(value) for name, value in choice.arguments.items()}
    if choice.family == "metric" and choice.name in SHAPE_DEPENDENT_METRICS:
        return choice.name
    if choice.family == "activation" and choice.entry.layer:
        return create(Choice("layer", choice.entry.layer, choice.arguments, choice.location), **extra_arguments)
    with keras_errors_at(choice):
        if choice.family == "activation":
            return custom_objects.ActivationWith(choice.name, arguments) if arguments else resolve_class(choice)
        keras_class = resolve_class(choice)
        if keras_class is keras.optimizers.MultiOptimizer:
            default, others = arguments.pop("default_optimizer"), arguments.pop("optimizer_map")
            arguments["optimizer_map"] = keras.optimizers.OptimizerMap(default, others)
        if not isinstance(keras_class, type):
            # Four metrics exist as functions only.
            return keras.metrics.MeanMetricWrapper(keras_class, **{"name": choice.name, **arguments})
        return keras_class(**arguments, **extra_arguments)


def resolve_class(choice: Choice) -> Callable[..., Any]:
    """What kerasdeep, else Keras, has under the choice's name: a class, or the function of an activation or metric."""
    custom = custom_objects.CUSTOM_OBJECTS[choice.family].get(choice.name)
    return custom or getattr(KERAS_MODULES[choice.family], choice.name)


def create_nested(value: Any) -> Any:
    """A written value with the choices inside it replaced by their objects."""
    if isinstance(value, Choice):
        return create(value)
    if isinstance(value, Mapping):
        return {name: create_nested(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [create_nested(item) for item in value]
    return value


class keras_errors_at:
    """Turns whatever Keras raises inside into an `InputError` at the choice that caused it."""

    def __init__(self, choice: Choice, context: str = "") -> None:
        self.choice, self.context = choice, context

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, InputError):
            message = f"{self.choice.name}{self.context}: {one_line_message(error)}"
            raise InputError(message, "refused-by-keras", self.choice.location) from error


def one_line_message(error: Exception) -> str:
    """Keras's message on one line, without its dump of the call's arguments."""
    text = str(error).split("\n\nArguments received")[0]
    text = text.removeprefix("Exception encountered when calling ").strip()
    text = " ".join(text.split()) or type(error).__name__
    return text if len(text) <= 400 else text[:397] + "…"
