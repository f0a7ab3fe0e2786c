"""A part of a table's columns."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class TakeColumns(keras.layers.Layer):
    """The given columns of the last axis, in the given order: (..., features) in, (..., columns) out."""

    def __init__(self, columns, **kwargs):
        super().__init__(**kwargs)
        self.columns = list(columns)
        self.built = True

    def call(self, inputs):
        return ops.take(inputs, ops.convert_to_tensor(self.columns, dtype="int32"), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.columns))

    def get_config(self):
        return {**super().get_config(), "columns": self.columns}
