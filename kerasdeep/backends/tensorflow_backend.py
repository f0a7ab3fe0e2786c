"""TensorFlow as a backend; see `kerasdeep.backends.Backend`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from kerasdeep.backends.system import refuse, usable_cores
from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.errors import InputError

if TYPE_CHECKING:
    import keras

    from kerasdeep.backends.tensorflow_steps import TensorFlowSteps

INSTALL_COMMAND = "pip install 'tensorflow>=2.21,<2.22'"
LIBRARIES = ("tensorflow",)
UNUSED_IMPORTS = ("jax",)
"""Its converter for mobile devices takes models written in JAX, too: a second of import."""
ALWAYS_XLA = False


def prepare_device(section: RuntimeConfig, threads: int) -> tuple[str, int]:
    if section.device == "tpu":
        refuse(section, "device", "TensorFlow 2.21 has no TPU support. Use `backend: jax` for TPUs.")
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    device = "cpu" if section.device == "cpu" or not gpus else "gpu"
    if section.device == "gpu" and not gpus:
        refuse(section, "device", "TensorFlow sees no GPU. Use `device: auto`, or see `kerasdeep doctor`.")
    try:
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        for gpu in gpus if device == "gpu" else ():
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # TensorFlow has started; its threads and devices are as they are
        running_threads = tf.config.threading.get_intra_op_parallelism_threads() or usable_cores()
        if section.threads != "auto" and running_threads != threads:
            message = (
                f"This process already runs TensorFlow on {running_threads} threads; {threads} need a new process."
            )
            refuse(section, "threads", message)
        threads = running_threads
    tf.config.list_logical_devices()  # the runtime starts here, noise included
    return device, threads


def list_devices() -> list[str]:
    import tensorflow as tf

    names = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        names.append(f"{device.device_type} {details.get('device_name', '')}".strip())
    return names


def seed_everything(seed: int) -> None:
    import keras

    keras.utils.set_random_seed(seed)


def enable_data_parallel() -> dict[str, int]:
    message = "`runtime.distribution: data_parallel` is JAX's: Keras 3 does not distribute on TensorFlow. Use "
    raise InputError(f"{message}`backend: jax`, or one device.", "conflict")


def compile_cache_location() -> None:
    """TensorFlow has none."""


def multihost_utils() -> None:
    return None


def quiet_saving() -> AbstractContextManager[None]:
    return nullcontext()


def make_steps(model: keras.Model, batch_size: int, evaluation_batch: int, xla: bool) -> TensorFlowSteps:
    from kerasdeep.backends.tensorflow_steps import TensorFlowSteps

    return TensorFlowSteps(model, batch_size, evaluation_batch, xla)


def compile_function(function: Callable[..., Any], model: keras.Model) -> Callable[..., Any]:
    """As one graph. Without XLA: on a CPU it draws random numbers fifteen times as slowly."""
    import tensorflow as tf

    return tf.function(function, autograph=False)


def compile_update(optimizer: keras.optimizers.Optimizer, variables: Sequence[Any]) -> Callable[[list[Any]], list[Any]]:
    """Not compiled: TensorFlow's operations are, and tracing takes longer than a step."""

    def updated(gradients: list[Any]) -> list[Any]:
        optimizer.apply(gradients, variables)
        return [variable.value for variable in variables]

    return updated


def fast_dropout() -> Callable[[Any, float, Any], Any]:
    from kerasdeep.backends.tensorflow_steps import fast_dropout

    return fast_dropout
