"""`kerasdeep`, writing down every XLA program it has compiled: name, shapes, seconds, and whose line asked for it.

python -m benchmarks.gpu.traced COMPILED.json train fashion.yaml …
"""

from __future__ import annotations

import atexit
import json
import logging
import re
import sys
import traceback
from pathlib import Path
from typing import Any

_STARTED = re.compile(r"Compiling (?:jit\()?(?P<name>[^\s)]+)\)? with global shapes and types (?P<shapes>.*?)\. Arg")
_FINISHED = re.compile(r"Finished XLA compilation of (?:jit\()?(?P<name>[^\s)]+)\)? in (?P<seconds>[\d.e+-]+) sec")


class CompilationLog(logging.Handler):
    """JAX logs a compilation in the thread that asked for it, so the stack then says where it comes from."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._shapes = path, ""
        self._programs: list[dict[str, Any]] = []

    def emit(self, entry: logging.LogRecord) -> None:
        text = entry.getMessage()
        if started := _STARTED.search(text):
            self._shapes = started["shapes"][:200]
        elif finished := _FINISHED.search(text):
            program = {"name": finished["name"], "seconds": float(finished["seconds"]), "shapes": self._shapes}
            self._programs.append({**program, "origin": _origin()})

    def write(self) -> None:
        self._path.write_text(json.dumps(self._programs, indent=1), encoding="utf-8")


def _origin() -> str:
    """The innermost line of kerasdeep, and of Keras where that is further in."""
    frames = traceback.extract_stack()
    lines = {}
    for frame in frames:
        parts = Path(frame.filename).parts
        for package in ("kerasdeep", "keras"):
            if package in parts[:-1]:
                inside = parts[len(parts) - 1 - parts[::-1].index(package) :]
                lines[package] = f"{'/'.join(inside)}:{frame.lineno} {frame.name}"
                if package == "kerasdeep":
                    lines.pop("keras", None)
    return " > ".join(lines.values()) or "elsewhere"


def main() -> None:
    log = CompilationLog(Path(sys.argv.pop(1)).resolve())
    atexit.register(log.write)
    import jax

    jax.config.update("jax_log_compiles", True)
    jax_logger = logging.getLogger("jax")
    jax_logger.addHandler(log)
    jax_logger.propagate = False
    from kerasdeep.cli import main as kerasdeep

    kerasdeep()


if __name__ == "__main__":
    main()
