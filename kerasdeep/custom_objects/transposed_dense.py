"""The decoder half of a pair of tied dense layers."""

from types import SimpleNamespace

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasdeep")
class TransposedDense(keras.layers.Layer):
    """activation(x W' + b): W' is the transposed kernel of the Dense `layer`, b its own bias.

    Shape in (..., units of the tied layer), shape out (..., its inputs). The kernel belongs to the tied layer
    alone: it is counted, frozen, saved and penalised there. A saved model restores the tie; a copy made layer by
    layer (`clone_model`) cannot, and building it raises `ValueError` instead of training an unrelated kernel.
    """

    def __init__(self, layer, activation=None, use_bias=True, bias_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, keras.layers.Dense):
            raise ValueError(f"`layer` must be a Dense layer. Received: {layer!r}")
        # Inside a namespace Keras does not take the tied layer for a sublayer.
        self._tie = SimpleNamespace(layer=layer)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.supports_masking = True

    @property
    def tied_to(self):
        """The Dense layer that owns the kernel."""
        return self._tie.layer

    def build(self, input_shape):
        if not self.tied_to.built:
            raise ValueError(
                f"{self.name} is tied to {self.tied_to.name}, which has no kernel yet. The tied layer must come "
                "before it in the same model; clone_model cannot copy a tied pair."
            )
        inputs, units = self.tied_to.kernel.shape
        if input_shape[-1] != units:
            raise ValueError(
                f"{self.name} is tied to {self.tied_to.name}, which has {units} units, so its input must have "
                f"{units} values. Received: shape={tuple(input_shape)}"
            )
        if self.use_bias:
            self.bias = self.add_weight(shape=(inputs,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs):
        outputs = ops.matmul(inputs, ops.transpose(ops.cast(self.tied_to.kernel, inputs.dtype)))
        return self.activation(outputs + self.bias if self.use_bias else outputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.tied_to.kernel.shape[0])

    def get_config(self):
        layer = keras.saving.serialize_keras_object(self.tied_to)
        # A copy that was not found among the model's own layers must stay without a kernel, so that it is noticed.
        layer.pop("build_config", None)
        return {
            **super().get_config(),
            "layer": layer,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})
