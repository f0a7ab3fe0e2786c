"""What is known about layers with kernels: which arguments the sections' defaults go to, and how to initialise."""

from __future__ import annotations

from dataclasses import dataclass

from kerasdeep.catalog import Choice


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel of a layer: the prefix of its arguments, and the axes that a unit's incoming weights span."""

    prefix: str
    axes: int | tuple[int, ...]


def _by_class() -> dict[str, tuple[Kernel, ...]]:
    table = {"Dense": (Kernel("kernel", 0),)}
    for rank in (1, 2, 3):
        table[f"Conv{rank}D"] = (Kernel("kernel", tuple(range(rank + 1))),)
        # A transposed kernel ends in (outputs, inputs).
        table[f"Conv{rank}DTranspose"] = (Kernel("kernel", (*range(rank), rank + 1)),)
    for rank in (1, 2):
        space = tuple(range(rank))
        table[f"DepthwiseConv{rank}D"] = (Kernel("depthwise", space),)
        table[f"SeparableConv{rank}D"] = (Kernel("depthwise", space), Kernel("pointwise", (*space, rank)))
    return table


KERNELS = _by_class()
"""The Dense and Conv layers, to which the sections' defaults apply."""

PICTURE_LAYERS = {
    *(name for name in KERNELS if "2D" in name),
    *(f"{kind}Pooling2D" for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")),
    *("UpSampling2D", "ZeroPadding2D", "Cropping2D", "SpatialDropout2D"),
}
"""Layers that want (height, width, channels)."""

WRAPPERS = ("TimeDistributed", "SpectralNormalization")
"""Wrappers that hand the defaults on to the layer they wrap."""

HE = (
    *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "gelu", "silu", "mish", "learned_swish"),
    *("hard_silu", "squareplus", "softplus", "sparse_plus", "threshold", "exponential"),
)
LECUN = ("selu",)
LAYER_ACTIVATIONS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "RReLU": "rrelu",
    "ELU": "elu",
    "LearnedSwish": "learned_swish",
    "Softmax": "softmax",
}
LOOKED_THROUGH = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "Dropout")


def kernels_of(layer: Choice) -> tuple[Kernel, ...]:
    """The kernels that the defaults go to; none for other layers."""
    return KERNELS.get(core(layer).name, ())


def core(layer: Choice) -> Choice:
    """The layer itself, out of a wrapper that hands defaults on."""
    inner = layer.arguments.get("layer")
    return core(inner) if layer.name in WRAPPERS and isinstance(inner, Choice) else layer


def with_core(layer: Choice, inner: Choice) -> Choice:
    """The same layer around another core."""
    if layer.name not in WRAPPERS:
        return inner
    return layer.replace(layer=with_core(layer.arguments["layer"], inner))


def initializer_for(activation: str) -> Choice:
    """He (2015) for ReLU and its relatives, LeCun for SELU (Klambauer et al. 2017), else Glorot uniform (2010)."""
    name = "HeNormal" if activation in HE else "LecunNormal" if activation in LECUN else "GlorotUniform"
    return Choice("initializer", name)


def activation_after(layers: list[Choice]) -> str | None:
    """The activation that the following layers bring, for a layer that says it has none itself."""
    for layer in layers:
        if layer.name in LAYER_ACTIVATIONS:
            return LAYER_ACTIVATIONS[layer.name]
        if layer.name == "Activation":
            return layer.arguments["activation"].name
        if layer.name not in LOOKED_THROUGH:
            return None
    return None
