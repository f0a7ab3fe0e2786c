"""How much memory the machine and its graphics card have; by itself, so that asking imports no NumPy."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
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
