"""The machine: backend, device, precision, threads and seed, settled before Keras is first imported.

Whoever needs Keras calls `prepare` first. The number of threads is part of the numerics (`facts` of a run record
it), so it is always set, never left to the backend.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.metadata
import importlib.util
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerasdeep import __version__
from kerasdeep.errors import InputError

_RECORDED_PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "numpy", "pandas", "scikit-learn")
_INSTALL_COMMANDS = {"tensorflow": "pip install tensorflow", "jax": "pip install 'kerasdeep[jax]'"}


@dataclass(frozen=True, slots=True)
class RuntimeContext:
    """What this process really runs on: `devices` share each batch, over `processes` of which this is `rank`."""

    backend: str
    device: str
    precision: str
    threads: int
    seed: int
    devices: int = 1
    processes: int = 1
    rank: int = 0

    @property
    def is_primary(self) -> bool:
        """Whether this is the process that writes and speaks for all that train the run together."""
        return self.rank == 0


def prepare(section: Any, seed: int) -> RuntimeContext:
    """Set up backend, device, threads, precision and every seed; import Keras without its noise.

    `section` is the spec's `runtime`. Raises InputError when the backend is not installed, the device is not
    there, the precision makes no sense on it, or this process already runs on something else.
    """
    backend = section.backend
    _check_backend(backend, section)
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = usable_cores() if section.threads == "auto" else section.threads
    with suppress_startup_output(), gc_frozen_import("keras"):
        device, threads = _PREPARE_DEVICE[backend](section, threads)
        import keras

    # The user's keras.json must not change what a file of ours means.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)
    _set_precision(section, device)
    _seed_everything(backend, seed)
    with suppress_startup_output():
        process_layout = _enable_data_parallel() if section.distribution == "data_parallel" else {}
    return RuntimeContext(backend, device, section.precision, threads, seed, **process_layout)


def describe_environment(runtime: RuntimeContext) -> dict[str, Any]:
    """Versions, machine and settings for `environment.json`."""
    return {
        "kerasdeep": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version for name in _RECORDED_PACKAGES if (version := installed_version(name))},
        **asdict(runtime),
        "cores": usable_cores(),
        "git_commit": _git_commit(),
    }


def list_devices(backend: str) -> list[str]:
    """What a backend can compute on, best last. Imports the backend; raises whatever its import raises."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with suppress_startup_output():
        return _LIST_DEVICES[backend]()


def _list_tensorflow_devices() -> list[str]:
    import tensorflow as tf

    names = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        names.append(f"{device.device_type} {details.get('device_name', '')}".strip())
    return names


def _list_jax_devices() -> list[str]:
    import jax

    return [f"{device.platform.upper()} {device.device_kind}" for device in jax.devices()]


_LIST_DEVICES = {"tensorflow": _list_tensorflow_devices, "jax": _list_jax_devices}


def installed_version(package: str) -> str | None:
    """The package's version, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        # TensorFlow also comes in wheels of other names.
        return installed_version("tensorflow-cpu") if package == "tensorflow" else None


def usable_cores() -> int:
    """Cores this process may use: its affinity, cut by a container's CPU quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


@contextlib.contextmanager
def gc_frozen_import(library: str) -> Iterator[None]:
    """Leave what the import of `library` makes alone when garbage is collected.

    TensorFlow and Keras make hundreds of thousands of objects that live as long as the process. Looking through
    them again and again costs 0.9 s of their import, and once more 1.3 s when the process ends. Only the first
    import does that: later, models that nobody needs any more would be kept for ever.
    """
    if library in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


