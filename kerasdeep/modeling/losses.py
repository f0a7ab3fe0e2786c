"""The loss of each head: from the task, or as written."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasdeep import custom_objects
from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import Head
from kerasdeep.errors import InputError
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.factory import create
from kerasdeep.tasks import TASKS

SPARSE_LOSSES = ("SparseCategoricalCrossentropy", "OrdinalCrossentropy", "Circle")
"""Losses that Keras made for class numbers; every other one gets one-hot targets."""


def build_losses(
    configured: str | Choice | Mapping[str, Choice], heads: Sequence[Head], label_smoothing: float = 0.0
) -> keras.losses.Loss | dict[str, keras.losses.Loss]:
    """A loss object, or one for each head where there are several.

    `configured` is auto, a choice for every head, or choices by head (the others stay auto). Raises `InputError` where
    label smoothing is asked of a loss that has none.
    """
    loss_by_head = {head.name: _build_loss(_choice_for_head(configured, head), head, label_smoothing) for head in heads}
    return loss_by_head if len(loss_by_head) > 1 else next(iter(loss_by_head.values()))


def _choice_for_head(configured: str | Choice | Mapping[str, Choice], head: Head) -> Choice:
    if isinstance(configured, Mapping):
        configured = configured.get(written_name(head.name), "auto")
    if isinstance(configured, Choice):
        return configured
    choice = Choice("loss", TASKS[head.kind].loss)
    options = {name: value for name, value in head.options.items() if name in choice.entry.arguments}
    return choice.replace(**options) if options else choice


def _build_loss(choice: Choice, head: Head, label_smoothing: float) -> keras.losses.Loss:
    if label_smoothing and not TASKS[head.kind].predicts_numbers:
        choice = _with_label_smoothing(choice, label_smoothing)
    loss = create(choice)
    task = TASKS[head.kind]
    needs_columns = task.has_classes and task.unit_per_class and choice.name not in SPARSE_LOSSES
    return custom_objects.OneHotLoss(loss) if needs_columns else loss


def _with_label_smoothing(choice: Choice, amount: float) -> Choice:
    """The loss with label smoothing; Keras's sparse cross-entropy has none, so it becomes the one-hot one."""
    if choice.name == "SparseCategoricalCrossentropy":
        kept_arguments: dict[str, Any] = {
            key: choice.arguments[key] for key in ("from_logits",) if key in choice.arguments
        }
        new_arguments = {"name": "sparse_categorical_crossentropy", "label_smoothing": amount}
        return Choice("loss", "CategoricalCrossentropy", {**kept_arguments, **new_arguments}, choice.location)
    if "label_smoothing" not in choice.entry.arguments:
        message = f"`regularization.label_smoothing` has no effect on {choice.name}. Use a cross-entropy, or remove it."
        raise InputError(message, "no-effect", choice.location)
    return choice if "label_smoothing" in choice.arguments else choice.replace(label_smoothing=amount)
