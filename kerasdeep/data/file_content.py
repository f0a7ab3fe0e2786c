"""What is in a file, compressed or not, or in a stream. Standard library only."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What a damaged file may raise while it is read."""


@dataclass(frozen=True)
class CsvStream:
    """A CSV that came from standard input or another stream."""

    content: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    def __str__(self) -> str:
        return "The input"


def open_bytes(path: Path | CsvStream) -> IO[bytes]:
    """The content as it is without compression. Raises one of `READ_ERRORS`."""
    if isinstance(path, CsvStream):
        return path.open()
    return _OPENERS.get(path.suffix.lower(), Path.open)(path, "rb")


def content_size(path: Path | CsvStream) -> int:
    """Bytes without compression."""
    with open_bytes(path) as file:
        return file.seek(0, os.SEEK_END)


def _open_zip(path: Path, mode: str) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    files = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(files) != 1:
        raise OSError(f"it holds {len(files)} files, and one table is expected")
    try:
        return archive.open(files[0])
    except RuntimeError as error:  # encrypted, or compressed in a way that Python does not know
        raise OSError(str(error)) from error


_OPENERS = cast(
    dict[str, Callable[[Path, str], IO[bytes]]],
    {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zip": _open_zip},
)
