"""Compiling a model for a stage: optimizer, losses, metrics, and the loss on the data apart from penalties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import keras

from kerasdeep import custom_objects
from kerasdeep.backends.keras_private import nested_layers
from kerasdeep.config.lowering.planned import Head
from kerasdeep.heads import output_heads, target_scales
from kerasdeep.modeling import freezing
from kerasdeep.modeling.losses import build_losses
from kerasdeep.modeling.metrics import build_metrics, metric_arguments
from kerasdeep.modeling.optimizer import (
    build_grouped_optimizer,
    build_optimizer,
    check_multi_optimizer,
    exclude_biases_and_norms_from_decay,
)
from kerasdeep.modeling.param_groups import inner_optimizers

if TYPE_CHECKING:
    from kerasdeep.catalog import Choice
    from kerasdeep.config.root import Config
    from kerasdeep.data.dataset import Dataset
    from kerasdeep.modeling.param_groups import ParamGroup

FROM_CONFIG = object()
"""Stands for the top level's setting where a stage has none of its own; a stage's schedule may be null."""


def compile_model(
    model: keras.Model,
    config: Config,
    dataset: Dataset,
    steps_per_epoch: int,
    total_steps: int,
    optimizer_choice: Choice | None = None,
    schedule: Choice | object | None = FROM_CONFIG,
    rate_groups: Mapping[str, tuple[float, Sequence[Any]]] | None = None,
) -> list[ParamGroup]:
    """Compiles `model` for a stage of `total_steps` batches; a stage may bring its own optimizer and schedule.

    A schedule is spread over `total_steps`, or over `training.schedule_epochs` where they are given.

    `rates` gives groups of variables multiples of the learning rate, as (factor, variables) by selector; what is
    returned are the groups that were made of them.

    With penalties on the weights, `data_loss` is logged beside `loss`; with several heads Keras logs each head's
    loss without penalties itself.
    """
    heads = output_heads(dataset)
    if config.training.schedule_epochs is not None:
        total_steps = steps_per_epoch * config.training.schedule_epochs
    loss = build_losses(config.loss, heads, config.regularization.label_smoothing)
    choice = optimizer_choice or config.optimizer
    check_multi_optimizer(choice, model)
    effective_schedule = config.schedule if schedule is FROM_CONFIG else cast("Choice | None", schedule)

    def make(inner_choice: Choice) -> keras.optimizers.Optimizer:
        return build_optimizer(
            inner_choice, effective_schedule, config.regularization.weight_decay, steps_per_epoch, total_steps
        )

    groups: list[ParamGroup] = []
    if rate_groups:
        keras_optimizer, groups = build_grouped_optimizer(make, choice, rate_groups, model.trainable_variables)
    else:
        keras_optimizer = make(choice)
    exclude_biases_and_norms_from_decay(keras_optimizer, model)
    if config.regularization.pruning:
        for inner in inner_optimizers(keras_optimizer):
            custom_objects.keep_zeros(inner, freezing.prunable_kernels(model))
    log_data_loss = has_penalties(model) and len(heads) == 1
    model.compile(
        optimizer=keras_optimizer,
        loss=loss,
        **metric_arguments(
            build_metrics(config.metrics, heads, target_scales(dataset.preprocessing)),
            [custom_objects.DataLoss(loss)] if log_data_loss else [],
            weighted=dataset.train.weight is not None,
        ),
    )
    return groups


def feature_names(dataset: Dataset) -> dict[str, list[str]]:
    """The names of the columns of each of the data's inputs that is a table."""
    rules = dataset.preprocessing.inputs
    return {name: rule.feature_names for name, rule in rules.items() if hasattr(rule, "feature_names")}


def has_penalties(model: keras.Model) -> bool:
    """Whether Keras adds anything to the loss on the data: l1, l2, a penalty on activities, or what a layer adds."""
    if any(variable.regularizer is not None for variable in model.trainable_variables):
        return True
    return any(
        getattr(layer, "activity_regularizer", None)
        or type(layer).__name__ == "ActivityRegularization"
        or getattr(layer, "adds_loss", False)
        for layer in nested_layers(model)
    )


def data_loss_from_logs(logs: Mapping[str, Any], heads: Sequence[Head]) -> float:
    """The loss without penalties from an epoch's logs, whichever way Keras logged it."""
    if "data_loss" in logs:
        return logs["data_loss"]
    parts = [logs[f"{head.name}_loss"] for head in heads if f"{head.name}_loss" in logs]
    return sum(parts) if parts else logs["loss"]
