"""What is planned of a network so far, what names mean, and what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, count
from typing import TYPE_CHECKING

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import Head, PlannedLayer
from kerasdeep.errors import MAX_PROBLEMS, InputError, Problem, SourceLocation, suggest
from kerasdeep.keras_names import keras_name, written_name

if TYPE_CHECKING:
    from kerasdeep.config.root import Config

MAX_LISTED_NAMES = 40
"""Names that a message lists, the nearest ones."""


@cache
def snake_case(name: str) -> str:
    """Keras's snake case: `LeakyReLU` is leaky_re_lu, `Conv2D` conv2d."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


@dataclass(kw_only=True)
class PlanState:
    """The state while a network is lowered: the plan, its names, its problems, and which output feeds the next layer.

    Args:
        heads: What the data asks for, by written name.
        input_shapes: A row's shape for each input of the data, by written name.
    """

    config: Config
    heads: dict[str, Head]
    input_shapes: Mapping[str, tuple[int, ...] | None]
    planned: list[PlannedLayer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    block_ends: dict[str, str] = field(default_factory=dict)  # written name -> the planned layer its block ends in
    block_layers: dict[str, str] = field(default_factory=dict)  # written name -> the planned layer itself
    names: set[str] = field(default_factory=set)
    current: str | None = None
    repeat_suffix: str = ""  # the suffix that tells the rounds of a `Repeat` apart

    def plan(
        self,
        name: str,
        layer: Choice,
        inputs: tuple[str, ...],
        role: str,
        location: SourceLocation | None,
        head: str = "",
    ) -> str:
        sources = tuple(map(keras_name, inputs))
        self.planned.append(PlannedLayer(keras_name(name), layer, sources, role, location, head))
        self.names.add(name)
        return name

    def end_block(self, layer: Choice, name: str, end_block: str) -> None:
        for known in {name, layer.arguments.get("name") or name}:
            self.block_ends[known], self.block_layers[known] = end_block, name
        self.current = end_block

    def name_for(self, layer: Choice, register: bool = True) -> str:
        """The written name (numbered inside a repeat), or the class and its position among its kind."""
        kind = snake_case(layer.name)
        self.counts[kind] += 1
        written = layer.arguments.get("name")
        name = written + self.repeat_suffix if written else f"{kind}_{self.counts[kind]}"
        return self.claim_name(name, layer.location) if register else name

    def claim_name(self, name: str, location: SourceLocation | None) -> str:
        if name in self.names or name in self.input_shapes:
            self.error("duplicate-name", f"Two layers are called `{name}`. Give one of them another name.", location)
        return name

    def unused_name(self, name: str) -> str:
        numbered = (f"{name}_{number}" for number in count(2))
        taken = self.names.union(self.input_shapes)
        return next(candidate for candidate in chain([name], numbered) if candidate not in taken)

    def tied_layer(self, layer: Choice) -> str:
        name = str(layer.arguments["layer"])
        if name not in self.block_layers:
            self.report_unknown(name, self.block_layers, "TransposedDense is tied to", layer.location)
        return self.block_layers.get(name, name)

    def report_unknown(self, name: str, known: Collection[str], subject: str, location: SourceLocation | None) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            return  # a suggestion costs time, and no more problems are shown
        listed = ", ".join(list(known)[-MAX_LISTED_NAMES:]) or "nothing"
        omitted = f"… ({len(known)} in all), " if len(known) > MAX_LISTED_NAMES else ""
        message = f"{subject} `{name}`, which does not exist. Known at this point: {omitted}{listed}."
        self.error("unknown-input", message, location, suggest(name, known))

    def error(self, name: str, message: str, location: SourceLocation | None, suggestion: str | None = None) -> None:
        self.problems.append(Problem("error", name, message, location, suggestion))

    def finish(self) -> None:
        """Every head has one output, every layer leads to one."""
        output_heads = [written_name(layer.head) for layer in self.planned if layer.role == "output"]
        location = self.config.network.location("layers")
        for head in self.heads:
            if head not in output_heads and not self.problems:
                output_line = "Output" if len(self.heads) == 1 else f"Output: {{name: {head}}}"
                message = f"The network has no output for `{head}`. End it with `- {output_line}`."
                self.error("no-output", message, location)
            if output_heads.count(head) > 1:
                message = f"{output_heads.count(head)} outputs predict `{head}`. Expected one for each target."
                self.error("duplicate-output", message, location)
        used = {name for layer in self.planned for name in layer.inputs}
        for layer in self.planned if output_heads else ():
            if layer.name not in used and layer.role != "output":
                message = (
                    f"Nothing uses the output of `{written_name(layer.name)}`. Name it under another layer's `inputs`, "
                )
                message += "or remove it."
                self.error("unused-layer", message, layer.location)
        if self.problems:
            raise InputError(self.problems)
