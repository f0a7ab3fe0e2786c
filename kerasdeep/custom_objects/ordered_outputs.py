"""Outputs in order: quantiles that cannot cross, and probabilities of ordered classes."""

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
def ascending(x: Tensor) -> Tensor:
    """The first unit, then each one above the one before it: out[k] = out[k - 1] + softplus(x[k]).

    Of quantiles of rising level none can be below the one before it.
    """
    if x.shape[-1] == 1:
        return x
    return ops.cumsum(ops.concatenate([x[..., :1], ops.softplus(x[..., 1:])], axis=-1), axis=-1)


@keras.saving.register_keras_serializable("kerasdeep")
def cumulative_link(x: Tensor) -> Tensor:
    """Probabilities of ordered classes: P(class > k) = sigmoid(x[0] - t[k]) for rising thresholds t = ascending(x[1:]).

    The cumulative link model (McCullagh 1980), whose thresholds may depend on the row; it takes and gives one unit a
    class.
    """
    above = ops.sigmoid(x[..., :1] - ascending(x[..., 1:]))
    ones = ops.ones_like(x[..., :1])
    at_least = ops.concatenate([ones, above], axis=-1)
    return at_least - ops.concatenate([above, ops.zeros_like(ones)], axis=-1)
