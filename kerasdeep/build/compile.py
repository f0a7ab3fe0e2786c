"""Compiling a model for a stage: optimizer, losses, metrics, and the loss on the data apart from penalties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from kerasdeep import extras
from kerasdeep.build import selection
from kerasdeep.build.groups import inside
from kerasdeep.build.losses import losses
from kerasdeep.build.metrics import Unit, metrics
from kerasdeep.build.optimizer import check_groups, optimizer, optimizer_with_rates, spare_biases_and_norms
from kerasdeep.spec.planned import Head

if TYPE_CHECKING:
    from kerasdeep.build.groups import Group
    from kerasdeep.catalog import Choice
    from kerasdeep.data.dataset import Dataset, Target
    from kerasdeep.spec.experiment import Spec

OF_THE_STAGE = object()
"""Stands for the top level's setting where a stage has none of its own; a stage's schedule may be null."""


def compile_model(
    model: keras.Model,
    spec: Spec,
    dataset: Dataset,
    steps_per_epoch: int,
    total_steps: int,
    optimizer_choice: Choice | None = None,
    schedule: Choice | object | None = OF_THE_STAGE,
    rates: Mapping[str, tuple[float, Sequence[Any]]] | None = None,
) -> list[Group]:
    """Compiles `model` for a stage of `total_steps` batches; a stage may bring its own optimizer and schedule.

    A schedule is spread over `total_steps`, or over `training.schedule_epochs` where they are given.

    `rates` gives groups of variables multiples of the learning rate, as (factor, variables) by selector; what is
    returned are the groups that were made of them.

    With penalties on the weights, `data_loss` is logged beside `loss`; with several heads Keras logs each head's
    loss without penalties itself.
    """
    heads = heads_of(dataset)
    if spec.training.schedule_epochs is not None:
        total_steps = steps_per_epoch * spec.training.schedule_epochs
    loss = losses(spec.loss, heads, spec.regularization.label_smoothing)
    choice = optimizer_choice or spec.optimizer
    check_groups(choice, model)
    over_time = spec.schedule if schedule is OF_THE_STAGE else schedule

    def make(one: Choice) -> keras.optimizers.Optimizer:
        return optimizer(one, over_time, spec.regularization.weight_decay, steps_per_epoch, total_steps)

    groups: list[Group] = []
    if rates:
        made, groups = optimizer_with_rates(make, choice, rates, model.trainable_variables)
    else:
        made = make(choice)
    spare_biases_and_norms(made, model)
    if spec.regularization.pruning:
        for one in inside(made):
            extras.keep_zeros(one, selection.prunable(model))
    apart = has_penalties(model) and len(heads) == 1
    model.compile(
        optimizer=made,
        loss=loss,
        metrics=metrics(spec.metrics, heads, units_of(dataset)),
        weighted_metrics=[extras.DataLoss(loss)] if apart else None,
    )
    return groups


def heads_of(dataset: Dataset) -> list[Head]:
    """What the network must predict: a head for each target with classes, one for all numbers together."""
    return [_head(name, targets) for name, targets in dataset.heads.items()]


def _head(name: str, targets: Sequence[Target]) -> Head:
    return Head(name, targets[0].kind, sum(target.units for target in targets))


def features_of(dataset: Dataset) -> dict[str, list[str]]:
    """The names of the columns of each of the data's inputs that is a table."""
    rules = dataset.preprocessing.inputs
    return {name: rule.feature_names for name, rule in rules.items() if hasattr(rule, "feature_names")}


def units_of(dataset: Dataset) -> dict[str, Unit]:
    """How scaled targets become the original numbers, by head; empty where none was scaled."""
    rules = {rule.name: rule for rule in dataset.preprocessing.targets}
    found = {}
    for name, targets in dataset.heads.items():
        scales = [rules[target.name].scale for target in targets]
        offsets = [rules[target.name].center for target in targets]
        if any(scale != 1.0 for scale in scales) or any(offsets):
            found[name] = (scales[0], offsets[0]) if len(targets) == 1 else (scales, offsets)
    return found


def has_penalties(model: keras.Model) -> bool:
    """Whether Keras adds anything to the loss on the data: l1, l2, or a penalty on activities."""
    if any(variable.regularizer is not None for variable in model.trainable_variables):
        return True
    return any(
        getattr(layer, "activity_regularizer", None) or type(layer).__name__ == "ActivityRegularization"
        for layer in model._flatten_layers(include_self=False)
    )


def data_loss(logs: Mapping[str, Any], heads: Sequence[Head]) -> float:
    """The loss without penalties from an epoch's logs, whichever way Keras logged it."""
    if "data_loss" in logs:
        return logs["data_loss"]
    parts = [logs[f"{head.name}_loss"] for head in heads if f"{head.name}_loss" in logs]
    return sum(parts) if parts else logs["loss"]
