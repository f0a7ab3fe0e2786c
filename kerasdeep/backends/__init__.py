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
        """Run some steps of an epoch.

        Args:
            data: What `to_device` returned.
            order: (rows,) int32, on the device: the rows in the order in which the epoch takes them.
            start: The first step.
            count: How many; the last step of the epoch has the rows that are left.
        """

    def evaluate(self, data: Any, start: int, count: int) -> None:
        """Update the model's metrics with evaluation batches start … start + count - 1."""

    def metric_results(self) -> dict[str, Any]:
        """What the model's metrics say now, by name; numbers or arrays."""

    def running_loss(self) -> Any:
        """The loss alone, a scalar: it is read after every chunk, and the other metrics may be costly."""

    def predict(self, x: Any, position: int) -> Any:
        """The outputs for evaluation batch `position` of `x`: NumPy arrays, (rows of the batch, ...)."""


class Backend(Protocol):
    """What a backend's module offers; the functions of each module are described here."""

    @property
    def INSTALL_COMMAND(self) -> str:
        """How to install it."""

    @property
    def LIBRARIES(self) -> tuple[str, ...]:
        """The libraries whose errors are the backend's."""

    @property
    def UNUSED_IMPORTS(self) -> tuple[str, ...]:
        """Libraries that it imports where they are installed, for features that are not used here."""

    @property
    def ALWAYS_XLA(self) -> bool:
        """Whether there is no other way to compile."""

    def prepare_device(self, section: RuntimeConfig, threads: int) -> tuple[str, int]:
        """Set up the device and the CPU threads, before the backend's first operation.

        Args:
            section: `runtime` of the configuration.
            threads: CPU threads to use.

        Returns:
            The device (`cpu`, `gpu` or `tpu`) and the number of threads that are really used.

        Raises:
            InputError: There is no such device, or the process already runs with other threads.
        """

    def list_devices(self) -> list[str]:
        """What it can compute on, best last."""

    def seed_everything(self, seed: int) -> None:
        """Seed Python, NumPy and Keras."""

    def enable_data_parallel(self) -> dict[str, int]:
        """Share each batch between all devices, from the next variable on.

        Returns:
            `devices`, `processes` and `rank`, fields of `RuntimeContext`.

        Raises:
            InputError: The backend cannot.
        """

    def compile_cache_location(self) -> str | None:
        """The folder in which this process keeps compiled programs; None without one."""

    def multihost_utils(self) -> ModuleType | None:
        """JAX's collective operations between processes; None where there is only one process."""

    def quiet_saving(self) -> AbstractContextManager[None]:
        """A context for saving models, in which the backend prints nothing."""

    def make_steps(self, model: keras.Model, batch_size: int, evaluation_batch: int, xla: bool) -> Steps:
        """The compiled calls for a model.

        Args:
            model: Compiled.
            batch_size: Rows of a training step.
            evaluation_batch: Rows of an evaluation step.
            xla: Whether to compile with XLA, where there is a choice.
        """

    def compile_function(self, function: Callable[..., Any], model: keras.Model) -> Callable[..., Any]:
        """`function` of arrays, which calls the model and changes none of its variables, as one compiled program."""

    def compile_update(
        self, optimizer: keras.optimizers.Optimizer, variables: Sequence[Any]
    ) -> Callable[[list[Any]], list[Any]]:
        """A function of gradients that gives the values of `variables` after one step of the built `optimizer`.

        It may really take the step: call it where the state of both is put back.
        """

    def fast_dropout(self) -> Callable[[Any, float, Any], Any] | None:
        """A faster dropout than Keras's: (values, rate, seed) -> values of the same shape. None to use Keras's own."""


BACKENDS: dict[str, Backend] = {"tensorflow": tensorflow_backend, "jax": jax_backend}


def current_backend() -> Backend:
    """The backend that Keras runs on in this process."""
    import keras

    return BACKENDS[keras.config.backend()]
