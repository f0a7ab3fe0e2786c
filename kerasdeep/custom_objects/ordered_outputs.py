"""Outputs in order: quantiles that cannot cross, and probabilities of ordered classes."""

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import Tensor


@keras.saving.register_keras_serializable("kerasdeep")
def ascending(x: Tensor) -> Tensor:
    """The first unit, then each one above the one before it: out[k] = out[k - 1] + softplus(x[k]).

    With it no quantile of a higher level can be below one of a lower level. Shape in = shape out.
    """
    if x.shape[-1] == 1:
        return x
    return ops.cumsum(ops.concatenate([x[..., :1], ops.softplus(x[..., 1:])], axis=-1), axis=-1)


@keras.saving.register_keras_serializable("kerasdeep")
def cumulative_link(x: Tensor) -> Tensor:
    """Probabilities of ordered classes: P(class > k) = sigmoid(x[0] - t[k]) for rising thresholds t = ascending(x[1:]).

    The cumulative link model, with thresholds that may depend on the row. Shape (..., classes), in and out.

    References:
        McCullagh 1980, "Regression models for ordinal data".
    """
    above = ops.sigmoid(x[..., :1] - ascending(x[..., 1:]))
    ones = ops.ones_like(x[..., :1])
    at_least = ops.concatenate([ones, above], axis=-1)
    return at_least - ops.concatenate([above, ops.zeros_like(ones)], axis=-1)
