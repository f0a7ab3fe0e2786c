"""Picture files, decoded by several threads: into memory, into a kept file, or whenever they are asked for."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageOps

from kerasdeep.data import disk_cache
from kerasdeep.data.images import ImageFormat, image_to_array, open_image, thread_pool
from kerasdeep.data.lazy_rows import LazyRows, NpyFile

MIN_CACHED_FILES = 1000
MAX_CACHED_BYTES = 4 << 30
"""Of pictures that fit into memory; larger sets are kept wherever the disk has room."""
BLOCK_FILES = 2048


@dataclass
class DecodedImages:
    """Pictures of several files: `readable` marks the rows of `x` that were read, `digests` are of the files.

    `x` is uint8 `(files, *rule.shape)`, in memory or as rows that are read on demand.
    """

    x: np.ndarray | LazyRows
    readable: np.ndarray
    digests: list[str]
    is_grayscale: bool

    def __len__(self) -> int:
        return len(self.readable)

    def to_grayscale(self) -> DecodedImages:
        """The same pictures, all of them grey, with their first channel alone."""
        if isinstance(self.x, LazyRows):
            return replace(self, x=LazyRows(FirstChannelRows(self.x), np.arange(len(self))))
        return replace(self, x=np.ascontiguousarray(self.x[..., :1]))


def decode_images(
    files: Sequence[Path],
    image_format: ImageFormat,
    cache: Path | None = None,
    streamed: bool = False,
    say: disk_cache.Say | None = None,
) -> DecodedImages:
    """The files' pictures by the rule.

    `cache` is the folder they are all in: a large set is kept decoded as long as names, sizes, times and rule are
    the same. `streamed` rows are read from there, or decoded anew each time they are asked for where the disk has
    no room or nothing is to be kept.
    """
    size = len(files) * prod(image_format.shape)
    worth_caching = streamed or (len(files) >= MIN_CACHED_FILES and size <= MAX_CACHED_BYTES)
    if cache is not None and worth_caching and size < disk_cache.free_bytes():
        states = [(str(file), (state := file.stat()).st_size, state.st_mtime_ns) for file in files]
        signature = json.dumps([states, asdict(image_format)])
        make = partial(_write_cache_entry, files=files, image_format=image_format, say=say)
        with suppress(OSError):  # a full or read-only disk costs time, not the data
            return disk_cache.cached("pictures", cache, signature, make, partial(_read_cache_entry, streamed=streamed))
    if not streamed:
        return decode_in_memory(files, image_format)
    scan = _scan_files(files, image_format, say)
    return DecodedImages(LazyRows(ImageFileRows(files, image_format), np.arange(len(files))), *scan)


class ImageFileRows:
    """Pictures that are decoded whenever rows are asked for. Raises OSError for one that is gone by then."""

    nbytes = 0

    def __init__(self, files: Sequence[Path], image_format: ImageFormat) -> None:
        self._files, self._image_format = files, image_format
        self.shape, self.dtype = (len(files), *image_format.shape), np.dtype(np.uint8)
        self.ndim, self.size = len(self.shape), prod(self.shape)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, row_numbers: np.ndarray) -> np.ndarray:
        files = [self._files[number] for number in row_numbers]
        decoded = decode_in_memory(files, self._image_format)
        if not decoded.readable.all():
            missing_file = files[int(np.argmin(decoded.readable))]
            raise OSError(f"{missing_file} cannot be read any more; it could when the data was loaded")
        return np.asarray(decoded.x)


class FirstChannelRows:
    """The first channel of rows of pictures, as pictures of one channel."""

    def __init__(self, rows: LazyRows) -> None:
        self._rows, self.nbytes = rows, rows.nbytes
        self.shape, self.dtype = (*rows.shape[:-1], 1), rows.dtype
        self.ndim, self.size = len(self.shape), prod(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row_numbers: np.ndarray) -> np.ndarray:
        return self._rows[row_numbers][..., :1]


def decode_in_memory(files: Sequence[Path], image_format: ImageFormat) -> DecodedImages:
    x = np.zeros((len(files), *image_format.shape), np.uint8)
    readable = np.zeros(len(files), bool)

    def read(number: int) -> tuple[str, bool]:
        data = b""
        try:
            data = files[number].read_bytes()
            with open_image(io.BytesIO(data)) as image:
                x[number] = image_to_array(ImageOps.exif_transpose(image), image_format)
            readable[number] = True
        except Exception:  # a broken file can make Pillow raise anything; the caller names it
            x[number] = 0
        grey = image_format.channels != 3 or bool((x[number] == x[number][..., :1]).all())
        return hashlib.sha256(data).hexdigest(), grey

    with thread_pool() as pool:
        digests_and_grey = list(pool.map(read, range(len(files)), chunksize=64))
    return DecodedImages(
        x, readable, [digest for digest, _ in digests_and_grey], all(grey for _, grey in digests_and_grey)
    )


def _write_cache_entry(
    entry: Path, files: Sequence[Path], image_format: ImageFormat, say: disk_cache.Say | None
) -> None:
    def make(start: int, end: int) -> np.ndarray:
        decoded = decode_in_memory(files[start:end], image_format)
        path, digests = entry / f"facts-{start:012}.npz", np.array(decoded.digests)
        np.savez(path, readable=decoded.readable, digests=digests, grey=decoded.is_grayscale)
        return np.asarray(decoded.x)

    progress = disk_cache.throttled_progress(say, "decoding pictures", len(files))
    disk_cache.write_in_blocks(entry, (len(files), *image_format.shape), np.uint8, BLOCK_FILES, make, progress)


def _read_cache_entry(entry: Path, streamed: bool) -> DecodedImages:
    blocks = []
    for path in sorted(entry.glob("facts-*.npz")):
        with np.load(path, allow_pickle=False) as file:
            blocks.append(dict(file))
    x: Any = NpyFile(entry / "x.npy") if streamed else np.load(entry / "x.npy", allow_pickle=False)
    readable, digests = (np.concatenate([block[key] for block in blocks]) for key in ("readable", "digests"))
    if len(readable) != len(x):
        raise ValueError(f"{entry} is not whole")
    grey = all(bool(block["grey"]) for block in blocks)
    return DecodedImages(LazyRows(x, np.arange(len(x))) if streamed else x, readable, digests.tolist(), grey)


def _scan_files(
    files: Sequence[Path], image_format: ImageFormat, say: disk_cache.Say | None
) -> tuple[np.ndarray, list[str], bool]:
    """What `Decoded` says of the files beside their pictures."""
    progress = disk_cache.throttled_progress(say, "looking through pictures", len(files))
    readable, digests, grey = [], [], True
    for start in range(0, len(files), BLOCK_FILES):
        block = decode_in_memory(files[start : start + BLOCK_FILES], image_format)
        readable.append(block.readable)
        digests += block.digests
        grey = grey and block.is_grayscale
        progress(len(digests))
    return np.concatenate(readable), digests, grey
