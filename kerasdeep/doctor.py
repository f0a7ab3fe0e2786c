"""`doctor`: the machine as kerasdeep sees it, and what is missing.

Each backend is asked in a process of its own: a broken installation may kill the process that imports it, and two
backends in one process would share the GPU's memory.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kerasdeep import __version__
from kerasdeep.backends import BACKENDS
from kerasdeep.backends.system import installed_version, python_command, usable_cores
from kerasdeep.data.hardware import host_memory_bytes, query_nvidia_smi
from kerasdeep.paths import keras_home

BACKEND_TIMEOUT_SECONDS = 120
_LIST_DEVICES_CODE = (
    "import json, sys; from kerasdeep.backends.runtime import list_devices;print(json.dumps(list_devices(sys.argv[1])))"
)
_BACKEND_PURPOSES = {"tensorflow": "the default backend", "jax": "`--backend jax`; TPUs and several hosts"}
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[[\w,-]+\])?(?P<versions>[^;]*)(?P<marker>;.*)?")
_GIB = 1 << 30


def required_packages() -> dict[str, str]:
    """What kerasdeep needs whatever the backend, with the versions that will do, as its own installation says."""
    try:
        requirements = importlib.metadata.requires("kerasdeep") or []
    except importlib.metadata.PackageNotFoundError:  # a checkout that is not installed
        requirements = []
    matches = [_REQUIREMENT.fullmatch(text.replace(" ", "")) for text in requirements]
    always = {match["name"].lower(): match["versions"] for match in matches if match and not match["marker"]}
    return {name: versions for name, versions in always.items() if name not in BACKENDS}


def inspect_machine() -> dict[str, Any]:
    """Everything that `kerasdeep doctor` tells, as plain data.

    `ready` says whether some backend can train; `missing` lists what is not there, why it is wanted and how to
    install it.
    """
    with ThreadPoolExecutor() as pool:
        backends = dict(zip(BACKENDS, pool.map(_probe_backend, BACKENDS), strict=True))
    requirements = required_packages()
    packages = {name: installed_version(name) for name in requirements}
    gpu_name = _gpu_name()
    return {
        "kerasdeep": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "graphics_card": gpu_name,
        "packages": packages,
        "backends": backends,
        "folders": {"keras": _folder_facts(keras_home()), "here": _folder_facts(Path.cwd())},
        "datasets": _downloaded_datasets(),
        "missing": _missing_items(requirements, packages, backends, gpu_name),
        "ready": bool(installed_version("keras")) and any(backend["devices"] for backend in backends.values()),
    }


def _probe_backend(name: str) -> dict[str, Any]:
    """Version and devices of a backend; `error` says why it does not start."""
    version = installed_version(name)
    if version is None:
        return {"version": None, "devices": [], "error": "not installed"}
    try:
        completed = subprocess.run(
            python_command("-c", _LIST_DEVICES_CODE, name),
            capture_output=True,
            text=True,
            timeout=BACKEND_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"version": version, "devices": [], "error": f"did not answer within {BACKEND_TIMEOUT_SECONDS} s"}
    if completed.returncode:
        error_lines = completed.stderr.strip().splitlines()
        reason = error_lines[-1] if error_lines else f"its process ended with {completed.returncode}"
        return {"version": version, "devices": [], "error": reason}
    return {"version": version, "devices": json.loads(completed.stdout.splitlines()[-1]), "error": None}


def _missing_items(
    requirements: dict[str, str],
    packages: dict[str, str | None],
    backends: dict[str, dict[str, Any]],
    gpu_name: str | None,
) -> list[dict[str, str]]:
    items = []
    for name, version in packages.items():
        least = re.search(r">=([\d.]+)", requirements[name])
        if version is None or (least and _version_numbers(version) < _version_numbers(least[1])):
            wanted = f"kerasdeep needs {least[1]} or newer" if least else "kerasdeep needs it"
            reason = wanted + (f", {version} is installed" if version else "")
            items.append(_missing_item(name, reason, f"pip install '{name}{requirements[name]}'"))
    for name, backend in backends.items():
        if backend["version"] is None:
            items.append(_missing_item(name, _BACKEND_PURPOSES[name], BACKENDS[name].INSTALL_COMMAND))
    working_devices = [device for backend in backends.values() for device in backend["devices"]]
    if gpu_name and working_devices and all(device.startswith("CPU") for device in working_devices):
        items.append(_missing_item("GPU support", f"{gpu_name} is not used", "pip install 'kerasdeep[gpu]'"))
    return items


def _missing_item(name: str, why: str, install: str) -> dict[str, str]:
    return {"name": name, "why": why, "install": install}


def _version_numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:3] if part.isdecimal()]


def _gpu_name() -> str | None:
    """The NVIDIA card that the driver reports, whether a backend uses it or not."""
    return next(iter(query_nvidia_smi("name")), None)


def _memory_gib() -> float | None:
    """The machine's memory in GiB, cut by a container's limit."""
    total = host_memory_bytes()
    return None if total is None else round(total / _GIB, 1)


def _folder_facts(path: Path) -> dict[str, Any]:
    """A folder that will be written to, or the nearest one above it that exists."""
    existing = next(folder for folder in (path, *path.parents) if folder.is_dir())
    return {
        "path": str(path),
        "writable": os.access(existing, os.W_OK),
        "free_gib": round(shutil.disk_usage(existing).free / _GIB, 1),
    }


def _downloaded_datasets() -> list[str]:
    """What Keras's folder holds already: these data sets need no network."""
    folder = keras_home() / "datasets"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
