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

_RECORDED = ("keras", "tensorflow", "jax", "jaxlib", "numpy", "pandas", "scikit-learn")
_INSTALL = {
    "tensorflow": "pip install tensorflow",
    "jax": "pip install 'kerasdeep[jax]'",
}


@dataclass(frozen=True, slots=True)
class Runtime:
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
    def first(self) -> bool:
        """Whether this is the process that writes and speaks for all that train the run together."""
        return self.rank == 0


def prepare(section: Any, seed: int) -> Runtime:
    """Set up backend, device, threads, precision and every seed; import Keras without its noise.

    `section` is the spec's `runtime`. Raises InputError when the backend is not installed, the device is not
    there, the precision makes no sense on it, or this process already runs on something else.
    """
    backend = section.backend
    _check_backend(backend, section)
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = usable_cores() if section.threads == "auto" else section.threads
    with quiet_start(), importing("keras"):
        device, threads = _DEVICES[backend](section, threads)
        import keras

    # The user's keras.json must not change what a file of ours means.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)
    _set_precision(section, device)
    _seed_everything(backend, seed)
    with quiet_start():
        crew = _split_batches() if section.distribution == "data_parallel" else {}
    return Runtime(backend, device, section.precision, threads, seed, **crew)


def environment(runtime: Runtime) -> dict[str, Any]:
    """Versions, machine and settings for `environment.json`."""
    return {
        "kerasdeep": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version for name in _RECORDED if (version := installed(name))},
        **asdict(runtime),
        "cores": usable_cores(),
        "git_commit": _git_commit(),
    }


def devices(backend: str) -> list[str]:
    """What a backend can compute on, best last. Imports the backend; raises whatever its import raises."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_start():
        return _SEEN[backend]()


def _seen_by_tensorflow() -> list[str]:
    import tensorflow as tf

    names = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        names.append(f"{device.device_type} {details.get('device_name', '')}".strip())
    return names


def _seen_by_jax() -> list[str]:
    import jax

    return [f"{device.platform.upper()} {device.device_kind}" for device in jax.devices()]


_SEEN = {"tensorflow": _seen_by_tensorflow, "jax": _seen_by_jax}


def installed(package: str) -> str | None:
    """The package's version, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        # TensorFlow also comes in wheels of other names.
        return installed("tensorflow-cpu") if package == "tensorflow" else None


def usable_cores() -> int:
    """Cores this process may use: its affinity, cut by a container's CPU quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


@contextlib.contextmanager
def importing(library: str) -> Iterator[None]:
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
def quiet_start() -> Iterator[None]:
    """Keep what libraries print while they start off the screen and out of `--json`; show it only if they fail.

    TensorFlow's C++ side writes to file descriptor 2 before any log level is read, Gloo to 1.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept: dict[int, int] = {}
    for stream in (1, 2):
        with contextlib.suppress(OSError):  # closed: nothing to keep clean
            kept[stream] = os.dup(stream)
    with tempfile.TemporaryFile() as noise:
        for stream in kept:
            os.dup2(noise.fileno(), stream)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            ctypes.CDLL(None).fflush(None)  # what C++ has not written yet, where the screen is a pipe
            for stream, screen in kept.items():
                os.dup2(screen, stream)
                os.close(screen)
            if failed and 2 in kept:
                noise.seek(0)
                os.write(2, noise.read())


def _check_backend(backend: str, section: Any) -> None:
    running = sys.modules.get("keras")
    if running is not None and running.config.backend() != backend:
        _refuse(
            section,
            "backend",
            f"This process already runs Keras on {running.config.backend()}; {backend} needs a new process.",
        )
    if importlib.util.find_spec(backend) is None:
        there = [name for name in _INSTALL if name != backend and importlib.util.find_spec(name)]
        instead = f", or use the one that is here: --backend {there[0]}" if there else ""
        message = f"The backend {backend} is not installed. Install it with: {_INSTALL[backend]}{instead}"
        _refuse(section, "backend", message)


