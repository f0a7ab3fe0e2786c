"""Label smoothing for class numbers."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class SmoothedSparseCategoricalCrossentropy(keras.losses.Loss):
    """Cross-entropy of class numbers against (1 - s) one_hot + s / classes (Szegedy et al. 2016, section 7).

    Keras smooths one-hot targets only. y_true: (batch,) or (batch, 1) class numbers; y_pred: (batch, classes).
    """

    def __init__(
        self,
        label_smoothing=0.1,
        from_logits=False,
        reduction="sum_over_batch_size",
        name="sparse_categorical_crossentropy",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.label_smoothing = label_smoothing
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        if len(y_true.shape) == len(y_pred.shape):
            y_true = ops.squeeze(y_true, -1)
        wanted = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(
            wanted, y_pred, from_logits=self.from_logits, label_smoothing=self.label_smoothing
        )

    def get_config(self):
        return {
            **super().get_config(),
            "label_smoothing": self.label_smoothing,
            "from_logits": self.from_logits,
        }
