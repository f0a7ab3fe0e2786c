"""From the network as written to the layers as built: repeats unrolled, names given, defaults applied.

A hidden Dense or Conv layer becomes a block (`blocks.py`): the layer, batch norm, activation, dropout. Everything
else stays one layer. Nothing here knows Keras; `plan` and `train` build from the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import ACTIVATION_BY_LAYER, MERGE_LAYERS
from kerasdeep.config.lowering import blocks, kernels
from kerasdeep.config.lowering.plan_state import PlanState
from kerasdeep.config.lowering.planned import ColumnInput, Head, PlannedLayer
from kerasdeep.config.sections.pretrained import PRETRAINED_LAYER
from kerasdeep.errors import suggest
from kerasdeep.keras_names import keras_name, written_name
from kerasdeep.tasks import TASKS

if TYPE_CHECKING:
    from kerasdeep.config.root import Config

MAX_LISTED_OUTPUTS = 5
SHAPE_ONLY_LAYERS = (
    *("Flatten", "Reshape", "Permute", "Rescaling", "Normalization", "Identity", "Resizing", "CenterCrop"),
)
"""Layers behind which the data is still the data: what goes in front of the network goes behind them."""
VECTOR_LAYERS = ("Output", "Dense")
SHAPE_BLIND_LAYERS = (
    *("Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise", "Activation", *ACTIVATION_BY_LAYER),
    *("BatchNormalization", "LayerNormalization"),
)
"""Layers that say nothing of the shape that they want; a body in front of them gives what the next one wants."""


def lower_network(
    config: Config,
    heads: list[Head],
    input_shapes: Mapping[str, tuple[int, ...] | None],
    features: Mapping[str, list[str]] | None = None,
    column_inputs: Mapping[str, ColumnInput] | None = None,
) -> tuple[PlannedLayer, ...]:
    """The layers that the network of `config` describes, in an order in which they can be built.

    `heads` are what the data asks for, `input_shapes` a row's shape for each of its inputs, `features` the names
    of a table's columns by input, `column_inputs` the inputs that are one column. A network that takes no column by
    name gets what their own layers make of them, beside the others. Raises `InputError` with every problem: names
    given twice, inputs that are not there, heads without an output and outputs without a head, layers that lead
    nowhere. Names in the plan are Keras's (`keras_name`).
    """
    lowering = _Lowering(
        config=config,
        heads={written_name(head.name): head for head in heads},
        input_shapes={written_name(name): shape for name, shape in input_shapes.items()},
        features=features or {},
        column_inputs=column_inputs or {},
    )
    lowering.layers(config.layers_with_body)
    lowering.finish()
    return tuple(lowering.planned)


def _names_of_feature(name: str) -> tuple[str, str, str]:
    """What a feature can be called: as it is, and by its column, as in `city=Rome` and `joined:month_sin`."""
    return name, name.split("=")[0], name.rpartition(":")[0] or name


@dataclass(kw_only=True)
class _Lowering(PlanState):
    """Walks down the list of layers."""

    features: Mapping[str, list[str]]
    column_inputs: Mapping[str, ColumnInput]
    # still the data: input, shape
    data_shapes: dict[str, tuple[str, tuple[int, ...] | None]] = field(default_factory=dict)
    input_transforms: dict[tuple[str, str], str] = field(default_factory=dict)  # what was put in front of the data
    vectors: dict[str, str] = field(default_factory=dict)  # an input -> the layer that makes a vector of it

    def __post_init__(self) -> None:
        for name, shape in self.input_shapes.items():
            self.block_ends[name] = name
            if name not in self.column_inputs or self.column_inputs[name].numbers is None:
                self.data_shapes[name] = (name, shape)
        if len(self.input_shapes) == 1 and not self.column_inputs:
            (self.current,) = self.input_shapes

    # Walking

    def layers(self, layers: list[Choice]) -> None:
        handlers = {"Output": self.output, "Input": self.input, "Repeat": self.repeat, "Residual": self.residual}
        for position, layer in enumerate(layers):
            if layer.name in handlers:
                handlers[layer.name](layer)
            elif layer.name == PRETRAINED_LAYER:
                self.pretrained(layer, layers[position + 1 :])
            elif layer.name == "InputLayer":
                self.error("no-input-layer", "The inputs follow from the data. Remove this line.", layer.location)
            else:
                self.layer(layer, layers[position + 1 :])

    def repeat(self, layer: Choice) -> None:
        times, outer = layer.value("times"), self.repeat_suffix
        for number in range(1, times + 1):
            self.repeat_suffix = f"{outer}_{number}" if times > 1 else outer
            self.layers(layer.value("layers"))
        self.repeat_suffix = outer

    def residual(self, layer: Choice) -> None:
        (self.current,) = self.resolve_inputs(layer)
        start = self.current = self.with_input_transforms("Residual", [self.current], layer)[0]
        self.layers(layer.value("layers"))
        name = self.name_for(layer)
        self.plan(name, Choice("layer", "Add", {}, layer.location), (start, self.current), "other", layer.location)
        self.end_block(layer, name, name)

    def pretrained(self, layer: Choice, following: list[Choice]) -> None:
        """A body; its features are averaged or flattened unless the layer behind it takes them as they are."""
        name = self.claim_name(layer.arguments.get("name") or self.unused_name("body"), layer.location)
        inputs = self.with_input_transforms(layer.name, self.resolve_inputs(layer), layer)
        arguments = {key: value for key, value in layer.arguments.items() if key not in ("name", "inputs")}
        consumers = [other.name for other in following if other.name not in SHAPE_BLIND_LAYERS]
        arguments["pooled"] = not consumers or consumers[0] in VECTOR_LAYERS
        choice = Choice("layer", layer.name, arguments, layer.location)
        self.plan(name, choice, tuple(inputs), "pretrained", layer.location)
        self.end_block(layer, name, name)

    def input(self, layer: Choice) -> None:
        feature_names, name = layer.value("features"), self.name_for(layer, register=False)
        if feature_names is None:
            if name not in self.input_shapes and len(self.input_shapes) != 1:
                self.report_unknown(name, self.input_shapes, "`Input` names", layer.location)
                return
            source = name if name in self.input_shapes else next(iter(self.input_shapes))
            self.block_ends[name] = self.current = source
            return
        apart = [source for source in self.column_inputs if self.features[source][0] in feature_names]
        beside = [word for word in feature_names if all(word != self.features[source][0] for source in apart)]
        source, columns = self.columns(beside, layer) if beside else ("", [])
        if not apart and not columns:
            return
        self.claim_name(name, layer.location)
        ends = []
        if columns:
            ends.append(name if not apart else self.unused_name(f"{name}_columns"))
            choice = Choice("layer", "TakeColumns", {"columns": columns}, layer.location)
            self.plan(ends[0], choice, (source,), "input", layer.location)
            self.data_shapes[ends[0]] = (ends[0], (len(columns),))
        ends += [self.vector(source, layer) for source in apart]
        self.end_block(layer, name, self.side_by_side(name, ends, layer))

    def columns(self, feature_names: list[str], layer: Choice) -> tuple[str, list[int]]:
        """The input that has the wanted features, and the numbers of their columns, in the order asked for."""
        for source, names in self.features.items():
            if source in self.column_inputs:
                continue
            known = [_names_of_feature(name) for name in names]
            found = {word for words in known for word in words}
            if not found.isdisjoint(feature_names):
                for feature in feature_names:
                    if feature not in found:
                        stems = dict.fromkeys(words[1] for words in known)
                        self.report_unknown(feature, stems, "`Input` wants the feature", layer.location)
                return source, [n for word in feature_names for n, words in enumerate(known) if word in words]
        stems = dict.fromkeys(_names_of_feature(name)[1] for names in self.features.values() for name in names)
        for feature in feature_names:
            self.report_unknown(feature, stems, "`Input` wants the feature", layer.location)
        return "", []

    def output(self, layer: Choice) -> None:
        head = self.output_head(layer)
        if head is None:
            return
        name = layer.arguments.get("name") or written_name(head.name)
        self.check_units(layer, head)
        dense = blocks.output_layer(self.config, layer, head)
        previous = self.current
        inputs = self.with_input_transforms("Dense", self.resolve_inputs(layer), layer)
        if members := self.members_before(inputs):
            dense = Choice("layer", "EnsembleOutput", {**dense.arguments, "members": members}, dense.location)
        self.claim_name(name, layer.location)
        self.plan(name, dense, tuple(inputs), "output", layer.location, head.name)
        self.end_block(layer, name, name)
        self.current = previous  # the next head stands beside this one, not on top of it

    def members_before(self, names: list[str]) -> int | None:
        """How many members the network has where these layers stand; None for an ordinary network."""
        wanted = set(names)
        for planned in reversed(self.planned):
            if planned.name in wanted:
                if planned.layer.name == "EnsembleMembers":
                    return int(planned.layer.value("members"))
                wanted.update(planned.inputs)
        return None

    def check_units(self, layer: Choice, head: Head) -> None:
        """More classes than the data has may be kept free; anything else cannot express the labels."""
        units = layer.arguments.get("units")
        task = TASKS[head.kind]
        if units is None or units == head.units or (task.unit_per_class and units > head.units):
            return
        needs = task.needs.format(units=head.units)
        message = (
            f"`Output` has {units} units, the target `{written_name(head.name)}` is {head.kind} and needs {needs}."
        )
        self.error("wrong-output", f"{message} Leave `units` out: it follows from the data.", layer.location)

    def output_head(self, layer: Choice) -> Head | None:
        """The head that this output is; None after a problem was reported."""
        if len(self.heads) == 1:
            return next(iter(self.heads.values()))
        name = layer.arguments.get("name")
        if name not in self.heads:
            written = f"this `Output` is called {name}" if name else "this `Output` has no name"
            outputs = ", ".join(f"`- Output: {{name: {head}}}`" for head in list(self.heads)[:MAX_LISTED_OUTPUTS])
            more = ", …" if len(self.heads) > MAX_LISTED_OUTPUTS else ""
            message = (
                f"The data has the targets {', '.join(self.heads)}; {written}. Write one for each: {outputs}{more}."
            )
            if all(head.kind == "binary" for head in self.heads.values()):
                message += " Or, where each says whether a row has a label, `task: multilabel` and one `Output`."
            self.error("unknown-head", message, layer.location, suggest(name or "", self.heads))
            return None
        return self.heads[name]

    def layer(self, layer: Choice, following: list[Choice]) -> None:
        name = self.name_for(layer)
        fits_table = layer.name == "PiecewiseLinear" and self.starts_beside_columns(layer)
        written = [next(iter(self.tables))] if fits_table else self.resolve_inputs(layer)
        inputs = self.with_input_transforms(kernels.unwrap(layer).name, written, layer)
        arguments = {key: value for key, value in layer.arguments.items() if key not in ("name", "inputs")}
        choice = Choice("layer", layer.name, arguments, layer.location)
        if layer.name == "Embedding":
            self.check_embedding(layer, inputs[0])
        if kernels.layer_kernels(choice):
            end, end_inputs = name, tuple(inputs)
            for suffix, block_layer, role in blocks.hidden_block(self.config, choice, following):
                block_name = self.claim_name(name + suffix, layer.location) if suffix else name
                end = self.plan(block_name, block_layer, end_inputs, role, layer.location)
                end_inputs = (end,)
        else:
            if layer.name == "TransposedDense":
                choice = choice.replace(layer=keras_name(self.tied_layer(layer)))
            end = self.plan(name, choice, tuple(inputs), "other", layer.location)
            if layer.name in SHAPE_ONLY_LAYERS and len(inputs) == 1 and inputs[0] in self.data_shapes:
                source, shape = self.data_shapes[inputs[0]]
                self.data_shapes[name] = (source, (prod(shape),) if layer.name == "Flatten" and shape else None)
        self.end_block(layer, name, end)
        if fits_table:  # what is fitted on numbers of the data is not for what the other columns' layers learn
            ends = [end, *(self.vector(source, layer) for source in self.column_inputs)]
            self.current = self.side_by_side(self.unused_name("columns"), ends, layer)

    @property
    def tables(self) -> list[str]:
        """The inputs that are several columns each."""
        return [name for name in self.input_shapes if name not in self.column_inputs]

    def starts_beside_columns(self, layer: Choice) -> bool:
        """Whether this is the first layer of a network for one table and columns with inputs of their own."""
        is_first = self.current is None and "inputs" not in layer.arguments
        return is_first and bool(self.column_inputs) and len(self.tables) == 1

    def check_embedding(self, layer: Choice, source: str) -> None:
        """An embedding of words has a vector for each of them."""
        apart = self.column_inputs.get(source)
        if apart and apart.numbers and layer.value("input_dim") < apart.numbers:
            message = (
                f"`Embedding` has {layer.value('input_dim')} vectors, and `{self.features[source][0]}` the numbers "
            )
            message += f"0 to {apart.numbers - 1}. Expected `input_dim: {apart.numbers}` or more; "
            self.error("wrong-value", f"{message}as many as the column's `words` always suffice.", layer.location)

    # In front of the network

    def vector(self, source: str, layer: Choice) -> str:
        """The end of what makes a vector of an input: of a column's own input its layers, which are planned once."""
        if source not in self.column_inputs:
            return source
        if source not in self.vectors:
            outer, outer_suffix, outer_counts = self.current, self.repeat_suffix, self.counts.copy()
            self.current, self.repeat_suffix = source, ""
            column = self.features[source][0]
            for part in self.column_inputs[source].layers:
                name = self.unused_name(f"{column}_{part.value('name')}")
                self.layers([replace(part, arguments={**part.arguments, "name": name}, location=layer.location)])
            self.vectors[source] = self.current
            self.current, self.repeat_suffix, self.counts = outer, outer_suffix, outer_counts
        return self.vectors[source]

    def side_by_side(self, name: str, ends: list[str], layer: Choice) -> str:
        """One vector of several, the layer `name`, where they are several."""
        if len(ends) == 1:
            return ends[0]
        inputs = self.with_input_transforms("Concatenate", ends, layer)
        return self.plan(
            name, Choice("layer", "Concatenate", {}, layer.location), tuple(inputs), "input", layer.location
        )

    def all_columns(self, layer: Choice) -> str:
        """Everything that the data has as one vector."""
        if "" not in self.vectors:
            ends = [self.vector(source, layer) for source in self.input_shapes]
            self.vectors[""] = self.side_by_side(self.unused_name("columns"), ends, layer)
        return self.vectors[""]

    def with_input_transforms(self, consumer: str, inputs: list[str], layer: Choice) -> list[str]:
        """The inputs of a layer, those that are still the data led through what stands in front of the network."""
        if consumer in SHAPE_ONLY_LAYERS:
            return inputs
        return [self.input_transform(name, consumer, layer) if name in self.data_shapes else name for name in inputs]

    def input_transform(self, name: str, consumer: str, layer: Choice) -> str:
        source, shape = self.data_shapes[name]
        location = layer.location
        if consumer in kernels.IMAGE_LAYERS and shape is not None and len(shape) == 2:
            channel_layer = f"{source}_picture"
            if (name, channel_layer) not in self.input_transforms:
                # Keras ships grey pictures as (height, width); these layers want a channel.
                choice = Choice("layer", "Reshape", {"target_shape": [*shape, 1]}, location)
                channels = self.plan(self.unused_name(channel_layer), choice, (name,), "input", location)
                self.input_transforms[name, channel_layer] = channels
            name = self.input_transforms[name, channel_layer]
        if (name, "") not in self.input_transforms:
            end = name
            for suffix, choice in blocks.input_layers(self.config, location):
                end = self.plan(self.unused_name(source + suffix), choice, (end,), "input", location)
            self.input_transforms[name, ""] = end
        return self.input_transforms[name, ""]

    def resolve_inputs(self, layer: Choice) -> list[str]:
        written = layer.arguments.get("inputs")
        if written is None:
            if self.current is not None and layer.name not in MERGE_LAYERS:
                return [self.current]
            if self.current is None and layer.name in MERGE_LAYERS:
                return [self.vector(source, layer) for source in self.input_shapes]
            if self.current is None and self.column_inputs and layer.name != "Embedding":
                return [self.all_columns(layer)]
            if self.current is None and len(self.input_shapes) == 1:
                return list(self.input_shapes)
            several_inputs = f"The data has the inputs {', '.join(self.input_shapes)}. " if self.current is None else ""
            message = f"{several_inputs}Say which layers feed this {layer.name}: `inputs: [name, name]`."
            self.error("missing-inputs", message, layer.location)
            return [self.current or next(iter(self.input_shapes))]
        for name in written:
            if name not in self.block_ends:
                self.report_unknown(name, self.block_ends, f"{layer.name} wants the output of", layer.location)
        return [self.block_ends.get(name, name) for name in written]
