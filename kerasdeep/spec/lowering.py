"""From the network as written to the layers as built: repeats unrolled, names given, defaults applied.

A hidden Dense or Conv layer becomes a block (`blocks.py`): the layer, batch norm, activation, dropout. Everything
else stays one layer. Nothing here knows Keras; `plan` and `train` build from the same result.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, count
from math import prod
from typing import TYPE_CHECKING

from kerasdeep.catalog import Choice
from kerasdeep.errors import MOST_PROBLEMS, InputError, Mark, Problem, closest
from kerasdeep.spec import blocks, kernels
from kerasdeep.spec.planned import Head, PlannedLayer

if TYPE_CHECKING:
    from kerasdeep.spec.experiment import Spec

MOST_NAMES = 40
"""Names that a message lists, the nearest ones."""
MERGES = ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract")
SHAPING = ("Flatten", "Reshape", "Permute", "Rescaling", "Normalization", "Identity", "Resizing", "CenterCrop")
"""Layers behind which the data is still the data: what goes in front of the network goes behind them."""
DROPOUTS = (
    "Dropout",
    "AlphaDropout",
    "GaussianDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)


def lower(
    spec: Spec,
    heads: list[Head],
    input_shapes: dict[str, tuple[int, ...]],
    features: dict[str, list[str]] | None = None,
) -> tuple[PlannedLayer, ...]:
    """The layers that the network of `spec` stands for, in an order in which they can be built.

    `heads` are what the data asks for, `input_shapes` a row's shape for each of its inputs, `features` the names
    of a table's columns by input. Raises `InputError` with every problem: names given twice, inputs that are not
    there, heads without an output and outputs without a head, layers that lead nowhere.
    """
    lowering = _Lowering(spec, {head.name: head for head in heads}, input_shapes, features or {})
    lowering.layers(list(spec.network.layers))
    lowering.finish()
    return tuple(lowering.planned)


def name_of_class(name: str) -> str:
    """Keras's snake case: `LeakyReLU` is leaky_re_lu, `Conv2D` conv2d."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


