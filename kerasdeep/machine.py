"""`doctor`: the machine as kerasdeep sees it, and what is missing.

Each backend is asked in a process of its own: a broken installation may kill the process that imports it, and two
backends in one process would share the GPU's memory.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kerasdeep import __version__
from kerasdeep.data.download import keras_home
from kerasdeep.data.machine_memory import driver_says, machine_memory
from kerasdeep.runtime import installed, usable_cores

PACKAGES = {
    "keras": "3.15.1",
    "numpy": "2.0",
    "pandas": "2.2",
    "pyarrow": "18",
    "scikit-learn": "1.5",
    "pillow": "11",
    "pyyaml": "6.0.2",
    "typer": "0.16",
    "rich": "14",
    "jinja2": "3.1.5",
}
"""What kerasdeep needs whatever the backend, and the least version of it; `pyproject.toml` says the same."""

BACKENDS = {"tensorflow": "pip install 'tensorflow>=2.21,<2.22'", "jax": "pip install 'jax>=0.10'"}
GPU_SUPPORT = "pip install 'tensorflow[and-cuda]>=2.21,<2.22'"
SLOW = 120
_ASK = "import json, sys; from kerasdeep.runtime import devices; print(json.dumps(devices(sys.argv[1])))"
_GIB = 1 << 30


def examine() -> dict[str, Any]:
    """Everything that `kerasdeep doctor` tells, as plain data.

    `ready` says whether some backend can train; `missing` lists what is not there, why it is wanted and how to
    install it.
    """
    with ThreadPoolExecutor() as pool:
        backends = dict(zip(BACKENDS, pool.map(_backend, BACKENDS), strict=True))
    packages = {name: installed(name) for name in PACKAGES}
    graphics = _graphics_card()
    return {
        "kerasdeep": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cores": usable_cores(),
        "memory_gib": _memory(),
        "graphics_card": graphics,
        "packages": packages,
        "backends": backends,
        "folders": {"keras": _folder(keras_home()), "here": _folder(Path.cwd())},
        "datasets": _datasets(),
        "missing": _missing(packages, backends, graphics),
        "ready": bool(packages["keras"]) and any(backend["devices"] for backend in backends.values()),
    }


def _backend(name: str) -> dict[str, Any]:
    """Version and devices of a backend; `error` says why it does not start."""
    version = installed(name)
    if version is None:
        return {"version": None, "devices": [], "error": "not installed"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK, name], capture_output=True, text=True, timeout=SLOW, check=False
        )
    except subprocess.TimeoutExpired:
        return {"version": version, "devices": [], "error": f"did not answer within {SLOW} s"}
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else f"its process ended with {done.returncode}"
        return {"version": version, "devices": [], "error": reason}
    return {"version": version, "devices": json.loads(done.stdout.splitlines()[-1]), "error": None}


def _missing(
    packages: dict[str, str | None], backends: dict[str, dict[str, Any]], graphics: str | None
) -> list[dict[str, str]]:
    found = []
    for name, version in packages.items():
        if version is None or _numbers(version) < _numbers(PACKAGES[name]):
            wanted = f"kerasdeep needs {PACKAGES[name]} or newer" + (
                f", {version} is installed" if version else ""
            )
            found.append(_item(name, wanted, f"pip install '{name}>={PACKAGES[name]}'"))
    uses = {"tensorflow": "the default backend", "jax": "`--backend jax`; TPUs and several hosts"}
    for name, backend in backends.items():
        if backend["version"] is None:
            found.append(_item(name, uses[name], BACKENDS[name]))
    working = [device for backend in backends.values() for device in backend["devices"]]
    if graphics and working and all(device.startswith("CPU") for device in working):
        found.append(_item("GPU support", f"{graphics} is not used", GPU_SUPPORT))
    return found


def _item(name: str, why: str, install: str) -> dict[str, str]:
    return {"name": name, "why": why, "install": install}


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:3] if part.isdecimal()]


def _graphics_card() -> str | None:
    """The NVIDIA card that the driver reports, whether a backend uses it or not."""
    return next(iter(driver_says("name")), None)


def _memory() -> float | None:
    """The machine's memory in GiB, cut by a container's limit."""
    total = machine_memory()
    return None if total is None else round(total / _GIB, 1)


def _folder(path: Path) -> dict[str, Any]:
    """A folder that will be written to, or the nearest one above it that exists."""
    existing = next(folder for folder in (path, *path.parents) if folder.is_dir())
    return {
        "path": str(path),
        "writable": os.access(existing, os.W_OK),
        "free_gib": round(shutil.disk_usage(existing).free / _GIB, 1),
    }


def _datasets() -> list[str]:
    """What Keras's folder holds already: these data sets need no network."""
    folder = keras_home() / "datasets"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
