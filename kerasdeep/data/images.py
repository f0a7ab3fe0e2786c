"""Pictures of one shape: from files of any size and mode, or from arrays.

Read with Pillow: EXIF orientation applied, first frame of an animation, 16-bit grey reduced to 8, transparency
dropped. Values stay 0 … 255; scaling is the preprocessing rule's business.
"""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})
LARGEST_SIDE = 224
ORIENTATION = 0x0112
TURNED = frozenset({5, 6, 7, 8})

RESIZE: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {
    "stretch": lambda picture, size: picture.resize(size, Image.Resampling.BILINEAR),
    "crop": lambda picture, size: ImageOps.fit(picture, size, Image.Resampling.BILINEAR),
    "pad": lambda picture, size: ImageOps.pad(picture, size, Image.Resampling.BILINEAR),
}


@dataclass(frozen=True)
class ImageRule:
    """The shape every picture is brought to. `channels` 0 means grey without a channel axis, as in MNIST."""

    height: int
    width: int
    channels: int
    resize: str = "stretch"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.height, self.width, self.channels) if self.channels else (self.height, self.width)


def usual_rule(files: Sequence[Path], size: Sequence[int] | None, channels: int | str, resize: str) -> ImageRule:
    """The rule for these files. What is not stated: the size most of them have, or where fewer than half share
    one the median height and width, either way no side longer than `LARGEST_SIDE`; one channel where every
    file is stored in grey, otherwise three."""
    if size and channels != "auto":
        return ImageRule(size[0], size[1], int(channels), resize)
    with workers() as pool:
        looks = [look for look in pool.map(_look, files) if look]
    if not size:
        size = _usual_size([(height, width) for height, width, _ in looks])
    if channels == "auto":
        channels = 1 if all(grey for _, _, grey in looks) else 3
    return ImageRule(size[0], size[1], int(channels), resize)


def _usual_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if not sizes:
        return 1, 1
    (height, width), times = Counter(sizes).most_common(1)[0]
    if times * 2 < len(sizes):
        height, width = (round(statistics.median(side)) for side in zip(*sizes, strict=True))
    shrink = min(1.0, LARGEST_SIDE / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def _look(file: Path) -> tuple[int, int, bool] | None:
    """(height, width, stored in grey) from the file's header; None when it cannot be read."""
    try:
        with Image.open(file) as picture:
            width, height = picture.size
            if picture.getexif().get(ORIENTATION) in TURNED:
                width, height = height, width
            return height, width, picture.mode in GREY_MODES
    except Exception:  # a broken file can make Pillow raise anything; `decode` names it
        return None


def pixels(picture: Image.Image, rule: ImageRule) -> np.ndarray:
    """One picture as uint8 of the rule's shape."""
    if picture.mode.startswith("I"):  # Pillow would clip 16-bit values to 255
        picture = Image.fromarray((np.asarray(picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    picture = picture.convert("RGB" if rule.channels == 3 else "L")
    size = (rule.width, rule.height)
    if picture.size != size:
        picture = RESIZE[rule.resize](picture, size)
    return np.asarray(picture).reshape(rule.shape)


def conform(array: np.ndarray, rule: ImageRule) -> np.ndarray:
    """An array of pictures, uint8 `(n, h, w)` or `(n, h, w, channels)`, as the rule wants them.

    Arrays that are right already, and arrays that are no pictures, are returned as they are.
    """
    picture = array.dtype == np.uint8 and (array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in (1, 3)))
    if array.shape[1:] == rule.shape or not picture:
        return array
    if array.shape[1:3] == rule.shape[:2] and array.ndim == 3:
        return np.ascontiguousarray(np.repeat(array[..., None], rule.channels, axis=-1))
    out = np.empty((len(array), *rule.shape), np.uint8)
    flat = array[..., 0] if array.ndim == 4 and array.shape[-1] == 1 else array
    for number, row in enumerate(flat):
        out[number] = pixels(Image.fromarray(np.ascontiguousarray(row)), rule)
    return out


def array_rule(shape: tuple[int, ...], size: Sequence[int] | None, channels: int | str, resize: str) -> ImageRule:
    """The rule for an array of pictures with rows of this shape; what is not stated stays as it is."""
    height, width = size or shape[:2]
    own = shape[2] if len(shape) == 3 else 0
    return ImageRule(height, width, own if channels == "auto" else int(channels), resize)


def workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(32, os.cpu_count() or 1))
