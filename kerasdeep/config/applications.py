"""The models of `keras.applications`: how each wants its pictures, and the smallest it takes.

`tf` scales pixels to -1 … 1, `torch` standardizes them with ImageNet's mean and deviation, `caffe` subtracts
ImageNet's mean from 0 … 255 in the order blue, green, red, and `inside` takes 0 … 255 and does the rest itself.
"""

from dataclasses import dataclass


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
