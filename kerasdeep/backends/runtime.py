"""The runtime: backend, device, precision, threads and seed, set up before Keras is first imported.

Code that needs Keras calls `prepare` first. The number of threads is part of the numerics (`facts` of a run record
it), so it is always set, never left to the backend.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any, cast

from kerasdeep import __version__
from kerasdeep.backends import BACKENDS
from kerasdeep.backends.system import (
    gc_frozen_import,
    installed_version,
    not_importable,
    refuse,
    suppress_startup_output,
    usable_cores,
)
from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import keras_home

_RECORDED_PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "numpy", "pandas", "scikit-learn")


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
        """Whether this is the process that writes files and prints, of those that train the run together."""
        return self.rank == 0


def prepare(section: RuntimeConfig, seed: int) -> RuntimeContext:
    """Set up backend, device, threads, precision and every seed, and import Keras without its messages.

    Args:
        section: `runtime` of the configuration.
        seed: Of Python, NumPy and Keras.

    Raises:
        InputError: The backend is not installed, there is no such device, it does not suit the precision, or the
            process already runs on another backend.
    """
    _check_backend(section)
    backend = BACKENDS[section.backend]
    os.environ["KERAS_BACKEND"] = section.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = usable_cores() if section.threads == "auto" else int(section.threads)
    with suppress_startup_output(), gc_frozen_import("keras"), not_importable(*backend.UNUSED_IMPORTS):
        device, threads = backend.prepare_device(section, threads)
        keras = _import_keras()

    # The user's keras.json must not change the meaning of a configuration.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)
    _set_precision(section, device)
    backend.seed_everything(seed)
    with suppress_startup_output():
        process_layout = backend.enable_data_parallel() if section.distribution == "data_parallel" else {}
    return RuntimeContext(section.backend, device, section.precision, threads, seed, **process_layout)


def _import_keras() -> ModuleType:
    """Keras, which reads `keras.json` when it is imported; raises InputError where that file is in its way."""
    settings = keras_home() / "keras.json"
    advice = "Its import reads this file, which kerasdeep does not need: correct or delete it, or set KERAS_HOME."
    if settings.exists() and not settings.is_file():
        raise InputError(f"this is not a regular file. {advice}", "keras-settings", SourceLocation(str(settings)))
    try:
        import keras
    except ImportError:
        raise
    except Exception as error:  # what it raises depends on what the file holds
        message = f"Keras cannot start ({type(error).__name__}: {error}). {advice}"
        raise InputError(message, "keras-settings", SourceLocation(str(settings))) from error
    return cast(ModuleType, keras)


def describe_environment(runtime: RuntimeContext) -> dict[str, Any]:
    """Versions, machine and settings for `environment.json`."""
    return {
        "kerasdeep": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version for name in _RECORDED_PACKAGES if (version := installed_version(name))},
        **asdict(runtime),
        "cores": usable_cores(),
        "compile_cache": BACKENDS[runtime.backend].compile_cache_location(),
        "git_commit": _git_commit(),
    }


def list_devices(backend: str) -> list[str]:
    """The devices of a backend, the best last. Imports the backend, and raises whatever that import raises."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with suppress_startup_output():
        return BACKENDS[backend].list_devices()


def _check_backend(section: RuntimeConfig) -> None:
    backend = section.backend
    loaded_keras = sys.modules.get("keras")
    if loaded_keras is not None and loaded_keras.config.backend() != backend:
        refuse(
            section,
            "backend",
            f"This process already runs Keras on {loaded_keras.config.backend()}; {backend} needs a new process.",
        )
    if importlib.util.find_spec(backend) is None:
        alternatives = [name for name in BACKENDS if name != backend and importlib.util.find_spec(name)]
        alternative_hint = f", or use the one that is here: --backend {alternatives[0]}" if alternatives else ""
        command = BACKENDS[backend].INSTALL_COMMAND
        refuse(
            section, "backend", f"The backend {backend} is not installed. Install it with: {command}{alternative_hint}"
        )


_UNSUITABLE_PRECISION = {
    ("mixed_float16", "cpu"): "mixed_float16 has no fast path on a CPU and only loses digits. "
    "Use float32 or mixed_bfloat16.",
    ("mixed_float16", "tpu"): "TPUs compute in bfloat16; float16 gains nothing there and overflows at 65,504. "
    "Use mixed_bfloat16.",
}
"""Precisions that make no sense on a device, and why. The others are slower at worst, and asked for."""


def _set_precision(section: RuntimeConfig, device: str) -> None:
    import keras

    objection = _UNSUITABLE_PRECISION.get((section.precision, device))
    if objection:
        refuse(section, "precision", objection)
    keras.config.set_dtype_policy(section.precision)


def _git_commit() -> str | None:
    """The commit of the folder the command runs in, so that a user's repository can be found again."""
    try:
        completed = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return completed.stdout.strip() or None
