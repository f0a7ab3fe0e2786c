"""Losses of ordered outputs: quantiles, and classes in an order."""

from collections.abc import Sequence

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor


def _as_column(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Targets of shape (batch,) or (batch, 1) as (batch, 1), in the type of the predictions."""
    return ops.reshape(ops.cast(y_true, y_pred.dtype), (-1, 1))


@keras.saving.register_keras_serializable("kerasdeep")
class PinballLoss(keras.losses.Loss):
    """mean over levels q of max(q * (y - p), (q - 1) * (y - p)), the loss that quantiles minimize.

    Takes y_true of shape (batch,) or (batch, 1) and y_pred of shape (batch, levels).

    Args:
        levels: The level of each output, from 0 to 1.
        reduction: How the losses of a batch become one.
        name: The loss's name.
        dtype: Keras's default float type when None.

    References:
        Koenker and Bassett 1978, "Regression quantiles".
    """

    def __init__(
        self,
        levels: Sequence[float] = (0.05, 0.5, 0.95),
        reduction: str = "sum_over_batch_size",
        name: str = "pinball_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.levels = list(levels)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        levels = ops.cast(self.levels, y_pred.dtype)
        error = _as_column(y_true, y_pred) - y_pred
        return ops.mean(ops.maximum(levels * error, (levels - 1) * error), axis=-1)

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "levels": self.levels}


@keras.saving.register_keras_serializable("kerasdeep")
class OrdinalCrossentropy(keras.losses.Loss):
    """mean over thresholds k of the cross-entropy of "is the class above k?", for classes in an order.

    Takes class numbers y_true of shape (batch,) or (batch, 1) and class probabilities y_pred of shape
    (batch, classes).

    Args:
        reduction: How the losses of a batch become one.
        name: The loss's name.
        dtype: Keras's default float type when None.

    References:
        Frank and Hall 2001, "A simple approach to ordinal classification"; Cao, Mirjalili and Raschka 2020, "Rank
        consistent ordinal regression", arXiv:1901.07884, for one loss over all thresholds.
    """

    def __init__(
        self, reduction: str = "sum_over_batch_size", name: str = "ordinal_crossentropy", dtype: str | None = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        epsilon = keras.config.epsilon()
        above = ops.clip(1 - ops.cumsum(y_pred, axis=-1)[..., :-1], epsilon, 1 - epsilon)
        thresholds = ops.arange(y_pred.shape[-1] - 1, dtype=y_pred.dtype)
        is_above = ops.cast(_as_column(y_true, y_pred) > thresholds, y_pred.dtype)
        return -ops.mean(is_above * ops.log(above) + (1 - is_above) * ops.log(1 - above), axis=-1)
