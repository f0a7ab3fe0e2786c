"""Whole files: every file appears whole or not at all.

A file is written beside its place, flushed to disk and swapped in.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasdeep.paths import read_bytes

MAX_JSON_BYTES = 256 << 20
MAX_JSON_DEPTH = 100
_BRACKET_OR_STRING = re.compile(r'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*"')


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Hand out a temporary path beside `path`; swap it in when the block ends well, remove it when not."""
    temporary = path.with_name(f".{os.getpid()}.tmp.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
        fsync_dir(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8; what is not (bytes in the names of files) as `\\udcff`, which in JSON means the same."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(text.encode("utf-8", "backslashreplace"))
        fsync_file(file)


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(to_jsonable(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def to_jsonable(value: Any) -> Any:
    """The value in JSON's own types: arrays become lists, paths text, numbers that are not finite None."""
    if isinstance(value, dict):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    return to_jsonable(value.tolist()) if hasattr(value, "tolist") else str(value)


def read_json(path: Path) -> Any:
    """The value in a JSON file; None where there is none that can be read."""
    try:
        return load_json(path)
    except (OSError, ValueError):
        return None


def load_json(path: Path, *, finite: bool = True) -> Any:
    """The value in a JSON file; numbers that are not finite are read only where they need not be `finite`.

    Raises OSError, or ValueError where it is no regular file, too large, nested too deeply or not JSON.
    """
    text, depth = read_bytes(path, MAX_JSON_BYTES).decode("utf-8"), 0
    for bracket in _BRACKET_OR_STRING.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        if depth > MAX_JSON_DEPTH:
            raise ValueError(f"it is nested more than {MAX_JSON_DEPTH} deep")
    return json.loads(text, parse_constant=_refuse_constant if finite else None)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def fsync_dir(path: Path) -> None:
    """Make renames inside `path` durable, where the system lets a folder be opened (Windows does not)."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
