"""`pretrained:` the source of pretrained layers, and the layer `Pretrained`, which has the same settings."""

import re
from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.config.schema import Section, setting, settings_of
from kerasdeep.config.sections.network import NetworkConfig
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence

APPLICATION_PREFIX = "application:"
KERAS_HUB_PREFIX = "keras_hub:"
PRETRAINED_LAYER = "Pretrained"
_WITHOUT_WEIGHTS = re.compile(
    r"Output|Flatten|Reshape|Permute|Identity|Activation|Softmax|(Leaky)?ReLU|E[Ll]U|GaussianNoise|UnitNormalization|"
    r".*(Dropout\w*|Pooling\dD|Padding\dD|Cropping\dD|UpSampling\dD)"
)
"""Layers that cannot be given weights by name, so that what is pretrained must be the body in front of them."""


@dataclass(frozen=True, kw_only=True)
class PretrainedConfig(Section):
    """Layers of a run, a model file or a Keras application; alone they are the network's body."""

    SHORTHAND = (("str", "from"),)

    from_: str = setting("str", doc="A run directory, FILE.keras, FILE.h5, or application:NAME.")
    arguments: dict[str, Any] = setting("map[any]", {}, "Of an application: {alpha: 0.25}.")
    weights: str | None = setting(
        "str|null", "imagenet", "Of an application: imagenet, a weights file, or null for new ones."
    )
    keep: str | list[str] = setting(
        "str|list[str]", "all_but_head", "all_but_head, first:N, `until: NAME` as until:NAME, names or patterns."
    )
    head: str = setting(
        "'auto'|'keep'|'new'",
        "auto",
        "Whether `Output` keeps the trained head: auto where it fits the classes; new initializes another.",
    )
    size: list[int] | None = setting(
        "list[int;2]|null", None, "Height and width that pictures are resized to inside the network.", minimum=8
    )

    @property
    def application(self) -> str | None:
        """The application's name as written; None for a file or run."""
        return self.from_.removeprefix(APPLICATION_PREFIX) if self.from_.startswith(APPLICATION_PREFIX) else None

    @property
    def is_path(self) -> bool:
        return not self.from_.startswith((APPLICATION_PREFIX, KERAS_HUB_PREFIX))


def is_body(section: PretrainedConfig, layers: list[Choice]) -> bool:
    """Whether the source is the body in front of these layers; else its weights go into layers of the same name.

    It is where none of them has weights that could be given, and an application is unless one of those has a name.
    """
    weighted = [layer for layer in layers if not _WITHOUT_WEIGHTS.fullmatch(layer.name)]
    return not (weighted if section.is_path else [layer for layer in weighted if layer.arguments.get("name")])


def as_layer(section: PretrainedConfig) -> Choice:
    """The section as the layer `Pretrained`."""
    values = {key: getattr(section, entry.name) for key, entry in settings_of(PretrainedConfig).items()}
    return Choice("layer", PRETRAINED_LAYER, values, section.location("from"))


def from_layer(layer: Choice) -> PretrainedConfig:
    """The settings of a layer `Pretrained` as a section; they stand where the layer does."""
    known = settings_of(PretrainedConfig)
    values = {entry.name: layer.arguments[key] for key, entry in known.items() if key in layer.arguments}
    locations = {key: layer.location for key in known if key in layer.arguments and layer.location}
    return PretrainedConfig(**values, locations=locations)


def with_default_network(tree: Mapping) -> Mapping:
    """The tree with `layers: [Output]` where the body is a `pretrained` without a network, or an application."""
    network = tree.get("network")
    pairs = network.pairs if isinstance(network, Mapping) else {}
    body = tree.get("pretrained") if network is None else pairs["application"].value if "application" in pairs else None
    if body is None or "layers" in pairs or (isinstance(body, Scalar) and body.is_null):
        return tree
    location = body.location
    layers: Node = Sequence((Scalar("Output", False, location),), location)
    written = {**pairs, "layers": Pair(Scalar("layers", False, location), layers)}
    with_layers = Mapping(written, network.location if network else location)
    return Mapping({**tree.pairs, "network": Pair(Scalar("network", False, location), with_layers)}, tree.location)


def application_as_pretrained(network: NetworkConfig) -> PretrainedConfig | None:
    """`network.application` as a source of layers that have learnt nothing; None where it names none."""
    if network.application is None:
        return None
    locations = {"from" if key == "application" else key: location for key, location in network.locations.items()}
    name = f"{APPLICATION_PREFIX}{network.application}"
    return PretrainedConfig(from_=name, arguments=network.arguments, weights=None, locations=locations)