def _prepare_tensorflow(section: Any, threads: int) -> tuple[str, int]:
    if section.device == "tpu":
        _refuse(section, "device", "TensorFlow 2.21 has no TPU support. Use `backend: jax` for TPUs.")
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    device = "cpu" if section.device == "cpu" or not gpus else "gpu"
    if section.device == "gpu" and not gpus:
        _refuse(section, "device", "TensorFlow sees no GPU. Use `device: auto`, or see `kerasdeep doctor`.")
    try:
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        for gpu in gpus if device == "gpu" else ():
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # TensorFlow has started; its threads and devices are as they are
        started = tf.config.threading.get_intra_op_parallelism_threads() or usable_cores()
        if section.threads != "auto" and started != threads:
            message = f"This process already runs TensorFlow on {started} threads; {threads} need a new process."
            _refuse(section, "threads", message)
        threads = started
    tf.config.list_logical_devices()  # the runtime starts here, noise included
    return device, threads


def _prepare_jax(section: Any, threads: int) -> tuple[str, int]:
    if threads != usable_cores():
        _limit_cores(section, threads)
    import jax

    if section.distribution == "data_parallel":
        _join_processes(jax)
    if section.device != "auto":
        jax.config.update("jax_platforms", {"gpu": "cuda"}.get(section.device, section.device))
    try:
        return jax.default_backend(), threads
    except (RuntimeError, AssertionError) as error:  # an assertion, where JAX came without that device's plugin
        message = f"JAX sees no {section.device.upper()}. Use `device: auto`, or see `kerasdeep doctor`."
        raise InputError(message, "device", section.mark("device")) from error


def _join_processes(jax: Any) -> None:
    """Meet the other processes of the run, where JAX's environment variables tell of any."""
    if "JAX_COORDINATOR_ADDRESS" not in os.environ or jax.distributed.is_initialized():
        return
    number, rank = (os.environ.get(name) for name in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID"))
    # What is not given, JAX finds out from the cluster it runs on.
    jax.distributed.initialize(
        num_processes=None if number is None else int(number), process_id=None if rank is None else int(rank)
    )


def _split_batches() -> dict[str, int]:
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
        _refuse(section, "threads", f"JAX runs on {usable_cores()} threads here; {threads} cannot be had.")
    os.sched_setaffinity(0, cores[:threads])


_DEVICES = {"tensorflow": _prepare_tensorflow, "jax": _prepare_jax}


_SENSELESS = {
    ("mixed_float16", "cpu"): "mixed_float16 has no fast path on a CPU and only loses digits. "
    "Use float32 or mixed_bfloat16.",
    ("mixed_float16", "tpu"): "TPUs compute in bfloat16; float16 gains nothing there and overflows at 65,504. "
    "Use mixed_bfloat16.",
}
"""Precisions that make no sense on a device, and why. The others are slower at worst, and asked for."""


def _set_precision(section: Any, device: str) -> None:
    import keras

    senseless = _SENSELESS.get((section.precision, device))
    if senseless:
        _refuse(section, "precision", senseless)
    keras.config.set_dtype_policy(section.precision)


def _seed_everything(backend: str, seed: int) -> None:
    """Python's, NumPy's and Keras's seeds. Keras's own function imports TensorFlow on every backend."""
    import keras

    if backend == "tensorflow":
        keras.utils.set_random_seed(seed)
        return
    import numpy as np
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
    from keras.src.utils.rng_utils import GLOBAL_RANDOM_SEED

    random.seed(seed)
    np.random.seed(seed)
    global_state.set_global_attribute(GLOBAL_RANDOM_SEED, seed)
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)


def _refuse(section: Any, key: str, message: str) -> None:
    raise InputError(message, key, section.mark(key))


def _git_commit() -> str | None:
    """The commit of the folder the command runs in, so that a user's repository can be found again."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
