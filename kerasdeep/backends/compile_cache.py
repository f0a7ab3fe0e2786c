"""A cache of JAX's compiled programs, and of the kernels that a GPU's autotuning chose, shared by processes.

A program is executable code, so the folder belongs to the user alone. Its name has the version of jaxlib and the
processor: neither reads what another one wrote. A run that takes its kernels from here gets those of the run before,
and so its bits; without, a GPU may choose others.
"""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from kerasdeep.backends.system import installed_version

SWITCH = "KERASDEEP_COMPILE_CACHE"
"""Environment variable: `off`, or a folder to use instead of the user's cache."""
MAX_BYTES = 2_000_000_000
"""Beyond it JAX removes what was not used for longest."""


def enable(device: str) -> None:
    """Let JAX keep programs for `device`; must come before the first array.

    Does nothing where the user has told JAX itself where to keep them, or where no folder of the user's own can be
    made: compiling anew is slower, not wrong.
    """
    import jax

    choice = os.environ.get(SWITCH, "")
    if choice.lower() == "off" or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = private_folder(
        Path(choice).expanduser().absolute() if choice else user_cache(), f"jax-{_fingerprint(device)}"
    )
    if folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", MAX_BYTES)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def location() -> str | None:
    """Where JAX keeps programs in this process."""
    import jax

    return jax.config.jax_compilation_cache_dir


def user_cache() -> Path:
    """The user's cache folder for kerasdeep, as the system places such folders."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("kerasdeep", appauthor=False))


def private_folder(parent: Path, name: str) -> Path | None:
    """`parent/name`, made for the user alone; None where it cannot be made or others may write into it."""
    folder = parent / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, ValueError):
        return None
    is_own = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
    return folder if is_own and os.access(folder, os.W_OK) else None


def _fingerprint(device: str) -> str:
    processor = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        processor += "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    except OSError:
        pass  # only Linux has it
    digest = hashlib.sha256(f"{platform.machine()} {processor}".encode()).hexdigest()[:12]
    return f"{installed_version('jaxlib')}-{device}-{digest}"
