"""Pictures of one shape: from files of any size and mode, or from arrays.

Read with Pillow: EXIF orientation applied, first frame of an animation, 16-bit grey reduced to 8, transparency
dropped. Values stay 0 … 255; scaling is the preprocessing rule's business.
"""

from __future__ import annotations

import io
import os
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from kerasdeep.data.types import ImageFormat

GRAYSCALE_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})
MAX_SIDE = 224
EXIF_ORIENTATION_TAG = 0x0112
EXIF_ROTATED = frozenset({5, 6, 7, 8})

RESIZE: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {
    "stretch": lambda picture, size: picture.resize(size, Image.Resampling.BILINEAR),
    "crop": lambda picture, size: ImageOps.fit(picture, size, Image.Resampling.BILINEAR),
    "pad": lambda picture, size: ImageOps.pad(picture, size, Image.Resampling.BILINEAR),
}


def infer_image_format(
    files: Sequence[Path], size: Sequence[int] | None, channels: int | str, resize: str
) -> ImageFormat:
    """The rule for these files. What is not stated: the size most of them have, or where fewer than half share
    one the median height and width, either way no side longer than `LARGEST_SIDE`; one channel where every
    file is stored in grey, otherwise three."""
    if size and channels != "auto":
        return ImageFormat(size[0], size[1], int(channels), resize)
    with thread_pool() as pool:
        headers = [header for header in pool.map(read_image_header, files) if header]
    if not size:
        size = _typical_size([(height, width) for height, width, _ in headers])
    if channels == "auto":
        channels = 1 if all(grey for _, _, grey in headers) else 3
    return ImageFormat(size[0], size[1], int(channels), resize)


def _typical_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if not sizes:
        return 1, 1
    (height, width), times = Counter(sizes).most_common(1)[0]
    if times * 2 < len(sizes):
        height, width = (round(statistics.median(side)) for side in zip(*sizes, strict=True))
    shrink = min(1.0, MAX_SIDE / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def open_image(file: Path | io.BytesIO) -> Image.Image:
    """The picture, opened; HEIC needs the extra `heic`. Raises what Pillow raises."""
    try:
        return Image.open(file)
    except UnidentifiedImageError as error:
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise error from None
        register_heif_opener()
        return Image.open(file)


def unreadable_reason(file: Path) -> str:
    """Why a picture cannot be read, in a few words."""
    if not file.exists():
        return "no such file"
    try:
        with open_image(file) as image:
            image.load()
    except UnidentifiedImageError:
        if file.suffix.lower() in (".heic", ".heif"):
            return "HEIC needs: pip install 'kerasdeep[heic]'"
        return "empty" if not file.stat().st_size else "no picture of a known format"
    except Exception as error:  # a broken file can make Pillow raise anything
        return str(error).split("\n")[0][:80] or type(error).__name__
    return "it cannot be brought to size"


def read_image_header(file: Path) -> tuple[int, int, bool] | None:
    """(height, width, stored in grey) from the file's header; None when it cannot be read."""
    try:
        with open_image(file) as image:
            width, height = image.size
            if image.getexif().get(EXIF_ORIENTATION_TAG) in EXIF_ROTATED:
                width, height = height, width
            return height, width, image.mode in GRAYSCALE_MODES
    except Exception:  # a broken file can make Pillow raise anything; `decode` names it
        return None


def image_to_array(image: Image.Image, image_format: ImageFormat) -> np.ndarray:
    """One picture as uint8 of the rule's shape."""
    if image.mode.startswith("I"):  # Pillow would clip 16-bit values to 255
        image = Image.fromarray((np.asarray(image, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    image = image.convert("RGB" if image_format.channels == 3 else "L")
    size = (image_format.width, image_format.height)
    if image.size != size:
        image = RESIZE[image_format.resize](image, size)
    return np.asarray(image).reshape(image_format.shape)


def to_image_format(array: np.ndarray, image_format: ImageFormat) -> np.ndarray:
    """An array of pictures, uint8 `(n, h, w)` or `(n, h, w, channels)`, as the rule wants them.

    Arrays that are right already, and arrays that are no pictures, are returned as they are.
    """
    holds_images = array.dtype == np.uint8 and (array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in (1, 3)))
    if array.shape[1:] == image_format.shape or not holds_images:
        return array
    if array.shape[1:3] == image_format.shape[:2] and array.ndim == 3:
        return np.ascontiguousarray(np.repeat(array[..., None], image_format.channels, axis=-1))
    converted = np.empty((len(array), *image_format.shape), np.uint8)
    flat = array[..., 0] if array.ndim == 4 and array.shape[-1] == 1 else array
    for number, row in enumerate(flat):
        converted[number] = image_to_array(Image.fromarray(np.ascontiguousarray(row)), image_format)
    return converted


def array_image_format(
    shape: tuple[int, ...], size: Sequence[int] | None, channels: int | str, resize: str
) -> ImageFormat:
    """The rule for an array of pictures with rows of this shape; what is not stated stays as it is."""
    height, width = size or shape[:2]
    array_channels = shape[2] if len(shape) == 3 else 0
    return ImageFormat(height, width, array_channels if channels == "auto" else int(channels), resize)


def thread_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(32, os.cpu_count() or 1))
