"""Optimizers under which weights that were pruned stay pruned."""

import functools
from collections.abc import Iterable, Sequence

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import OptimizerBase, Tensor


class ZeroMaskMixin(OptimizerBase):
    """w' = update(w) where w != 0, else 0, for the variables in `masked_ids`; mixed into an optimizer.

    The zeros are the mask: pruning sets weights to 0 between two updates. So the mask needs no variable of its
    own, is saved with the weights, and acts inside compiled loops on every backend, whatever momentum is left.
    """

    masked_ids: frozenset[int] = frozenset()
    """`id` of each masked variable."""

    def apply(self, grads: Sequence[Tensor], trainable_variables: Iterable[keras.Variable] | None = None) -> None:
        variables = list(self._trainable_variables if trainable_variables is None else trainable_variables)
        pruned = [(v, ops.equal(v, 0)) for v in variables if id(v) in self.masked_ids]
        super().apply(grads, None if trainable_variables is None else variables)
        for variable, zero in pruned:
            variable.assign(ops.where(zero, ops.cast(0, variable.dtype), variable.value))


def keep_zeros(optimizer: keras.optimizers.Optimizer, variables: Iterable[keras.Variable]) -> None:
    """Make an optimizer keep the zeros of some variables; it stays the same object.

    Args:
        optimizer: Not yet built or built; its class becomes a subclass of the same name.
        variables: Those whose zeros stay.
    """
    optimizer.__class__ = _masked_class(type(optimizer))  # type: ignore[arg-type]  # classes are hashable
    optimizer.masked_ids = frozenset(id(variable) for variable in variables)


@functools.cache
def _masked_class(optimizer_class: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    return type(optimizer_class.__name__, (ZeroMaskMixin, optimizer_class), {"__module__": optimizer_class.__module__})
