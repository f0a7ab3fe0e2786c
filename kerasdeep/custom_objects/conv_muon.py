"""Muon for kernels of every rank; Keras's own hands convolutions over to AdamW."""

from typing import Any

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that lifts small singular values fastest, from Jordan et al."""


@keras.saving.register_keras_serializable("kerasdeep")
class ConvMuon(keras.optimizers.Optimizer):
    """Momentum whose step on each kernel is made orthogonal: all its singular values become about 1.

    A kernel of shape (..., inputs, outputs) counts as a matrix of `outputs` rows. Variables with fewer than two axes
    (biases, scales) take plain Nesterov steps. With v = momentum * v + g and u = g + momentum * v, a kernel W becomes
    W * sqrt(outputs) / norm(W) - rate * orthogonal(u); without `normalize`, W - rate * orthogonal(u).

    Args:
        learning_rate: A number or a schedule.
        momentum: How much of the last step is kept.
        steps: Newton-Schulz iterations; 3 suffice in bfloat16, 5 are usual.
        normalize: Rescale each kernel to the norm sqrt(outputs) before its step.
        compute_dtype: Type of the iterations' arithmetic; `bfloat16` is fast on accelerators and accurate enough.
        **kwargs: Those of `keras.optimizers.Optimizer`.

    Raises:
        ValueError: `steps` is less than 1.

    References:
        Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """

    def __init__(
        self,
        learning_rate: float = 0.02,
        momentum: float = 0.95,
        steps: int = 5,
        normalize: bool = False,
        compute_dtype: str = "float32",
        name: str = "conv_muon",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if steps < 1:
            raise ValueError(f"Expected at least 1 step. Received: steps={steps}")
        self.momentum = momentum
        self.steps = steps
        self.normalize = normalize
        self.compute_dtype = compute_dtype

    def build(self, variables: list[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        velocity = self._momentums[self._get_variable_index(variable)]
        rate, gradient = (ops.cast(value, variable.dtype) for value in (learning_rate, gradient))
        self.assign(velocity, ops.add(ops.multiply(velocity, self.momentum), gradient))
        step = ops.add(gradient, ops.multiply(velocity, self.momentum))
        if len(variable.shape) >= 2:
            step = self._orthogonal(step)
            if self.normalize:
                norm = ops.maximum(ops.sqrt(ops.sum(ops.square(variable))), 1e-7)  # a kernel of zeros stays one
                self.assign(variable, ops.multiply(variable, ops.divide(variable.shape[-1] ** 0.5, norm)))
        self.assign_sub(variable, ops.multiply(step, rate))

    def _orthogonal(self, kernel: Tensor) -> Tensor:
        """The nearest matrix with orthonormal rows or columns, about; in the kernel's shape."""
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        is_wide = matrix.shape[1] > matrix.shape[0]
        x = ops.cast(matrix if not is_wide else ops.transpose(matrix), self.compute_dtype)
        x = ops.divide(x, ops.add(ops.sqrt(ops.sum(ops.square(x))), 1e-7))
        a, b, c = _COEFFICIENTS
        for _ in range(self.steps):  # on the shorter side: x is (long, short)
            gram = ops.matmul(ops.transpose(x), x)
            x = a * x + ops.matmul(x, b * gram + c * ops.matmul(gram, gram))
        return ops.reshape(ops.cast(ops.transpose(x) if is_wide else x, kernel.dtype), kernel.shape)

    def get_config(self) -> ObjectConfig:
        names = ("momentum", "steps", "normalize", "compute_dtype")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
