"""JAX as a backend; see `kerasdeep.backends.Backend`."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kerasdeep.backends import compile_cache
from kerasdeep.backends.system import refuse, suppress_startup_output, usable_cores
from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.errors import InputError

if TYPE_CHECKING:
    import keras

    from kerasdeep.backends.jax_steps import JaxSteps

INSTALL_COMMAND = "pip install 'kerasdeep[jax]'"
LIBRARIES = ("jax", "jaxlib")
UNUSED_IMPORTS = ()
ALWAYS_XLA = True


def prepare_device(section: RuntimeConfig, threads: int) -> tuple[str, int]:
    if threads != usable_cores():
        _limit_cores(section, threads)
    import jax

    if section.distribution == "data_parallel":
        _initialize_distributed(jax)
    if section.device != "auto":
        jax.config.update("jax_platforms", {"gpu": "cuda"}.get(section.device, section.device))
    try:
        device = jax.default_backend()
    except (RuntimeError, AssertionError) as error:  # an assertion, where JAX came without that device's plugin
        message = f"JAX sees no {section.device.upper()}. Use `device: auto`, or see `kerasdeep doctor`."
        raise InputError(message, "device", section.location("device")) from error
    if section.cache:
        compile_cache.enable(device)
    from kerasdeep.backends import jax_initial_values

    jax_initial_values.install()
    return device, threads


def list_devices() -> list[str]:
    import jax

    return [f"{device.platform.upper()} {device.device_kind}" for device in jax.devices()]


def seed_everything(seed: int) -> None:
    """Keras's own function imports TensorFlow on every backend."""
    import numpy as np

    from kerasdeep.backends import keras_private

    random.seed(seed)
    np.random.seed(seed)
    keras_private.set_random_seed(seed)


def enable_data_parallel() -> dict[str, int]:
    """Let Keras keep a copy of every variable on each device; must come before the first variable."""
    import jax
    import keras
    from jax.experimental import multihost_utils

    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    if jax.process_count() > 1:  # the first collective call prints connection messages
        multihost_utils.sync_global_devices("kerasdeep")
    return {"devices": jax.device_count(), "processes": jax.process_count(), "rank": jax.process_index()}


def _initialize_distributed(jax: ModuleType) -> None:
    """Meet the other processes of the run, where JAX's environment variables tell of any."""
    if "JAX_COORDINATOR_ADDRESS" not in os.environ or jax.distributed.is_initialized():
        return
    process_count, rank = (os.environ.get(name) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
    # What is not given, JAX finds out from the cluster it runs on.
    jax.distributed.initialize(
        num_processes=None if process_count is None else int(process_count),
        process_id=None if rank is None else int(rank),
    )


def _limit_cores(section: RuntimeConfig, threads: int) -> None:
    """XLA makes one CPU thread for each core it may use, and has no setting of its own."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if "jax" in sys.modules or threads > len(cores):
        refuse(section, "threads", f"JAX runs on {usable_cores()} threads here; {threads} are not available.")
    os.sched_setaffinity(0, cores[:threads])


def compile_cache_location() -> str | None:
    return compile_cache.location()


def multihost_utils() -> ModuleType | None:
    import jax

    if jax.process_count() == 1:
        return None
    from jax.experimental import multihost_utils

    return multihost_utils


def quiet_saving() -> AbstractContextManager[None]:
    """Keras imports TensorFlow to save, where it is installed, on every backend."""
    return suppress_startup_output()


def make_steps(model: keras.Model, batch_size: int, evaluation_batch: int, xla: bool) -> JaxSteps:
    """Always with XLA, whatever `xla` says."""
    import jax

    from kerasdeep.backends.jax_steps import JaxSteps

    return JaxSteps(model, batch_size, evaluation_batch, one_step_per_call(model, jax.default_backend()))


def one_step_per_call(model: keras.Model, device: str) -> bool:
    """Whether JAX is to run a step a call: in a loop on a CPU, XLA's convolutions take 17 times as long."""
    from kerasdeep.backends.keras_private import has_convolutions

    return device == "cpu" and has_convolutions(model)


def compile_function(function: Callable[..., Any], model: keras.Model) -> Callable[..., Any]:
    """As one XLA program, which takes the model's weights as arguments instead of keeping copies."""
    import jax
    import keras

    @jax.jit
    def stateless(values: list[Any], *args: Any) -> Any:
        with keras.StatelessScope(state_mapping=zip(model.variables, values, strict=True)):
            return function(*args)

    return lambda *args: stateless([variable.value for variable in model.variables], *args)


def compile_update(optimizer: keras.optimizers.Optimizer, variables: Sequence[Any]) -> Callable[[list[Any]], list[Any]]:
    import jax

    step = jax.jit(optimizer.stateless_apply)

    def updated(gradients: list[Any]) -> list[Any]:
        state, values = ([variable.value for variable in group] for group in (optimizer.variables, variables))
        return step(state, gradients, values)[0]

    return updated


def fast_dropout() -> None:
    """XLA makes one loop of Keras's own dropout."""
    return
