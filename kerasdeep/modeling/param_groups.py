"""Groups of layers with learning rates of their own, and what an optimizer carries from stage to stage.

Scaling gradients does not scale steps under Adam and its relatives (tensorflow/addons#969), so every group gets an
optimizer of its own, like the stage's but for its rate. Keras's `MultiOptimizer` finds the group by the variable's
exact path; a pattern that met nothing would be silent there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerasdeep import custom_objects
from kerasdeep.backends import keras_private

Optimizer = keras.optimizers.Optimizer


@dataclass(frozen=True, slots=True)
class ParamGroup:
    """Variables that learn at `factor` times the stage's rate; `selector` is what the file calls them."""

    selector: str
    factor: float
    optimizer: Optimizer
    variables: tuple[Any, ...]


def build_multi_optimizer(
    make_optimizer: Callable[[], Optimizer],
    rate_groups: Mapping[str, tuple[float, Sequence[Any]]],
    variables: Sequence[Any],
) -> tuple[Optimizer, list[ParamGroup]]:
    """One optimizer for all `variables`, and its groups: (factor, variables) by selector.

    `make` gives a new optimizer of the stage each time. Variables of no group learn at the stage's own rate.
    """
    default, groups = make_optimizer(), []
    by_path: dict[str, Optimizer] = {variable.path: default for variable in variables}
    for selector, (factor, members) in rate_groups.items():
        scaled = scale_learning_rate(make_optimizer(), factor)
        groups.append(ParamGroup(selector, factor, scaled, tuple(members)))
        by_path |= {variable.path: scaled for variable in members}
    if len(by_path) != len(variables):
        raise ValueError("two variables have the same path, so that rates cannot tell them apart")
    if default not in by_path.values():
        # It moves nothing, so that nothing would count its updates; its rate is still the one that is told.
        keras_private.share_update_count(default, groups[0].optimizer)
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(default, by_path)), groups


def scale_learning_rate(optimizer: Optimizer, factor: float) -> Optimizer:
    """The optimizer with `factor` times its learning rate, be it a number or a schedule."""
    rate = keras_private.learning_rate(optimizer)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        keras_private.set_learning_rate(optimizer, custom_objects.ScaledRate(rate, factor))
    else:
        # Keras keeps float32: from its shortest decimal on, a tenth of 0.001 is 0.0001 again.
        optimizer.learning_rate = float(f"{float(rate):.7g}") * factor
    return optimizer


def inner_optimizers(optimizer: Optimizer) -> list[Optimizer]:
    """The optimizers that really move variables: out of a loss scale, each group's."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return list(getattr(optimizer, "optimizers", [optimizer]))


def group_counts(optimizer: Optimizer, variables: Sequence[Any]) -> list[int]:
    """In how many of the optimizer's groups each variable is."""
    counts: dict[int, int] = {}
    for inner in inner_optimizers(optimizer):
        for variable in keras_private.trained_variables(inner) if inner.built else ():
            counts[id(variable)] = counts.get(id(variable), 0) + 1
    return [counts.get(id(variable), 0) for variable in variables]


def transfer_optimizer_state(previous: Optimizer, current: Optimizer) -> None:
    """Moments, counters and accumulated gradients of `before` put into `now`, by the names that Keras gives them.

    Both must be built. Variables that `before` did not train start empty; learning rates are the new stage's.
    """
    state_by_name = {
        variable.name: variable for inner in reversed(inner_optimizers(previous)) for variable in inner.variables
    }
    for inner in inner_optimizers(current):
        for variable in inner.variables:
            source = state_by_name.get(variable.name)
            if source is not None and variable.name != "learning_rate" and source.shape == variable.shape:
                # A copy: the engine gives buffers away on JAX, and several groups take over one counter.
                variable.assign(keras.ops.copy(source.value))
