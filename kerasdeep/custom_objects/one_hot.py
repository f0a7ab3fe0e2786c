"""Losses and metrics that expect one column per class, for targets that are class numbers.

kerasdeep's targets are class numbers. Keras has a sparse twin for few of its losses and metrics; these two wrappers
make all the others usable, and label smoothing (Szegedy et al. 2016, "Rethinking the Inception architecture",
section 7) with them.
"""

import keras
from keras import ops

from kerasdeep.custom_objects.nested import NestedObjectMixin, WrappedMetric
from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor


def one_hot_targets(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Class numbers as one-hot rows.

    Args:
        y_true: Class numbers from 0; shape (batch,) or (batch, 1).
        y_pred: Shape (batch, classes), or (batch, 1) for a yes/no target.

    Returns:
        Shape and dtype of `y_pred`. Where the prediction has a single column, the numbers are only reshaped.
    """
    if y_pred.shape[-1] == 1:
        return ops.cast(ops.reshape(y_true, ops.shape(y_pred)), y_pred.dtype)
    if len(y_true.shape) == len(y_pred.shape):
        y_true = ops.squeeze(y_true, -1)
    return ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)


@keras.saving.register_keras_serializable("kerasdeep")
class OneHotLoss(NestedObjectMixin, keras.losses.Loss):
    """loss(one_hot(y_true), y_pred), for class numbers y_true and y_pred of shape (batch, classes).

    Args:
        loss: A loss of one-hot targets; its reduction and dtype are kept.
        name: The loss's name when None.
    """

    nested = "loss"

    def __init__(self, loss: keras.losses.Loss, name: str | None = None) -> None:
        super().__init__(name=name or loss.name, reduction=loss.reduction, dtype=loss.dtype)
        self.loss = loss

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.loss.call(one_hot_targets(y_true, y_pred), y_pred)

    def get_config(self) -> ObjectConfig:
        return {"loss": keras.saving.serialize_keras_object(self.loss), "name": self.name}


@keras.saving.register_keras_serializable("kerasdeep")
class OneHotMetric(WrappedMetric):
    """metric(one_hot(y_true), y_pred), for class numbers y_true and y_pred of shape (batch, classes).

    Args:
        metric: A metric of one-hot targets.
        name: The metric's name when None.
        dtype: Keras's default float type when None.
    """

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        self.metric.update_state(one_hot_targets(y_true, y_pred), y_pred, sample_weight=sample_weight)