@dataclass
class _Lowering:
    """The state while walking down the list: what is planned, what names mean, and which output feeds the next."""

    spec: Spec
    heads: dict[str, Head]
    input_shapes: dict[str, tuple[int, ...]]
    features: dict[str, list[str]]
    planned: list[PlannedLayer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ends: dict[str, str] = field(default_factory=dict)  # written name -> the planned layer its block ends in
    bodies: dict[str, str] = field(default_factory=dict)  # written name -> the planned layer itself
    raw: dict[str, tuple[str, tuple[int, ...] | None]] = field(
        default_factory=dict
    )  # still the data: input, shape
    fronts: dict[tuple[str, str], str] = field(default_factory=dict)  # what was put in front of the data
    names: set[str] = field(default_factory=set)
    current: str | None = None
    copy: str = ""  # the suffix that tells the rounds of a `Repeat` apart

    def __post_init__(self) -> None:
        for name, shape in self.input_shapes.items():
            self.ends[name] = name
            self.raw[name] = (name, shape)
        if len(self.input_shapes) == 1:
            (self.current,) = self.input_shapes

    # Walking

    def layers(self, layers: list[Choice]) -> None:
        words = {"Output": self.output, "Input": self.input, "Repeat": self.repeat, "Residual": self.residual}
        for position, layer in enumerate(layers):
            if layer.name in words:
                words[layer.name](layer)
            elif layer.name == "InputLayer":
                self.error("no-input-layer", "The inputs follow from the data. Remove this line.", layer.mark)
            else:
                self.layer(layer, layers[position + 1 :])

    def repeat(self, layer: Choice) -> None:
        times, outer = layer.value("times"), self.copy
        for number in range(1, times + 1):
            self.copy = f"{outer}_{number}" if times > 1 else outer
            self.layers(layer.value("layers"))
        self.copy = outer

    def residual(self, layer: Choice) -> None:
        (self.current,) = self.inputs_of(layer)
        start = self.current = self.fed("Residual", [self.current], layer)[0]
        self.layers(layer.value("layers"))
        name = self.name_for(layer)
        self.plan(name, Choice("layer", "Add", {}, layer.mark), (start, self.current), "other", layer.mark)
        self.end(layer, name, name)

    def input(self, layer: Choice) -> None:
        wanted, name = layer.value("features"), self.name_for(layer, register=False)
        if wanted is None:
            if name not in self.input_shapes and len(self.input_shapes) != 1:
                self.unknown(name, self.input_shapes, "`Input` names", layer.mark)
                return
            source = name if name in self.input_shapes else next(iter(self.input_shapes))
            self.ends[name] = self.current = source
            return
        source, columns = self.columns(wanted, layer)
        if columns:
            self.taken(name, layer.mark)
            choice = Choice("layer", "TakeColumns", {"columns": columns}, layer.mark)
            self.plan(name, choice, (source,), "input", layer.mark)
            self.raw[name] = (name, (len(columns),))
            self.end(layer, name, name)

    def columns(self, wanted: list[str], layer: Choice) -> tuple[str, list[int]]:
        """The input that has the wanted features, and the numbers of their columns, in the order asked for."""
        for source, names in self.features.items():
            stems = [name.split("=")[0] for name in names]
            if any(word in names or word in stems for word in wanted):
                for word in wanted:
                    if word not in names and word not in stems:
                        self.unknown(word, dict.fromkeys(stems), "`Input` wants the feature", layer.mark)
                pairs = zip(names, stems, strict=True)
                known = [(number, *pair) for number, pair in enumerate(pairs)]
                return source, [n for word in wanted for n, name, stem in known if word in (name, stem)]
        stems = [name.split("=")[0] for names in self.features.values() for name in names]
        for word in wanted:
            self.unknown(word, dict.fromkeys(stems), "`Input` wants the feature", layer.mark)
        return "", []

    def output(self, layer: Choice) -> None:
        head = self.head_of(layer)
        if head is None:
            return
        name = layer.arguments.get("name") or head.name
        self.units_fit(layer, head)
        dense = blocks.output(self.spec, layer, head)
        before = self.current
        inputs = self.fed("Dense", self.inputs_of(layer), layer)
        self.taken(name, layer.mark)
        self.plan(name, dense, tuple(inputs), "output", layer.mark, head.name)
        self.end(layer, name, name)
        self.current = before  # the next head stands beside this one, not on top of it

    def units_fit(self, layer: Choice, head: Head) -> None:
        """More classes than the data has may be kept free; anything else cannot express the labels."""
        units = layer.arguments.get("units")
        if units is None or units == head.units or (head.kind == "multiclass" and units > head.units):
            return
        needs = {
            "binary": "one unit (the probability of the second class)",
            "multiclass": f"{head.units} units, one for each class",
            "regression": f"{head.units} units, one for each number",
        }[head.kind]
        message = f"`Output` has {units} units, the target `{head.name}` is {head.kind} and needs {needs}."
        self.error("wrong-output", f"{message} Leave `units` out: it follows from the data.", layer.mark)

    def head_of(self, layer: Choice) -> Head | None:
        """The head that this output is; None after a problem was reported."""
        if len(self.heads) == 1:
            return next(iter(self.heads.values()))
        name = layer.arguments.get("name")
        if name not in self.heads:
            written = f"this `Output` is called {name}" if name else "this `Output` has no name"
            message = f"The data has the targets {', '.join(self.heads)}; {written}. Write `Output: {{name: …}}`."
            self.error("unknown-head", message, layer.mark, closest(name or "", self.heads))
            return None
        return self.heads[name]

    def layer(self, layer: Choice, following: list[Choice]) -> None:
        name = self.name_for(layer)
        inputs = self.fed(kernels.core(layer).name, self.inputs_of(layer), layer)
        bare = {key: value for key, value in layer.arguments.items() if key not in ("name", "inputs")}
        choice = Choice("layer", layer.name, bare, layer.mark)
        if kernels.kernels_of(choice):
            end, at = name, tuple(inputs)
            for suffix, part, role in blocks.hidden(self.spec, choice, following):
                end = self.plan(
                    self.taken(name + suffix, layer.mark) if suffix else name, part, at, role, layer.mark
                )
                at = (end,)
        else:
            if layer.name == "TransposedDense":
                choice = choice.replace(layer=self.tied(layer))
            end = self.plan(name, choice, tuple(inputs), "other", layer.mark)
            if layer.name in SHAPING and len(inputs) == 1 and inputs[0] in self.raw:
                source, shape = self.raw[inputs[0]]
                self.raw[name] = (source, (prod(shape),) if layer.name == "Flatten" and shape else None)
        self.end(layer, name, end)

    # In front of the network

    def fed(self, consumer: str, inputs: list[str], layer: Choice) -> list[str]:
        """The inputs of a layer, those that are still the data led through what stands in front of the network."""
        if consumer in SHAPING:
            return inputs
        return [self.front(name, consumer, layer) if name in self.raw else name for name in inputs]

    def front(self, name: str, consumer: str, layer: Choice) -> str:
        source, shape = self.raw[name]
        mark = layer.mark
        if consumer in kernels.PICTURE_LAYERS and shape is not None and len(shape) == 2:
            picture = f"{source}_picture"
            if (name, picture) not in self.fronts:
                # Keras ships grey pictures as (height, width); these layers want a channel.
                choice = Choice("layer", "Reshape", {"target_shape": [*shape, 1]}, mark)
                self.fronts[name, picture] = self.plan(self.free(picture), choice, (name,), "input", mark)
            name = self.fronts[name, picture]
        if (name, "") not in self.fronts:
            end = name
            for suffix, choice in blocks.front(self.spec, mark):
                end = self.plan(self.free(source + suffix), choice, (end,), "input", mark)
            self.fronts[name, ""] = end
        return self.fronts[name, ""]

    # Names

    def plan(
        self, name: str, layer: Choice, inputs: tuple[str, ...], role: str, mark: Mark | None, head: str = ""
    ) -> str:
        self.planned.append(PlannedLayer(name, layer, inputs, role, mark, head))
        self.names.add(name)
        return name

    def end(self, layer: Choice, name: str, end: str) -> None:
        for known in {name, layer.arguments.get("name") or name}:
            self.ends[known], self.bodies[known] = end, name
        self.current = end

    def name_for(self, layer: Choice, register: bool = True) -> str:
        """The written name (numbered inside a repeat), or the class and its position among its kind."""
        kind = name_of_class(layer.name)
        self.counts[kind] += 1
        written = layer.arguments.get("name")
        name = written + self.copy if written else f"{kind}_{self.counts[kind]}"
        return self.taken(name, layer.mark) if register else name

    def taken(self, name: str, mark: Mark | None) -> str:
        if name in self.names or name in self.input_shapes:
            self.error("duplicate-name", f"Two layers are called `{name}`. Give one of them another name.", mark)
        return name

    def free(self, name: str) -> str:
        numbered = (f"{name}_{number}" for number in count(2))
        return next(free for free in chain([name], numbered) if free not in self.names)

    def inputs_of(self, layer: Choice) -> list[str]:
        written = layer.arguments.get("inputs")
        if written is None:
            if self.current is not None and layer.name not in MERGES:
                return [self.current]
            if self.current is None and layer.name in MERGES:
                return list(self.input_shapes)
            several = f"The data has the inputs {', '.join(self.input_shapes)}. " if self.current is None else ""
            message = f"{several}Say which layers feed this {layer.name}: `inputs: [name, name]`."
            self.error("missing-inputs", message, layer.mark)
            return [self.current or next(iter(self.input_shapes))]
        for name in written:
            if name not in self.ends:
                self.unknown(name, self.ends, f"{layer.name} wants the output of", layer.mark)
        return [self.ends.get(name, name) for name in written]

    def tied(self, layer: Choice) -> str:
        name = layer.arguments["layer"]
        if name not in self.bodies:
            self.unknown(name, self.bodies, "TransposedDense is tied to", layer.mark)
        return self.bodies.get(name, name)

    def unknown(self, name: str, known: dict[str, object], said: str, mark: Mark | None) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return  # a suggestion costs time, and no more problems are shown
        listed = ", ".join(list(known)[-MOST_NAMES:]) or "nothing"
        before = f"… ({len(known)} in all), " if len(known) > MOST_NAMES else ""
        message = f"{said} `{name}`, which is not there. Known at this line: {before}{listed}."
        self.error("unknown-input", message, mark, closest(name, known))

    def error(self, name: str, message: str, mark: Mark | None, suggestion: str | None = None) -> None:
        self.problems.append(Problem("error", name, message, mark, suggestion))

    def finish(self) -> None:
        """Every head has one output, every layer leads to one."""
        found = [layer.head for layer in self.planned if layer.role == "output"]
        mark = self.spec.network.mark("layers")
        for head in self.heads:
            if head not in found and not self.problems:
                word = "Output" if len(self.heads) == 1 else f"Output: {{name: {head}}}"
                self.error("no-output", f"The network has no output for `{head}`. End it with `- {word}`.", mark)
            if found.count(head) > 1:
                message = f"{found.count(head)} outputs predict `{head}`. Expected one for each target."
                self.error("duplicate-output", message, mark)
        used = {name for layer in self.planned for name in layer.inputs}
        for layer in self.planned if found else ():
            if layer.name not in used and layer.role != "output":
                message = f"Nothing uses the output of `{layer.name}`. Name it under another layer's `inputs`, "
                message += "or remove it."
                self.error("unused-layer", message, layer.origin)
        if self.problems:
            raise InputError(self.problems)
