"""The models of `keras.applications`: how each wants its pictures, and the smallest it takes.

`tf` scales pixels to -1 … 1, `torch` standardizes them with ImageNet's mean and deviation, `caffe` subtracts
ImageNet's mean from 0 … 255 in the order blue, green, red, and `inside` takes 0 … 255 and does the rest itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Application:
    """One model: the scale of its pixels, and the least height and width without its head."""

    scale: str
    smallest: int = 32


def _family(scale: str, *names: str, smallest: int = 32) -> dict[str, Application]:
    return {name: Application(scale, smallest) for name in names}


APPLICATIONS: dict[str, Application] = {
    **_family("tf", "MobileNet", "MobileNetV2", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    **_family("tf", "NASNetMobile", "NASNetLarge"),
    **_family("tf", "Xception", smallest=71),
    **_family("tf", "InceptionV3", "InceptionResNetV2", smallest=75),
    **_family("torch", "DenseNet121", "DenseNet169", "DenseNet201"),
    **_family("caffe", "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"),
    **_family("inside", "MobileNetV3Small", "MobileNetV3Large", *(f"EfficientNetB{n}" for n in range(8))),
    **_family("inside", *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L"))),
    **_family("inside", *(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge"))),
}
