"""The loss on the data alone."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class DataLoss(keras.metrics.Metric):
    """The loss without penalties, averaged as Keras averages `loss`: each batch's value by its number of rows.

    Keras's `loss` adds l1, l2 and activity penalties, so it compares with no unregularised run.
    """

    def __init__(self, loss, name="data_loss", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.loss = loss
        self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        self.rows = self.add_variable(shape=(), initializer="zeros", name="rows")
        self._direction = "down"

    def update_state(self, y_true, y_pred, sample_weight=None):
        rows = ops.cast(ops.shape(y_pred)[0], self.dtype)
        self.total.assign_add(rows * ops.cast(self.loss(y_true, y_pred, sample_weight), self.dtype))
        self.rows.assign_add(rows)

    def result(self):
        return ops.divide_no_nan(self.total, self.rows)

    def get_config(self):
        return {**super().get_config(), "loss": keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})
