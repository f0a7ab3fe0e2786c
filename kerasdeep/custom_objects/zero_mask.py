"""Optimizers under which weights that were pruned stay pruned."""

import functools

from keras import ops


class ZeroMaskMixin:
    """Mixed into an optimizer: a weight of `prunable` that is exactly 0 is 0 after the update too.

    The zeros are the mask: whoever prunes sets weights to 0 between two updates. So the mask needs no variable of
    its own, is saved with the weights, and acts inside compiled loops on any backend, whatever momentum is left.
    """

    masked_ids = frozenset()  # ids of variables

    def apply(self, grads, trainable_variables=None):
        variables = list(self._trainable_variables if trainable_variables is None else trainable_variables)
        pruned = [(v, ops.equal(v, 0)) for v in variables if id(v) in self.masked_ids]
        super().apply(grads, None if trainable_variables is None else variables)
        for variable, zero in pruned:
            variable.assign(ops.where(zero, ops.cast(0, variable.dtype), variable.value))


def keep_zeros(optimizer, variables):
    """Makes `optimizer` keep the zeros of these variables; it stays the same object."""
    optimizer.__class__ = _masked_class(type(optimizer))
    optimizer.masked_ids = frozenset(id(variable) for variable in variables)


@functools.cache
def _masked_class(optimizer_class):
    return type(optimizer_class.__name__, (ZeroMaskMixin, optimizer_class), {"__module__": optimizer_class.__module__})