@contextlib.contextmanager
def suppress_startup_output() -> Iterator[None]:
    """Keep what libraries print while they start off the screen and out of `--json`; show it only if they fail.

    TensorFlow's C++ side writes to file descriptor 2 before any log level is read, Gloo to 1.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved_descriptors: dict[int, int] = {}
    for stream in (1, 2):
        with contextlib.suppress(OSError):  # closed: nothing to keep clean
            saved_descriptors[stream] = os.dup(stream)
    with tempfile.TemporaryFile() as noise:
        for stream in saved_descriptors:
            os.dup2(noise.fileno(), stream)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            with contextlib.suppress(TypeError, OSError):  # Windows has no handle on all of the process's libraries
                ctypes.CDLL(None).fflush(None)  # what C++ has not written yet, where the screen is a pipe
            for stream, saved in saved_descriptors.items():
                os.dup2(saved, stream)
                os.close(saved)
            if failed and 2 in saved_descriptors:
                noise.seek(0)
                os.write(2, noise.read())


def _check_backend(backend: str, section: Any) -> None:
    loaded_keras = sys.modules.get("keras")
    if loaded_keras is not None and loaded_keras.config.backend() != backend:
        _raise_input_error(
            section,
            "backend",
            f"This process already runs Keras on {loaded_keras.config.backend()}; {backend} needs a new process.",
        )
    if importlib.util.find_spec(backend) is None:
        alternatives = [name for name in _INSTALL_COMMANDS if name != backend and importlib.util.find_spec(name)]
        alternative_hint = f", or use the one that is here: --backend {alternatives[0]}" if alternatives else ""
        message = (
            f"The backend {backend} is not installed. Install it with: {_INSTALL_COMMANDS[backend]}{alternative_hint}"
        )
        _raise_input_error(section, "backend", message)


def _prepare_tensorflow(section: Any, threads: int) -> tuple[str, int]:
    if section.device == "tpu":
        _raise_input_error(section, "device", "TensorFlow 2.21 has no TPU support. Use `backend: jax` for TPUs.")
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    device = "cpu" if section.device == "cpu" or not gpus else "gpu"
    if section.device == "gpu" and not gpus:
        _raise_input_error(section, "device", "TensorFlow sees no GPU. Use `device: auto`, or see `kerasdeep doctor`.")
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
            _raise_input_error(section, "threads", message)
        threads = running_threads
    tf.config.list_logical_devices()  # the runtime starts here, noise included
    return device, threads


def _prepare_jax(section: Any, threads: int) -> tuple[str, int]:
    if threads != usable_cores():
        _limit_cores(section, threads)
    import jax

    if section.distribution == "data_parallel":
        _initialize_distributed(jax)
    if section.device != "auto":
        jax.config.update("jax_platforms", {"gpu": "cuda"}.get(section.device, section.device))
    try:
        return jax.default_backend(), threads
    except (RuntimeError, AssertionError) as error:  # an assertion, where JAX came without that device's plugin
        message = f"JAX sees no {section.device.upper()}. Use `device: auto`, or see `kerasdeep doctor`."
        raise InputError(message, "device", section.location("device")) from error


def _initialize_distributed(jax: Any) -> None:
    """Meet the other processes of the run, where JAX's environment variables tell of any."""
    if "JAX_COORDINATOR_ADDRESS" not in os.environ or jax.distributed.is_initialized():
        return
    process_count, rank = (os.environ.get(name) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
    # What is not given, JAX finds out from the cluster it runs on.
    jax.distributed.initialize(
        num_processes=None if process_count is None else int(process_count),
        process_id=None if rank is None else int(rank),
    )


def _enable_data_parallel() -> dict[str, int]:
    """Let Keras keep a copy of every variable on each device; must come before the first variable."""
    import jax
    import keras
    from jax.experimental import multihost_utils

    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    if jax.process_count() > 1:  # the first time that devices talk, they tell the world
        multihost_utils.sync_global_devices("kerasdeep")
    return {"devices": jax.device_count(), "processes": jax.process_count(), "rank": jax.process_index()}


def _limit_cores(section: Any, threads: int) -> None:
    """XLA makes one CPU thread for each core it may use, and has no setting of its own."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if "jax" in sys.modules or threads > len(cores):
        _raise_input_error(section, "threads", f"JAX runs on {usable_cores()} threads here; {threads} cannot be had.")
    os.sched_setaffinity(0, cores[:threads])


_PREPARE_DEVICE = {"tensorflow": _prepare_tensorflow, "jax": _prepare_jax}


_UNSUITABLE_PRECISION = {
    ("mixed_float16", "cpu"): "mixed_float16 has no fast path on a CPU and only loses digits. "
    "Use float32 or mixed_bfloat16.",
    ("mixed_float16", "tpu"): "TPUs compute in bfloat16; float16 gains nothing there and overflows at 65,504. "
    "Use mixed_bfloat16.",
}
"""Precisions that make no sense on a device, and why. The others are slower at worst, and asked for."""


def _set_precision(section: Any, device: str) -> None:
    import keras

    objection = _UNSUITABLE_PRECISION.get((section.precision, device))
    if objection:
        _raise_input_error(section, "precision", objection)
    keras.config.set_dtype_policy(section.precision)


def _seed_everything(backend: str, seed: int) -> None:
    """Python's, NumPy's and Keras's seeds. Keras's own function imports TensorFlow on every backend."""
    import keras

    if backend == "tensorflow":
        keras.utils.set_random_seed(seed)
        return
    import numpy as np

    from kerasdeep.backends import keras_private

    random.seed(seed)
    np.random.seed(seed)
    keras_private.set_random_seed(seed)


def _raise_input_error(section: Any, key: str, message: str) -> None:
    raise InputError(message, key, section.location(key))


def _git_commit() -> str | None:
    """The commit of the folder the command runs in, so that a user's repository can be found again."""
    try:
        completed = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return completed.stdout.strip() or None
