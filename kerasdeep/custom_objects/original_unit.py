"""Metrics of a standardised target, in the unit it came in."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class InOriginalUnit(keras.metrics.Metric):
    """Gives `metric` y * scale + offset for both the target and the prediction.

    `scale` and `offset` are numbers, or one per target column. The name is the inner metric's, so logs read
    `mean_absolute_error` as ever.
    """

    def __init__(self, metric, scale=1.0, offset=0.0, name=None, dtype=None):
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric
        self.scale = scale
        self.offset = offset
        self._direction = getattr(metric, "_direction", None)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        if len(y_true.shape) == len(y_pred.shape) - 1:
            y_true = ops.expand_dims(y_true, -1)
        scale, offset = ops.cast(self.scale, y_pred.dtype), ops.cast(self.offset, y_pred.dtype)
        self.metric.update_state(y_true * scale + offset, y_pred * scale + offset, sample_weight=sample_weight)

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        return {
            **super().get_config(),
            "metric": keras.saving.serialize_keras_object(self.metric),
            "scale": self.scale,
            "offset": self.offset,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})
