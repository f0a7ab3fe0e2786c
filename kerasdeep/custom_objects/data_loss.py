"""The loss on the data alone."""

import keras
from keras import ops

from kerasdeep.custom_objects.nested import NestedObjectMixin
from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class DataLoss(NestedObjectMixin, keras.metrics.Metric):
    """sum over batches of rows * loss(y_true, y_pred) / sum of rows: the loss without penalties.

    Keras's `loss` adds l1, l2 and activity penalties, so it cannot be compared with an unregularized run's. This
    averages as Keras averages `loss`: each batch's value counts by its number of rows.

    Args:
        loss: The loss that the model is compiled with; it returns one number for a batch.
        name: Column of the history.
        dtype: Of the two sums; Keras's default float type when None.
    """

    nested = "loss"

    def __init__(self, loss: keras.losses.Loss, name: str = "data_loss", dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.loss = loss
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        self.rows = self.add_variable(shape=(), initializer="zeros", name="rows")
        self._direction = "down"

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        rows = ops.cast(ops.shape(y_pred)[0], self.dtype)
        self.total.assign_add(rows * ops.cast(self.loss(y_true, y_pred, sample_weight), self.dtype))
        self.rows.assign_add(rows)

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.total, self.rows)

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "loss": keras.saving.serialize_keras_object(self.loss)}
