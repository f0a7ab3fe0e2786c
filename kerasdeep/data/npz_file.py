"""Arrays of `.npz` files, checked before memory is taken for them and read without pickle."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.lib import format as npy_format

Read = TypeVar("Read")

MAX_DEFLATE_RATIO = 1100
"""More than zip's compression can shrink anything."""
_HEADER_READERS = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}


class PickledArrayError(ValueError):
    """An array of Python objects, which only pickle can read."""


def read_npz(path: Path, max_bytes: int | None = None) -> dict[str, np.ndarray]:
    """Every array of the file by name; together they take at most `max_bytes`.

    Raises ValueError, which says what is wrong, for anything that is no sound `.npz` file.
    """
    return _read_members(path, _read_member, max_bytes)


def read_npz_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every array of the file by name. Raises ValueError as `read_npz` does."""
    return _read_members(path, _read_shape)


def _read_members(
    path: Path, read: Callable[[zipfile.ZipFile, zipfile.ZipInfo], Read], max_bytes: int | None = None
) -> dict[str, Read]:
    if not path.is_file():
        raise ValueError("it is not a regular file" if path.exists() else "it does not exist")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            _check_sizes(list(members.values()), path.stat().st_size, max_bytes)
            return {name: read(archive, member) for name, member in members.items()}
    except (MemoryError, PickledArrayError):
        raise
    except Exception as error:  # a damaged file can make zipfile, zlib and NumPy raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"it is not a sound .npz file ({reason})") from error


def _check_sizes(members: list[zipfile.ZipInfo], file_bytes: int, max_bytes: int | None) -> None:
    if sum(member.compress_size for member in members) > file_bytes:
        raise ValueError("it is cut off")
    if any(member.file_size > MAX_DEFLATE_RATIO * (member.compress_size + 1) for member in members):
        raise ValueError("it says it unpacks to more than it can")
    if max_bytes is not None and sum(member.file_size for member in members) > max_bytes:
        raise ValueError(f"its arrays take more than {max_bytes >> 20} MiB")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        shape, dtype = _read_header(file)
        if dtype.hasobject:
            raise PickledArrayError(f"its array '{member.filename.removesuffix('.npy')}' holds Python objects")
        if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise ValueError(f"{member.filename} says it has shape {shape}, which is not what it holds")
    with archive.open(member) as file:
        array: np.ndarray = npy_format.read_array(file, allow_pickle=False)
    return array


def _read_shape(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, ...]:
    with archive.open(member) as file:
        return _read_header(file)[0]


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = npy_format.read_magic(file)
    if version not in _HEADER_READERS:
        raise ValueError(f"version {version} of the .npy format")
    shape, _, dtype = _HEADER_READERS[version](file)
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"shape {shape}")
    return shape, dtype
