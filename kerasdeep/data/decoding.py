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
from PIL import Image, ImageOps

from kerasdeep.data import kept
from kerasdeep.data.images import ImageRule, pixels, workers
from kerasdeep.data.rows import Rows, Stored

WORTH_KEEPING = 1000
MOST_KEPT_BYTES = 4 << 30
"""Of pictures that fit into memory; larger sets are kept wherever the disk has room."""
BLOCK = 2048


@dataclass
class Decoded:
    """Pictures of several files: `readable` marks the rows of `x` that were read, `digests` are of the files.

    `x` is uint8 `(files, *rule.shape)`, in memory or as rows that are read on demand.
    """

    x: np.ndarray | Rows
    readable: np.ndarray
    digests: list[str]
    grey: bool

    def __len__(self) -> int:
        return len(self.readable)

    def one_channel(self) -> Decoded:
        """The same pictures, all of them grey, with their first channel alone."""
        if isinstance(self.x, Rows):
            return replace(self, x=Rows(FirstChannel(self.x), np.arange(len(self))))
        return replace(self, x=np.ascontiguousarray(self.x[..., :1]))


def decode(
    files: Sequence[Path],
    rule: ImageRule,
    cache: Path | None = None,
    streamed: bool = False,
    say: kept.Say | None = None,
) -> Decoded:
    """The files' pictures by the rule.

    `cache` is the folder they are all in: a large set is kept decoded as long as names, sizes, times and rule are
    the same. `streamed` rows are read from there, or decoded anew each time they are asked for where the disk has
    no room or nothing is to be kept.
    """
    size = len(files) * prod(rule.shape)
    worth = streamed or (len(files) >= WORTH_KEEPING and size <= MOST_KEPT_BYTES)
    if cache is not None and worth and size < kept.room():
        states = [(str(file), (state := file.stat()).st_size, state.st_mtime_ns) for file in files]
        signature = json.dumps([states, asdict(rule)])
        make = partial(_keep, files=files, rule=rule, say=say)
        with suppress(OSError):  # a full or read-only disk costs time, not the data
            return kept.kept("pictures", cache, signature, make, partial(_read, streamed=streamed))
    if not streamed:
        return decode_now(files, rule)
    found = _looked_through(files, rule, say)
    return Decoded(Rows(PictureFiles(files, rule), np.arange(len(files))), *found)


class PictureFiles:
    """Pictures that are decoded whenever rows are asked for. Raises OSError for one that is gone by then."""

    nbytes = 0

    def __init__(self, files: Sequence[Path], rule: ImageRule) -> None:
        self._files, self._rule = files, rule
        self.shape, self.dtype = (len(files), *rule.shape), np.dtype(np.uint8)
        self.ndim, self.size = len(self.shape), prod(self.shape)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, numbers: np.ndarray) -> np.ndarray:
        files = [self._files[number] for number in numbers]
        found = decode_now(files, self._rule)
        if not found.readable.all():
            gone = files[int(np.argmin(found.readable))]
            raise OSError(f"{gone} cannot be read any more; it could when the data was loaded")
        return found.x


class FirstChannel:
    """The first channel of rows of pictures, as pictures of one channel."""

    def __init__(self, rows: Rows) -> None:
        self._rows, self.nbytes = rows, rows.nbytes
        self.shape, self.dtype = (*rows.shape[:-1], 1), rows.dtype
        self.ndim, self.size = len(self.shape), prod(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, numbers: np.ndarray) -> np.ndarray:
        return self._rows[numbers][..., :1]


def decode_now(files: Sequence[Path], rule: ImageRule) -> Decoded:
    x = np.zeros((len(files), *rule.shape), np.uint8)
    readable = np.zeros(len(files), bool)

    def read(number: int) -> tuple[str, bool]:
        data = b""
        try:
            data = files[number].read_bytes()
            with Image.open(io.BytesIO(data)) as picture:
                x[number] = pixels(ImageOps.exif_transpose(picture), rule)
            readable[number] = True
        except Exception:  # a broken file can make Pillow raise anything; the caller names it
            x[number] = 0
        grey = rule.channels != 3 or bool((x[number] == x[number][..., :1]).all())
        return hashlib.sha256(data).hexdigest(), grey

    with workers() as pool:
        found = list(pool.map(read, range(len(files)), chunksize=64))
    return Decoded(x, readable, [digest for digest, _ in found], all(grey for _, grey in found))


def _keep(entry: Path, files: Sequence[Path], rule: ImageRule, say: kept.Say | None) -> None:
    def make(start: int, end: int) -> np.ndarray:
        decoded = decode_now(files[start:end], rule)
        facts = {"readable": decoded.readable, "digests": np.array(decoded.digests), "grey": decoded.grey}
        np.savez(entry / f"facts-{start:012}.npz", **facts)
        return decoded.x

    tell = kept.telling(say, "decoding pictures", len(files))
    kept.fill(entry, (len(files), *rule.shape), np.uint8, BLOCK, make, tell)


def _read(entry: Path, streamed: bool) -> Decoded:
    blocks = []
    for path in sorted(entry.glob("facts-*.npz")):
        with np.load(path, allow_pickle=False) as file:
            blocks.append(dict(file))
    x: Any = Stored(entry / "x.npy") if streamed else np.load(entry / "x.npy", allow_pickle=False)
    readable, digests = (np.concatenate([block[key] for block in blocks]) for key in ("readable", "digests"))
    if len(readable) != len(x):
        raise ValueError(f"{entry} is not whole")
    grey = all(bool(block["grey"]) for block in blocks)
    return Decoded(Rows(x, np.arange(len(x))) if streamed else x, readable, digests.tolist(), grey)


def _looked_through(
    files: Sequence[Path], rule: ImageRule, say: kept.Say | None
) -> tuple[np.ndarray, list[str], bool]:
    """What `Decoded` says of the files beside their pictures."""
    tell = kept.telling(say, "looking through pictures", len(files))
    readable, digests, grey = [], [], True
    for start in range(0, len(files), BLOCK):
        block = decode_now(files[start : start + BLOCK], rule)
        readable.append(block.readable)
        digests += block.digests
        grey = grey and block.grey
        tell(len(digests))
    return np.concatenate(readable), digests, grey
