"""Many networks in one: members that share their weights but for a few."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Shape, Tensor


@keras.saving.register_keras_serializable("kerasdeep")
class EnsembleMembers(keras.layers.Layer):
    """Splits a network into members: y_k = x * s_k, with a vector s_k of random signs for each member, learned on.

    The layers behind it are shared by all members, `Output` has weights for each; its answer is their mean. Shape
    (rows, features) in, (rows, members, features) out.

    Args:
        members: How many.
        **kwargs: Those of `keras.layers.Layer`.

    Raises:
        ValueError: When built, the input is not of shape (rows, features).

    References:
        Wen, Tran and Ba 2020, "BatchEnsemble", arXiv:2002.06715; Gorishniy, Kotelnikov and Babenko 2024, "TabM",
        arXiv:2410.24210 (there "TabM-mini").
    """

    def __init__(self, members: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.members = members

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 2:
            raise ValueError(f"Expected rows of numbers, of shape (rows, features), not {tuple(input_shape)}.")
        uniform = keras.initializers.RandomUniform(-1.0, 1.0)
        self.signs = self.add_weight(
            shape=(self.members, input_shape[-1]),
            initializer=lambda shape, dtype: ops.where(uniform(shape, dtype) < 0, -1.0, 1.0),
            name="signs",
        )

    def call(self, inputs: Tensor) -> Tensor:
        return ops.expand_dims(inputs, 1) * self.signs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.members, input_shape[-1])

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "members": self.members}


@keras.saving.register_keras_serializable("kerasdeep")
class EnsembleOutput(keras.layers.Dense):
    """The output of a network with members: a dense layer for each, and the activation of their mean.

    Members must learn as single networks do, so training minimizes the mean of their losses, not the loss of their
    mean. Both differ by a term without labels, which this layer adds while training: over the members' outputs z_k,
    the mean of A(z_k) minus A of the mean, with A = log sum exp for softmax and cross-entropy, softplus for sigmoid,
    exp for counts, and z² for numbers and squared errors. With other activations z² only keeps the members alike.

    Shape (rows, members, features) in, (rows, units) out.

    Args:
        units: Outputs of a row.
        members: How many members the input has.
        **kwargs: Those of `keras.layers.Dense`.

    References:
        As for `EnsembleMembers`; Krogh and Vedelsby 1994, "Neural network ensembles", for the term.
    """

    adds_loss = True
    """`data_loss` is then logged beside `loss`."""

    def __init__(self, units: int, members: int, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.units: int = units
        self.members = members

    def build(self, input_shape: Shape) -> None:
        units = self.units
        self.units = units * self.members  # for the kernel's shape
        super().build(input_shape)
        self.units = units

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        kernel = ops.reshape(self.kernel, (-1, self.members, self.units))
        each = ops.einsum("rmf,fmu->rmu", inputs, kernel)
        if self.use_bias:
            each += ops.reshape(self.bias, (self.members, self.units))
        mean = ops.mean(each, axis=1)
        if training:
            self.add_loss(ops.mean(self._disagreement(each, mean)))
        return mean if self.activation is None else self.activation(mean)

    def _disagreement(self, each: Tensor, mean: Tensor) -> Tensor:
        """Mean of A over the members minus A of their mean, (rows,)."""
        name = getattr(self.activation, "__name__", "linear")
        if name == "softmax":
            return ops.mean(ops.logsumexp(each, axis=-1), axis=1) - ops.logsumexp(mean, axis=-1)
        if name == "sigmoid":
            return ops.mean(ops.mean(ops.softplus(each), axis=1) - ops.softplus(mean), axis=-1)
        if name == "exponential":
            return ops.mean(ops.mean(ops.exp(each), axis=1) - ops.exp(mean), axis=-1)
        return ops.mean(ops.mean(ops.square(each), axis=1) - ops.square(mean), axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.units)

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "members": self.members}
