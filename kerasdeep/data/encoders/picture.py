"""Pictures by their paths: an input of its own for convolutions, which stands beside the other columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import ColumnInput
from kerasdeep.data.encoders.base import ColumnSample, FeatureEncoder
from kerasdeep.data.picture_paths import find_picture_columns
from kerasdeep.data.types import ImageFormat

if TYPE_CHECKING:
    import keras

    from kerasdeep.config.sections.data import DataConfig
    from kerasdeep.errors import Problems

FILTERS = (16, 32, 64)
MAX_UNREADABLE_SHARE = 0.1
MAX_NAMED = 3
MAX_SIDE = 1 << 12
MAX_PIXEL = 255.0


@dataclass(frozen=True)
class PictureEncoder(FeatureEncoder):
    """A row is a picture of `height` × `width` × `channels`, its pixels divided by `scale`; black where none can be
    read. Values are paths as the system takes them."""

    holds_paths: ClassVar[bool] = True
    rule: ClassVar[str] = (
        "its pixels from 0 to 255, (height, width, channels), grey or RGB, brought to size by `resize` (bilinear); all "
        "0 where there is none"
    )

    name: str
    height: int
    width: int
    channels: int
    resize: str
    scale: float

    def __post_init__(self) -> None:
        sides = (self.height, self.width)
        if not all(0 < side <= MAX_SIDE for side in sides) or self.channels not in (1, 3) or not self.scale:
            raise ValueError(f"should have sides from 1 to {MAX_SIDE}, 1 or 3 channels and a `scale`")

    @classmethod
    def recognizes(cls, sample: ColumnSample) -> bool:
        """Paths of pictures, some of which are there."""
        return sample.is_text and bool(find_picture_columns(Path(), sample.series.to_frame()))

    @classmethod
    def exclusion_reason(cls, sample: ColumnSample, problems: Problems) -> str | None:
        from kerasdeep.data.images import unreadable_reason

        unreadable = _unreadable(sample.present)
        if unreadable:
            named = ", ".join(
                f"{path} ({unreadable_reason(Path(path))})" for path in [*dict.fromkeys(unreadable)][:MAX_NAMED]
            )
            more = ", …" if len(unreadable) > MAX_NAMED else ""
            message = (
                f"{len(unreadable)} of {len(sample.present)} pictures of '{sample.name}' cannot be read: {named}{more}"
            )
            if len(unreadable) > max(1, MAX_UNREADABLE_SHARE * len(sample.present)):
                problems.error("unreadable-images", f"{message}. Expected at most a tenth.", sample.location)
            else:
                problems.warn("unreadable-images", f"{message}; their rows have none.", sample.location)
        return "constant in the training rows" if sample.distinct == 1 else None

    @classmethod
    def fit(cls, name: str, series: pd.Series, section: DataConfig) -> Self:
        from kerasdeep.data.images import infer_image_format

        image = section.image
        paths = [Path(path) for path in series.dropna().unique()]
        found = infer_image_format(paths, image.size, image.channels, image.resize)
        scale = 1.0 if section.scaling == "none" else MAX_PIXEL
        return cls(name, found.height, found.width, found.channels, found.resize, scale)

    @property
    def own_input(self) -> ColumnInput:
        blocks = max(1, min(len(FILTERS), int(log2(min(self.height, self.width)) - 2)))
        layers = []
        for number, filters in enumerate(FILTERS[:blocks], 1):
            convolution = {"name": f"conv_{number}", "filters": filters, "kernel_size": 3, "padding": "same"}
            layers.append(Choice("layer", "Conv2D", convolution))
            pooling = {"name": f"pooling_{number}", "pool_size": 2, "padding": "same"}
            layers.append(Choice("layer", "MaxPooling2D", pooling))
        layers[-1] = Choice("layer", "GlobalAveragePooling2D", {"name": "mean"})
        return ColumnInput((self.height, self.width, self.channels), tuple(layers))

    @property
    def feature_names(self) -> list[str]:
        return [self.name]

    def apply(self, series: pd.Series) -> np.ndarray:
        return self.serving_values(series) / np.float32(self.scale)

    def serving_values(self, series: pd.Series) -> np.ndarray:
        from kerasdeep.data.image_decoding import decode_in_memory

        image_format = ImageFormat(self.height, self.width, self.channels, self.resize)
        pixels = np.zeros((len(series), *image_format.shape), np.float32)
        there = np.flatnonzero(series.notna().to_numpy())
        pixels[there] = decode_in_memory([Path(path) for path in series.iloc[there]], image_format).x
        return pixels

    def invert(self, features: np.ndarray) -> np.ndarray:
        return features * self.scale

    def count(self, series: pd.Series) -> dict[str, int]:
        present = series.dropna()
        unreadable = len(_unreadable(present))
        return {"missing": len(series) - len(present) + unreadable, "unreadable": unreadable}

    @staticmethod
    def apply_with_keras(encoders: Sequence[Any], raw: keras.KerasTensor) -> keras.KerasTensor:
        return raw / encoders[0].scale


def _unreadable(paths: pd.Series) -> list[str]:
    """Those of which not every pixel can be read: the header of a file that ends early may be whole."""
    from kerasdeep.data.images import thread_pool

    with thread_pool() as pool:
        readable = pool.map(_can_be_read, paths)
    return [path for path, is_readable in zip(paths, readable, strict=True) if not is_readable]


def _can_be_read(path: str) -> bool:
    from kerasdeep.data.image_decoding import open_image

    try:
        with open_image(Path(path)) as image:
            image.load()
        return True
    except Exception:
        return False
