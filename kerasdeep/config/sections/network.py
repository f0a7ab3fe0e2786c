"""`network:` the layers as they are written, before the sections' defaults are applied to them.

Layers are catalogue choices. Five words are the network's own and stand in the catalogue beside Keras's layers:
`Output` (one head), `Input` (a named part of the features), `Repeat`, `Residual` and `Pretrained`. Every layer may have
`name` and `inputs`.
"""

from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.config.schema import Section, setting


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Section):
    """The architecture: a list of layers, each fed by the one before unless it says `inputs`."""

    SHORTHAND = (("list[any]", "layers"),)

    layers: list[Choice] = setting(
        "list[layer]", doc="The layers, from input to output; an application needs none but `Output`."
    )
    application: str | None = setting(
        "str|null",
        None,
        "A model that Keras ships, such as MobileNetV2, as the body, with new weights; the layers follow.",
    )
    arguments: dict[str, Any] = setting("map[any]", {}, "Of the application: {alpha: 0.25}.")
