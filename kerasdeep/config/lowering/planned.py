"""What lowering hands to the builders: layers with names, inputs and every argument decided."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import DROPOUT_LAYERS
from kerasdeep.errors import SourceLocation
from kerasdeep.keras_names import written_name


@dataclass(frozen=True, slots=True)
class Head:
    """One thing the network predicts. `kind` names its task; `units` are its output units, `options` the task's."""

    name: str
    kind: str
    units: int
    options: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnInput:
    """An input that is one column of a table.

    Args:
        shape: Of a row.
        layers: What makes a vector of it, where the network does not take it by name; each has a name.
        numbers: How many whole numbers, from 0 on, it is made of, for an `Embedding`; None for other inputs.
    """

    shape: tuple[int, ...]
    layers: tuple[Choice, ...]
    numbers: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedLayer:
    """One Keras layer to be built: its final name, what feeds it, and why it is there.

    `role` is input (in front of the network), pretrained (a body of several layers), hidden (weights with a default
    activation), norm, activation, dropout, output or other. `inputs` are names of planned layers or of the data's
    inputs. `origin` is the line it came from. `head` names what an output predicts.
    """

    name: str
    layer: Choice
    inputs: tuple[str, ...]
    role: str
    location: SourceLocation | None = None
    head: str = ""


def feeding_layer(layer: PlannedLayer, layers: Sequence[PlannedLayer]) -> str:
    """What feeds the layer, dropout aside, which changes nothing in predictions."""
    by_name = {one.name: one for one in layers}
    source = layer.inputs[0]
    while source in by_name and by_name[source].layer.name in DROPOUT_LAYERS:
        source = by_name[source].inputs[0]
    return source


def head_layer_names(layers: Sequence[PlannedLayer]) -> frozenset[str]:
    """The layers that the selector `head` means: the outputs, and every layer behind a pretrained body."""
    behind: set[str] = set()
    for layer in layers:
        if layer.role == "pretrained" or behind.intersection(layer.inputs):
            behind.add(layer.name)
    return frozenset(
        written_name(layer.name)
        for layer in layers
        if layer.role == "output" or (layer.name in behind and layer.role != "pretrained")
    )
