"""Metrics of a standardized target, in its original unit."""

from collections.abc import Sequence

import keras
from keras import ops

from kerasdeep.custom_objects.nested import WrappedMetric
from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class InOriginalUnit(WrappedMetric):
    """metric(y_true * scale + offset, y_pred * scale + offset).

    Keeps the metric's name, so logs still read `mean_absolute_error`. Takes y_true of shape (batch,) or
    (batch, targets) and y_pred of shape (batch, targets).

    Args:
        metric: A metric of numbers.
        scale: Original units for one scaled unit; a number, or one for each target.
        offset: The original value of a scaled 0; a number, or one for each target.
        name: The metric's name when None.
        dtype: Keras's default float type when None.
    """

    def __init__(
        self,
        metric: keras.metrics.Metric,
        scale: float | Sequence[float] = 1.0,
        offset: float | Sequence[float] = 0.0,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(metric, name=name, dtype=dtype)
        self.scale = scale
        self.offset = offset

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        if len(y_true.shape) == len(y_pred.shape) - 1:
            y_true = ops.expand_dims(y_true, -1)
        scale, offset = ops.cast(self.scale, y_pred.dtype), ops.cast(self.offset, y_pred.dtype)
        self.metric.update_state(y_true * scale + offset, y_pred * scale + offset, sample_weight=sample_weight)

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
