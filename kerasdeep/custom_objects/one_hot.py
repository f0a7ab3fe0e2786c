"""Losses and metrics that expect one column per class, for targets that are class numbers.

kerasdeep's targets are class numbers. Keras has a sparse twin for few of its losses and metrics; these two
wrappers let all the others be used, label smoothing (Szegedy et al. 2016, section 7) included.
"""

import keras
from keras import ops


def one_hot_targets(y_true, y_pred):
    """Class numbers of shape (batch,) or (batch, 1) as one-hot rows shaped like `y_pred`.

    Where the prediction has a single column (a yes/no target) they are only given that column.
    """
    if y_pred.shape[-1] == 1:
        return ops.cast(ops.reshape(y_true, ops.shape(y_pred)), y_pred.dtype)
    if len(y_true.shape) == len(y_pred.shape):
        y_true = ops.squeeze(y_true, -1)
    return ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)


@keras.saving.register_keras_serializable("kerasdeep")
class OneHotLoss(keras.losses.Loss):
    """`loss` of one-hot targets, computed from class numbers; y_pred has shape (batch, classes)."""

    def __init__(self, loss, name=None):
        super().__init__(name=name or loss.name, reduction=loss.reduction, dtype=loss.dtype)
        self.loss = loss

    def call(self, y_true, y_pred):
        return self.loss.call(one_hot_targets(y_true, y_pred), y_pred)

    def get_config(self):
        return {"loss": keras.saving.serialize_keras_object(self.loss), "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


@keras.saving.register_keras_serializable("kerasdeep")
class OneHotMetric(keras.metrics.Metric):
    """`metric` of one-hot targets, computed from class numbers; keeps the metric's name."""

    def __init__(self, metric, name=None, dtype=None):
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric
        self._direction = getattr(metric, "_direction", None)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        self.metric.update_state(one_hot_targets(y_true, y_pred), y_pred, sample_weight=sample_weight)

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        return {**super().get_config(), "metric": keras.saving.serialize_keras_object(self.metric)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})
