"""The loss of each head: from the task, or as written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasdeep import extras
from kerasdeep.build.create import create
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError
from kerasdeep.spec.planned import Head

AUTO = {
    "binary": "BinaryCrossentropy",
    "multiclass": "SparseCategoricalCrossentropy",
    "regression": "MeanSquaredError",
}
TAKES_CLASS_NUMBERS = ("SparseCategoricalCrossentropy", "Circle")
"""Losses that Keras made for class numbers; every other one gets one-hot targets."""


def losses(
    wanted: str | Choice | Mapping[str, Choice], heads: Sequence[Head], label_smoothing: float = 0.0
) -> keras.losses.Loss | dict[str, keras.losses.Loss]:
    """A loss object, or one for each head where there are several.

    `wanted` is auto, a choice for every head, or choices by head (the others stay auto). Raises `InputError` where
    label smoothing is asked of a loss that has none.
    """
    made = {head.name: _loss(_wanted(wanted, head), head, label_smoothing) for head in heads}
    return made if len(made) > 1 else next(iter(made.values()))


def _wanted(wanted: str | Choice | Mapping[str, Choice], head: Head) -> Choice:
    if isinstance(wanted, Mapping):
        wanted = wanted.get(head.name, "auto")
    return wanted if isinstance(wanted, Choice) else Choice("loss", AUTO[head.kind])


def _loss(choice: Choice, head: Head, label_smoothing: float) -> keras.losses.Loss:
    if label_smoothing and head.kind != "regression":
        choice = _smoothed(choice, label_smoothing)
    loss = create(choice)
    needs_columns = head.kind == "multiclass" and choice.name not in TAKES_CLASS_NUMBERS
    return extras.OneHotLoss(loss) if needs_columns else loss


def _smoothed(choice: Choice, amount: float) -> Choice:
    """The loss with label smoothing; Keras's sparse cross-entropy has none, so it becomes the one-hot one."""
    if choice.name == "SparseCategoricalCrossentropy":
        kept: dict[str, Any] = {key: choice.arguments[key] for key in ("from_logits",) if key in choice.arguments}
        named = {"name": "sparse_categorical_crossentropy", "label_smoothing": amount}
        return Choice("loss", "CategoricalCrossentropy", {**kept, **named}, choice.mark)
    if "label_smoothing" not in choice.entry.arguments:
        message = (
            f"`regularization.label_smoothing` has no effect on {choice.name}. Use a cross-entropy, or remove it."
        )
        raise InputError(message, "no-effect", choice.mark)
    return choice if "label_smoothing" in choice.arguments else choice.replace(label_smoothing=amount)
