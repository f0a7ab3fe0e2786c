"""Keras's backends: everything that depends on which one runs. A file each, listed in `BACKENDS`.

Importing this package imports no backend's library: the functions of a backend do, when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from kerasdeep.backends import jax_backend, tensorflow_backend

if TYPE_CHECKING:
    import keras

    from kerasdeep.config.sections.runtime import RuntimeConfig


class Steps(Protocol):
    """The compiled calls of one compiled model. `data` is (x, y) or (x, y, sample_weight), placed by `to_device`."""

    def to_device(self, arrays: Any) -> Any:
        """The arrays, or dicts and tuples of them, on the device."""

    def train(self, data: Any, order: Any, start: int, count: int) -> None:
        """Run steps start … start + count - 1 of the epoch whose rows are taken in `order`, (rows,) int32."""

    def evaluate(self, data: Any, start: int, count: int) -> None:
        """Update the model's metrics with evaluation batches start … start + count - 1."""

    def metric_results(self) -> dict[str, Any]:
        """What the model's metrics say now, by name; numbers or arrays."""

    def running_loss(self) -> Any:
        """The loss among them, without computing the others where that costs: it is read after every chunk."""

    def predict(self, x: Any, position: int) -> Any:
        """The outputs for the evaluation batch at `position`, as NumPy arrays."""


class Backend(Protocol):
    """What the file of a backend offers."""

    @property
    def INSTALL_COMMAND(self) -> str:
        """How to install it."""

    @property
    def LIBRARIES(self) -> tuple[str, ...]:
        """The libraries whose errors are the backend's."""

    @property
    def UNUSED_IMPORTS(self) -> tuple[str, ...]:
        """Libraries that its import would import where they are installed, for what nobody uses here."""

    @property
    def ALWAYS_XLA(self) -> bool:
        """Whether there is no other way to compile."""

    def prepare_device(self, section: RuntimeConfig, threads: int) -> tuple[str, int]:
        """Set device and CPU threads up; returns those it really has. Raises InputError for what is not there."""

    def list_devices(self) -> list[str]:
        """What it can compute on, best last."""

    def seed_everything(self, seed: int) -> None:
        """Seed Python, NumPy and Keras."""

    def enable_data_parallel(self) -> dict[str, int]:
        """Share each batch between all devices; returns `devices`, `processes` and `rank`."""

    def compile_cache_location(self) -> str | None:
        """The folder that compiled programs come from and go to in this process, if any."""

    def multihost_utils(self) -> ModuleType | None:
        """How processes that train together agree, or None where there is only one."""

    def quiet_saving(self) -> AbstractContextManager[None]:
        """Keeps off the screen what Keras makes a backend print while it saves a model."""

    def make_steps(self, model: keras.Model, batch_size: int, evaluation_batch: int, xla: bool) -> Steps:
        """The compiled steps of a compiled model."""

    def compile_function(self, function: Callable[..., Any], model: keras.Model) -> Callable[..., Any]:
        """`function` of arrays, which calls the model and changes none of its variables, as one compiled program."""

    def compile_update(
        self, optimizer: keras.optimizers.Optimizer, variables: Sequence[Any]
    ) -> Callable[[list[Any]], list[Any]]:
        """A function of gradients that gives the values of `variables` after one step of the built `optimizer`.

        It may really take the step: call it where the state of both is put back.
        """

    def fast_dropout(self) -> Callable[[Any, float, Any], Any] | None:
        """A faster dropout than Keras's: (values, rate, seed) -> values of the same shape. None where there is none."""


BACKENDS: dict[str, Backend] = {"tensorflow": tensorflow_backend, "jax": jax_backend}


def current_backend() -> Backend:
    """The backend that Keras runs on in this process."""
    import keras

    return BACKENDS[keras.config.backend()]
