"""How much memory the machine has; by itself, so that asking imports no NumPy."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def machine_memory() -> int | None:
    """The machine's memory in bytes, cut by a container's limit; None where the system does not say."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total
