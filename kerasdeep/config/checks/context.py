"""What the checks look at: the config, the tree it was read from, and the network with its defaults applied."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.config.effective_stages import effective_stages as stages_of
from kerasdeep.config.lowering.lower import lower_network
from kerasdeep.config.lowering.planned import ColumnInput, Head, PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.errors import InputError, Problem
from kerasdeep.tasks import TASKS, parse_setting
from kerasdeep.yaml_nodes import Mapping, Node

MAX_LAYERS = 2000
"""More layers than any network that can be trained; a `Repeat` within a `Repeat` gets there quickly."""


def walk_layers(layers: list[Choice]) -> Iterator[Choice]:
    """Every layer as written, those inside `Repeat`, `Residual` and wrappers too."""
    for layer in layers:
        yield layer
        yield from walk_layers(inner_layers(layer))


def inner_layers(layer: Choice) -> list[Choice]:
    """The layers inside a `Repeat`, a `Residual` or a wrapper."""
    inner = layer.arguments.get("layers") or layer.arguments.get("layer")
    return [item for item in (inner if isinstance(inner, list) else [inner]) if isinstance(item, Choice)]


@dataclass(frozen=True)
class CheckContext:
    config: Config
    tree: Mapping | None = None

    @property
    def task(self) -> str | dict[str, Any]:
        """The setting `task`, or the task that `data.window` makes."""
        window = self.config.data.window
        return window.task if window else self.config.task

    @cached_property
    def layers(self) -> list[Choice]:
        return list(walk_layers(self.config.network.layers))

    @cached_property
    def stages(self) -> list[StageConfig]:
        """The stages of the run with what they inherit; one where none is written."""
        return stages_of(self.config)

    @cached_property
    def outputs(self) -> list[Choice]:
        return [layer for layer in self.layers if layer.name == "Output"]

    @cached_property
    def unrolled_count(self) -> int:
        """How many layers the network has once every `Repeat` is unrolled."""
        return count_unrolled(self.config.network.layers)

    @property
    def planned(self) -> tuple[PlannedLayer, ...]:
        """The network with names and defaults; empty where it has none that holds together."""
        return self._lowered[0]

    @property
    def lowering_problems(self) -> list[Problem]:
        return self._lowered[1]

    @cached_property
    def _lowered(self) -> tuple[tuple[PlannedLayer, ...], list[Problem]]:
        """Lowered for data of one input that has whatever features and targets the file names.

        What the data really has is checked once it is read: columns are inputs of their own here where the file says so
        and the network names them, and an .npz file may have several inputs, whose names only it knows.
        """
        if self.unrolled_count > MAX_LAYERS:
            return (), []
        feature_lists = [layer.arguments.get("features") or [] for layer in self.layers if layer.name == "Input"]
        named = list(dict.fromkeys(column for columns in feature_lists for column in columns))
        named_inputs = [name for layer in self.layers for name in layer.arguments.get("inputs") or []]
        named_inputs += [layer.arguments.get("name") for layer in self.layers if layer.name == "Input"]
        columns = self.config.data.columns.items()
        apart = [name for name, column in columns if column.has_own_input and name in {*named, *named_inputs}]
        features = {"input": [name for name in named if name not in apart], **{name: [name] for name in apart}}
        shapes = dict.fromkeys(("input", *apart))
        column_inputs = {name: ColumnInput((), ()) for name in apart}
        try:
            return lower_network(self.config, self._heads(), shapes, features, column_inputs), []
        except InputError as error:
            may_have_several_inputs = self.config.data.format == "npz" or self.config.data.source.endswith(".npz")
            input_problems = ("unknown-input", "missing-inputs", "unused-layer")
            return (), [p for p in error.problems if not (may_have_several_inputs and p.name in input_problems)]

    def _heads(self) -> list[Head]:
        """Heads that the outputs fit, as far as the file tells: of the task, with the units that are written."""
        (task, options), target = parse_setting(self.task), self.config.data.target
        kind = task if task in TASKS else "multiclass"
        heads: dict[str, Head] = {}
        for output in self.outputs:
            name = (output.arguments.get("name") or "output") if len(self.outputs) > 1 else "output"
            units = (TASKS[kind].class_count != 2 and output.arguments.get("units")) or 1
            units = next((len(options[key]) for key in ("levels", "steps") if key in options), units)
            heads.setdefault(name, Head(name, kind, units))
        if len(heads) == 1 and TASKS[kind].shares_head and target:
            heads = {name: Head(name, kind, len(target)) for name in heads}
        return list(heads.values()) or [Head("output", kind, 1)]

    def node(self, *path: str) -> Node | None:
        """What the tree has at a path of keys."""
        node: Node | None = self.tree
        for key in path:
            node = node.get(key) if isinstance(node, Mapping) else None
        return node


def count_unrolled(layers: list[Choice]) -> int:
    """How many layers these are once every `Repeat` is unrolled."""
    total = 0
    for layer in layers:
        inside = count_unrolled(layer.arguments["layers"]) if layer.name in ("Repeat", "Residual") else 0
        total += 1 + inside * (layer.value("times") if layer.name == "Repeat" else 1)
    return total
