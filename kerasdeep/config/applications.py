"""The models of `keras.applications`: how each wants its pictures, and the smallest it takes.

`tf` scales pixels to -1 … 1, `torch` standardizes them with ImageNet's mean and deviation, `caffe` subtracts
ImageNet's mean from 0 … 255 in the order blue, green, red, and `inside` takes 0 … 255 and does the rest itself.
"""

import re
from dataclasses import dataclass
from typing import Any

from kerasdeep.paths import keras_home


@dataclass(frozen=True, slots=True)
class Application:
    """One model: the scale of its pixels, and the least height and width without its head."""

    scale: str
    min_size: int = 32


def _applications(scale: str, *names: str, min_size: int = 32) -> dict[str, Application]:
    return {name: Application(scale, min_size) for name in names}


APPLICATIONS: dict[str, Application] = {
    **_applications("tf", "MobileNet", "MobileNetV2", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    **_applications("tf", "NASNetMobile", "NASNetLarge"),
    **_applications("tf", "Xception", min_size=71),
    **_applications("tf", "InceptionV3", "InceptionResNetV2", min_size=75),
    **_applications("torch", "DenseNet121", "DenseNet169", "DenseNet201"),
    **_applications("caffe", "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"),
    **_applications("inside", "MobileNetV3Small", "MobileNetV3Large", *(f"EfficientNetB{n}" for n in range(8))),
    **_applications("inside", *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L"))),
    **_applications("inside", *(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge"))),
}

_WEIGHT_FILES = (
    ("EfficientNetV2B0", r"efficientnetv2-b0_notop"),
    ("EfficientNetB0", r"efficientnetb0_notop"),
    ("ResNet50V2", r"resnet50v2_weights_tf_dim_ordering_tf_kernels_notop"),
    ("ConvNeXtTiny", r"convnext_tiny_notop"),
    ("MobileNetV3Large", r"weights_mobilenet_v3_large_224_1\.0_float_no_top_v2"),
    ("ResNet50", r"resnet50_weights_tf_dim_ordering_tf_kernels_notop"),
    ("DenseNet121", r"densenet121_weights_tf_dim_ordering_tf_kernels_notop"),
    ("MobileNetV2", r"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_(?P<alpha>[\d.]+)_(?P<size>\d+)_no_top"),
    ("MobileNet", r"mobilenet_(?P<alpha>[\d_]+)_(?P<size>\d+)_tf_no_top"),
    ("VGG16", r"vgg16_weights_tf_dim_ordering_tf_kernels_notop"),
)
"""Models by the file of their weights without a head, the one to try first first."""
_ALPHAS = {"7_5": 0.75, "5_0": 0.5, "2_5": 0.25, "1_0": 1.0}
DEFAULT_APPLICATION = "MobileNetV2"
"""The body where none is named and none is at hand: small, and good for its size."""


@dataclass(frozen=True, slots=True)
class CachedWeights:
    """ImageNet's weights of a model, in the folder where Keras keeps them; `size` is in their name, where one is."""

    name: str
    arguments: dict[str, Any]
    size: int | None


def cached_weights(name: str | None = None) -> list[CachedWeights]:
    """The weights at hand, of one model or of all, the best first."""
    folder = keras_home() / "models"
    files = sorted((file.stem for file in folder.glob("*.h5")), reverse=True) if folder.is_dir() else []
    found = []
    for application, pattern in _WEIGHT_FILES:
        for match in (re.fullmatch(pattern, file) for file in files if name in (None, application)):
            if match:
                groups = match.groupdict()
                alpha = _ALPHAS.get(groups.get("alpha") or "", groups.get("alpha"))
                arguments = {} if alpha is None or float(alpha) == 1.0 else {"alpha": float(alpha)}
                found.append(CachedWeights(application, arguments, int(groups["size"]) if "size" in groups else None))
    return sorted(found, key=lambda weights: -weights.arguments.get("alpha", 1.0)) if name else found
