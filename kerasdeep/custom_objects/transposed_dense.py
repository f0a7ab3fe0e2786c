"""The decoder half of a pair of tied dense layers."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.nested import NestedObjectMixin
from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class TransposedDense(NestedObjectMixin, keras.layers.Layer):
    """A dense layer whose kernel is the transpose of another layer's, with a bias of its own.

    y = activation(x W^T + b), where W is the kernel of the Dense layer. Shape (..., units of that layer) in,
    (..., its inputs) out. The kernel belongs to the tied layer alone: it is counted, frozen, saved and penalized
    there. A saved model restores the tie; a copy made layer by layer (`clone_model`) cannot.

    Args:
        layer: Name of the dense layer whose kernel is used. In Python, the `keras.layers.Dense` itself.
        activation: Activation of the output.
        use_bias: Whether the layer has a bias of its own.
        bias_initializer: The initial value of the bias.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: `layer` is not a Dense layer; when built, it has no kernel yet (as in a clone, which must not
            train an unrelated kernel), or its units differ from the size of the input.

    References:
        Vincent et al. 2010, "Stacked denoising autoencoders", JMLR 11, which ties the decoder's weights.
    """

    nested = "layer"

    def __init__(
        self,
        layer: keras.layers.Dense,
        activation: str | Callable[[Tensor], Tensor] | None = None,
        use_bias: bool = True,
        bias_initializer: str | keras.initializers.Initializer = "zeros",
        **kwargs: Any,
    ) -> None:
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
    def tied_to(self) -> keras.layers.Dense:
        """The Dense layer that owns the kernel."""
        return self._tie.layer

    def build(self, input_shape: Shape) -> None:
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

    def call(self, inputs: Tensor) -> Tensor:
        outputs = ops.matmul(inputs, ops.transpose(ops.cast(self.tied_to.kernel, inputs.dtype)))
        return self.activation(outputs + self.bias if self.use_bias else outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.tied_to.kernel.shape[0])

    def get_config(self) -> ObjectConfig:
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
