"""What is known about layers with kernels: which arguments the sections' defaults go to, and how to initialise."""

from dataclasses import dataclass
from functools import cache

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import ACTIVATION_BY_LAYER


@dataclass(frozen=True, slots=True)
class KernelArguments:
    """One kernel of a layer: the prefix of its arguments, and the axes that a unit's incoming weights span."""

    prefix: str
    axes: int | tuple[int, ...]


def _kernels_by_class() -> dict[str, tuple[KernelArguments, ...]]:
    table: dict[str, tuple[KernelArguments, ...]] = {"Dense": (KernelArguments("kernel", 0),)}
    for rank in (1, 2, 3):
        table[f"Conv{rank}D"] = (KernelArguments("kernel", tuple(range(rank + 1))),)
        # A transposed kernel ends in (outputs, inputs).
        table[f"Conv{rank}DTranspose"] = (KernelArguments("kernel", (*range(rank), rank + 1)),)
    for rank in (1, 2):
        space = tuple(range(rank))
        table[f"DepthwiseConv{rank}D"] = (KernelArguments("depthwise", space),)
        pointwise = KernelArguments("pointwise", (*space, rank))
        table[f"SeparableConv{rank}D"] = (KernelArguments("depthwise", space), pointwise)
    return table


KERNELS_BY_LAYER = _kernels_by_class()
"""The Dense and Conv layers, to which the sections' defaults apply."""

IMAGE_LAYERS = {
    *(name for name in KERNELS_BY_LAYER if "2D" in name),
    *(f"{kind}Pooling2D" for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")),
    *("UpSampling2D", "ZeroPadding2D", "Cropping2D", "SpatialDropout2D"),
}
"""Layers that want (height, width, channels)."""

TRANSPARENT_WRAPPERS = ("TimeDistributed", "SpectralNormalization")
"""Wrappers that hand the defaults on to the layer they wrap."""

HE_ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "gelu", "silu", "mish", "learned_swish"),
    *("parametric", "hard_silu", "squareplus", "softplus", "sparse_plus", "threshold", "exponential"),
)
LECUN_ACTIVATIONS = ("selu",)
SKIPPED_LAYERS = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "Dropout")


def layer_kernels(layer: Choice) -> tuple[KernelArguments, ...]:
    """The kernels that the defaults go to; none for other layers."""
    return KERNELS_BY_LAYER.get(unwrap(layer).name, ())


def unwrap(layer: Choice) -> Choice:
    """The layer itself, out of a wrapper that hands defaults on."""
    inner = layer.arguments.get("layer")
    return unwrap(inner) if layer.name in TRANSPARENT_WRAPPERS and isinstance(inner, Choice) else layer


def rewrap(layer: Choice, inner: Choice) -> Choice:
    """The same layer around another core."""
    if layer.name not in TRANSPARENT_WRAPPERS:
        return inner
    return layer.replace(layer=rewrap(layer.arguments["layer"], inner))


@cache
def default_initializer(activation: str) -> Choice:
    """He (2015) for ReLU and its relatives, LeCun for SELU (Klambauer et al. 2017), else Glorot uniform (2010)."""
    default = "LecunNormal" if activation in LECUN_ACTIVATIONS else "GlorotUniform"
    return Choice("initializer", "HeNormal" if activation in HE_ACTIVATIONS else default)


def activation_after(layers: list[Choice]) -> str | None:
    """The activation that the following layers bring, for a layer that says it has none itself."""
    for layer in layers:
        if layer.name in ACTIVATION_BY_LAYER:
            return ACTIVATION_BY_LAYER[layer.name]
        if layer.name == "Activation":
            return str(layer.arguments["activation"].name)
        if layer.name not in SKIPPED_LAYERS:
            return None
    return None
