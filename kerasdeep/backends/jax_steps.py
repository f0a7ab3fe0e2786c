"""The engine's compiled calls on JAX.

Keras's steps are pure functions of (trainable, non-trainable, optimizer, metric) values here. A call takes the
values out of the model's variables, gives their buffers away, and puts the new ones back, so that between calls
the model is as up to date as on TensorFlow. One call loops over its steps, unless they are faster alone. XLA needs
static shapes, hence one body for full batches and one for the remainder.

Under `keras.distribution.DataParallel` data and variables lie on every device, and each step's batch is split over
them; a batch that cannot be split evenly, as the remainder, is computed by every device as a whole. Either way XLA
computes the step of the whole batch, so that normalization and metrics are those of a single device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import keras
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec


class JaxSteps:
    """`model.train_step`, `test_step` and `predict_step` in compiled loops over placed data; always with XLA."""

    def __init__(self, model: keras.Model, batch_size: int, evaluation_batch: int, one_step_per_call: bool) -> None:
        self._model = model
        self._batch_size = batch_size
        self._evaluation_batch = evaluation_batch
        distribution = keras.distribution.distribution()
        mesh = None if distribution is None else distribution.device_mesh.backend_mesh
        self._replicated = None if mesh is None else NamedSharding(mesh, PartitionSpec())
        split = _batch_splitter(mesh)

        def one_batch(state: Any, data: Any, order: jax.Array, position: int) -> Any:
            rows = lax.dynamic_slice_in_dim(order, position * batch_size, batch_size)
            return model.train_step(state, split(_gather_rows(data, rows)))[1]

        def full_batches(state: Any, data: Any, order: jax.Array, start: int, end: int) -> Any:
            def step(carry: Any) -> Any:
                position, state = carry
                return position + 1, one_batch(state, data, order, position)

            return lax.while_loop(lambda carry: carry[0] < end, step, (start, state))[1]

        def remainder(state: Any, data: Any, order: jax.Array) -> Any:
            rows = order[order.shape[0] // batch_size * batch_size :]
            return model.train_step(state, split(_gather_rows(data, rows)))[1]

        compiled = partial(jax.jit, out_shardings=self._replicated)
        self._full_batches = compiled(full_batches, donate_argnums=0)
        self._one_batch = compiled(one_batch, donate_argnums=0)
        self._one_step_per_call = one_step_per_call
        self._remainder = compiled(remainder, donate_argnums=0)
        self._evaluation = compiled(lambda state, batch: model.test_step(state, split(batch))[1])
        self._metric_results = jax.jit(self._stateless_metric_results)
        self._prediction = compiled(lambda state, x: model.predict_step(state, (split(x),))[0])

    def to_device(self, arrays: Any) -> Any:
        place = self._on_one_device if self._replicated is None else self._on_every_device
        return keras.tree.map_structure(place, arrays)

    def _on_one_device(self, array: Any) -> jax.Array:
        return jax.device_put(np.asarray(array, jax.dtypes.canonicalize_dtype(array.dtype)))

    def _on_every_device(self, array: Any) -> jax.Array:
        array = np.asarray(array, jax.dtypes.canonicalize_dtype(array.dtype))
        return jax.make_array_from_callback(array.shape, self._replicated, lambda part: array[part])

    def train(self, data: Any, order: jax.Array, start: int, count: int) -> None:
        """Run steps start … start + count - 1 of the epoch that `order` describes."""
        full, end = order.shape[0] // self._batch_size, start + count
        variables = self._variables("trainable", "non_trainable", "optimizer", "metrics")
        state = _values(variables)
        if self._one_step_per_call:
            for position in range(start, min(end, full)):
                state = self._one_batch(state, data, order, position)
        elif start < full:
            state = self._full_batches(state, data, order, start, min(end, full))
        if end > full:
            state = self._remainder(state, data, order)
        _assign(variables, state)

    def evaluate(self, data: Any, start: int, count: int) -> None:
        variables = self._variables("trainable", "non_trainable", "metrics")
        state = _values(variables)
        for position in range(start, start + count):
            state = self._evaluation(state, self._batch_at(data, position))
        _assign(variables[2:], state[2:])

    def predict(self, x: Any, position: int) -> Any:
        state = _values(self._variables("trainable", "non_trainable"))
        return keras.tree.map_structure(np.asarray, self._prediction(state, self._batch_at(x, position)))

    def metric_results(self) -> dict[str, jax.Array]:
        variables = self._model.metrics_variables
        return self._metric_results([variable.value for variable in variables])

    def running_loss(self) -> jax.Array:
        return self.metric_results()["loss"]  # compiled as a whole

    def _stateless_metric_results(self, values: list[jax.Array]) -> dict[str, jax.Array]:
        with keras.StatelessScope(state_mapping=zip(self._model.metrics_variables, values, strict=True)):
            return self._model.get_metrics_result()

    def _variables(self, *kinds: str) -> list[list[Any]]:
        """Keras's variables by kind, in the order in which its steps take their values."""
        getters = {
            "trainable": lambda: self._model.trainable_variables,
            "non_trainable": lambda: self._model.non_trainable_variables,
            "optimizer": lambda: self._model.optimizer.variables,
            "metrics": lambda: self._model.metrics_variables,
        }
        return [getters[kind]() for kind in kinds]

    def _batch_at(self, data: Any, position: int) -> Any:
        """The evaluation batch at `position`; the last one is shorter."""
        start = position * self._evaluation_batch
        return keras.tree.map_structure(lambda array: array[start : start + self._evaluation_batch], data)


def _values(variables: list[list[Any]]) -> tuple[list[jax.Array], ...]:
    return tuple([variable.value for variable in group] for group in variables)


def _assign(variables: list[list[Any]], state: Any) -> None:
    for group, values in zip(variables, state, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)


def _batch_splitter(mesh: Mesh | None) -> Callable[[Any], Any]:
    """Splits a batch over the devices of `mesh`, where its rows divide; without one, leaves it as it is."""
    if mesh is None:
        return lambda batch: batch
    sharding = NamedSharding(mesh, PartitionSpec(mesh.axis_names[0]))

    def split(array: jax.Array) -> jax.Array:
        divides = array.shape[0] % mesh.size == 0
        return lax.with_sharding_constraint(array, sharding) if divides else array

    return lambda batch: keras.tree.map_structure(split, batch)


def _gather_rows(data: Any, rows: jax.Array) -> Any:
    return keras.tree.map_structure(lambda array: array.at[rows].get(mode="promise_in_bounds"), data)
