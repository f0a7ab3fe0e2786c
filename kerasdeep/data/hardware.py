"""How much memory the machine and its graphics card have; by itself, so that asking imports no NumPy."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path


def host_memory_bytes() -> int | None:
    """The machine's memory in bytes, cut by a container's limit; None where the system does not say."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def gpu_memory_bytes() -> int | None:
    """The memory of the smallest NVIDIA card in bytes; None where the driver reports none."""
    with contextlib.suppress(ValueError):  # no card, or one that does not say
        return min(int(line) for line in query_nvidia_smi("memory.total")) << 20
    return None


def query_nvidia_smi(field: str) -> list[str]:
    """What NVIDIA's driver says of each card, in nvidia-smi's words for it; nothing where there is no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        completed = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return completed.stdout.strip().splitlines()
    return []


@cache
def gpu_numbers() -> list[str]:
    """The NVIDIA cards that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    numbers = query_nvidia_smi("index") if visible is None else visible.split(",")
    return [number.strip() for number in numbers if number.strip() not in ("", "-1")]


def available_memory_bytes() -> int | None:
    """The memory that new processes can have now; the machine's where the system does not say."""
    total = host_memory_bytes()
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
        return available if total is None else min(total, available)
    return total
