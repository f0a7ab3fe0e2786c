"""`network:` the layers as they are written, before the sections' defaults are applied to them.

Layers are catalogue choices. Four words are the network's own and stand in the catalogue beside Keras's layers:
`Output` (one head), `Input` (a named part of the features), `Repeat` and `Residual`. Every layer may have
`name` and `inputs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.errors import Mark
from kerasdeep.spec.settings import Section, setting


@dataclass(frozen=True, kw_only=True)
class Network(Section):
    """The architecture: a list of layers, each fed by the one before unless it says `inputs`."""

    SHORTHAND = (("list[any]", "layers"),)

    layers: list[Choice] = setting("list[layer]", doc="The layers, from input to output.")


@dataclass(frozen=True)
class LayerSpec:
    """One line of the network. `kind` is layer, output or input; `choice` is the Keras layer of the first kind and
    `arguments` what an output or input was given."""

    kind: str
    choice: Choice | None
    name: str | None
    inputs: tuple[str, ...] | None
    arguments: dict[str, Any] = field(default_factory=dict)
    mark: Mark | None = None


@dataclass(frozen=True)
class Repeat:
    times: int
    layers: tuple[LayerSpec | Repeat | Residual, ...]
    mark: Mark | None = None


@dataclass(frozen=True)
class Residual:
    layers: tuple[LayerSpec | Repeat | Residual, ...]
    name: str | None = None
    mark: Mark | None = None
