"""Groups of layers with their own learning rates, and what an optimizer carries from stage to stage.

Scaling gradients does not scale steps under Adam and its relatives (tensorflow/addons#969), so every group gets its
own optimizer, like the stage's but for its rate. Keras's `MultiOptimizer` finds the group by the variable's exact
path; a pattern that matched nothing would be silent there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import keras

from kerasdeep import custom_objects
from kerasdeep.backends import keras_private

Optimizer: TypeAlias = keras.optimizers.Optimizer
RateGroups: TypeAlias = Mapping[str, tuple[float, Sequence[keras.Variable]]]
"""(factor of the learning rate, variables) by selector."""


@dataclass(frozen=True, slots=True)
class ParamGroup:
    """Variables that learn at `factor` times the stage's rate; `selector` is what the file calls them."""

    selector: str
    factor: float
    optimizer: Optimizer
    variables: tuple[keras.Variable, ...]


def build_multi_optimizer(
    make_optimizer: Callable[[], Optimizer], rate_groups: RateGroups, variables: Sequence[keras.Variable]
) -> tuple[Optimizer, list[ParamGroup]]:
    """One optimizer for all `variables`, and its groups.

    `make_optimizer` makes a new optimizer of the stage each time. Variables of no group learn at the stage's rate.
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
        # It updates nothing, so nothing would count its updates; yet its rate is the one that is reported.
        keras_private.share_update_count(default, groups[0].optimizer)
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(default, by_path)), groups


def scale_learning_rate(optimizer: Optimizer, factor: float) -> Optimizer:
    """The optimizer with `factor` times its learning rate, a number or a schedule."""
    rate = keras_private.learning_rate(optimizer)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        keras_private.set_learning_rate(optimizer, custom_objects.ScaledRate(rate, factor))
    else:
        # Keras keeps float32; rounded to its shortest decimal first, a tenth of 0.001 is 0.0001 again.
        optimizer.learning_rate = float(f"{float(rate):.7g}") * factor
    return optimizer


def unwrap_loss_scale(optimizer: Optimizer) -> Optimizer:
    """The optimizer inside every `LossScaleOptimizer` around it."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer


def inner_optimizers(optimizer: Optimizer) -> list[Optimizer]:
    """The optimizers that update variables: out of a loss scale, each group's."""
    optimizer = unwrap_loss_scale(optimizer)
    return list(getattr(optimizer, "optimizers", [optimizer]))


def group_counts(optimizer: Optimizer, variables: Sequence[keras.Variable]) -> list[int]:
    """In how many of the optimizer's groups each variable is."""
    counts: dict[int, int] = {}
    for inner in inner_optimizers(optimizer):
        for variable in keras_private.trained_variables(inner) if inner.built else ():
            counts[id(variable)] = counts.get(id(variable), 0) + 1
    return [counts.get(id(variable), 0) for variable in variables]


def transfer_optimizer_state(previous: Optimizer, current: Optimizer) -> None:
    """Copies moments, counters and accumulated gradients, by the names that Keras gives them.

    Both must be built. Variables that `previous` did not train start empty; learning rates are the new stage's.
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
