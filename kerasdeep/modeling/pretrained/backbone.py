"""The kept part of a pretrained model, cloned behind the data or a layer: the body that other layers follow."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import keras

from kerasdeep import custom_objects
from kerasdeep.backends.keras_private import graph_nodes
from kerasdeep.config.applications import APPLICATIONS
from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.config.sections.stages import SelectableLayer, select_layers
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.keras_names import keras_name, written_name
from kerasdeep.modeling.freezing import leaf_layers
from kerasdeep.modeling.network import seed_scope
from kerasdeep.modeling.pretrained.heads import SourceHead, find_head
from kerasdeep.modeling.pretrained.weights_by_name import TransferRecord

_FIRST_PATTERN = re.compile(r"first:(\d+)")
_UNTIL_PATTERN = re.compile(r"until: *(.+)")
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR_255 = (103.939, 116.779, 123.68)
"""ImageNet's, per channel: red, green, blue of 0 … 1; and blue, green, red of 0 … 255."""


@dataclass
class PretrainedBackbone:
    """Call it with a tensor to clone the kept layers; `transfer_log` then says what became of each layer.

    `reserved_names` are names in the network that its layers must not have, `name` is the body's own, and with
    `pooled` its features are one vector a row.
    """

    section: PretrainedConfig
    source: keras.Model
    seed: int
    scaling: str
    reserved_names: Collection[str] = ()
    name: str = "body"
    pooled: bool = True
    transfer_log: list[TransferRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.source.inputs) != 1:
            message = f"{self.section.from_} has {len(self.source.inputs)} inputs. Only a model with one can be a body."
            raise InputError(message, "model-file", self.section.location("from"))
        if not self.section.application:
            self.source = open_last_model(self.source)

    def __call__(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """The features of the kept layers; these are clones with the source's weights."""
        kept = keras.Model(self.source.inputs, cut_tensor(self.source, self.section))
        with seed_scope(self.seed, "pretrained" if self.name == "body" else f"pretrained/{self.name}"):
            try:
                features = replay(kept, self._adapt_input(tensor), self._clone)
            except (ValueError, TypeError) as error:
                keras_message = " ".join(str(error).split())[:200]
                given, taken = tuple(tensor.shape[1:]), tuple(self.source.inputs[0].shape[1:])
                message = f"the data's rows of shape {given} do not fit {self.section.from_}, which takes {taken}: "
                message += keras_message.rstrip(".")
                if len(given) == len(taken) == 3 and None not in taken:  # files of pictures are read as they should be
                    height, width, channels = taken
                    message += (
                        f". For pictures write `data: {{image: {{size: [{height}, {width}], channels: {channels}}}}}`."
                    )
                raise InputError(message, "model-file", self.section.location("from")) from None
        names = {name for name, layer in leaf_layers(kept) if layer.weights}
        self.transfer_log += [
            TransferRecord(self._free_name(name), "loaded", "") for name, _ in leaf_layers(kept) if name in names
        ]
        skipped_names = [name for name, layer in leaf_layers(self.source) if layer.weights and name not in names]
        self.transfer_log += [TransferRecord(name, "skipped", "not kept") for name in skipped_names]
        return self._pool_features(features) if self.pooled else features

    def head(self) -> SourceHead | None:
        """The source's head, where what is kept ends right in front of it."""
        head = None if self.section.application else find_head(self.source)
        return head if head and cut_tensor(self.source, self.section) is head.layer.input else None

    @property
    def layer_names(self) -> set[str]:
        """The names that its layers have in the network."""
        return {self._free_name(layer.name) for layer in self.source.layers}

    def _free_name(self, name: str) -> str:
        return f"{self.name}_{name}" if name in self.reserved_names else name

    def _clone(self, operation: keras.Operation) -> keras.Operation:
        """A new layer with the same settings, trainable even where the source's was frozen."""
        if isinstance(operation, keras.Model):
            clone = keras.models.clone_model(operation)
            clone.trainable = True
            return clone
        return _copy_operation(operation, self._free_name(keras_name(written_name(operation.name))))

    def _adapt_input(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """The data as the source expects it: color, size, and the scale of its pixels."""
        expected_shape = tuple(self.source.inputs[0].shape[1:])
        if len(expected_shape) != 3:
            return tensor
        if len(tensor.shape) == 3:
            tensor = keras.layers.Reshape((*tensor.shape[1:], 1), name=f"{self.name}_picture")(tensor)
        if len(tensor.shape) == 4 and tensor.shape[-1] == 1 and expected_shape[-1] == 3:
            tensor = keras.layers.Concatenate(name=f"{self.name}_colour")([tensor, tensor, tensor])
        size = tuple(self.section.size or expected_shape[:2])
        if None not in size and len(tensor.shape) == 4 and tuple(tensor.shape[1:3]) != size:
            tensor = keras.layers.Resizing(*size, name=f"{self.name}_resizing")(tensor)
        return self._rescale_pixels(tensor) if self.section.application else tensor

    def _rescale_pixels(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        kind, name = APPLICATIONS[str(self.section.application)].scale, f"{self.name}_scaling"
        max_pixel = 1.0 if self.scaling in ("auto", "unit", "minmax") else 255.0
        if kind == "tf":
            return keras.layers.Rescaling(2.0 / max_pixel, -1.0, name=name)(tensor)
        if kind == "inside":
            return tensor if max_pixel == 255.0 else keras.layers.Rescaling(255.0, name=name)(tensor)
        if kind == "torch":
            scale = [1.0 / (max_pixel * deviation) for deviation in IMAGENET_STD]
            offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
            return keras.layers.Rescaling(scale, offset, name=name)(tensor)
        bgr = custom_objects.TakeColumns([2, 1, 0], name=f"{self.name}_channels")(tensor)
        return keras.layers.Rescaling(255.0 / max_pixel, [-m for m in IMAGENET_MEAN_BGR_255], name=name)(bgr)

    def _pool_features(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """Features as one vector a row: images are averaged over their positions, all else is flattened."""
        if len(tensor.shape) == 4:
            return keras.layers.GlobalAveragePooling2D(name=f"{self.name}_pooling")(tensor)
        return tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name=f"{self.name}_flatten")(tensor)


def replay(
    graph: keras.Model,
    tensor: keras.KerasTensor,
    clone: Callable[[keras.Operation], keras.Operation],
    opened: keras.Model | None = None,
) -> keras.KerasTensor:
    """The layers of `graph` cloned with their weights and applied to `tensor` one by one, those of `opened` too."""
    tensor_map, clones = {id(graph.inputs[0]): tensor}, {}
    for node in graph_nodes(graph):
        if node.is_input:
            continue
        operation = node.operation
        args, kwargs = node.arguments.fill_in(tensor_map)
        if operation is opened:
            result = replay(keras.Model(opened.inputs, opened.outputs), args[0], clone)
        else:
            if id(operation) not in clones:
                clones[id(operation)] = clone(operation)
            result = clones[id(operation)](*args, **kwargs)
            if isinstance(operation, keras.Layer):
                clones[id(operation)].set_weights(operation.get_weights())
        for old, new in zip(node.outputs, keras.tree.flatten(result), strict=True):
            tensor_map[id(old)] = new
    return tensor_map[id(graph.outputs[0])]


def open_last_model(source: keras.Model) -> keras.Model:
    """The source with the layers of the model that it ends in as its own, so that the last of them is its head."""
    weighted = [layer for layer in source.layers if layer.weights]
    last = weighted[-1] if weighted else None
    if not isinstance(last, keras.Model):
        return source
    if len(last.inputs) != 1 or len(last.outputs) != 1 or len(source.outputs) != 1:
        return source
    taken = {layer.name for layer in source.layers}

    def clone(operation: keras.Operation) -> keras.Operation:
        if isinstance(operation, keras.Model):
            return keras.models.clone_model(operation)
        is_inner = isinstance(operation, keras.Layer) and operation in last.layers
        return _copy_operation(
            operation, f"{last.name}_{operation.name}" if is_inner and operation.name in taken else None
        )

    inputs = keras.Input(source.inputs[0].shape[1:], name=source.inputs[0].name, dtype=source.inputs[0].dtype)
    graph = keras.Model(source.inputs, source.outputs)
    return open_last_model(keras.Model(inputs, replay(graph, inputs, clone, last), name=source.name))


def _copy_operation(operation: keras.Operation, name: str | None) -> keras.Operation:
    """A new layer with the same settings, trainable even where the other was frozen."""
    config = {**operation.get_config(), "name": name or operation.name}
    return type(operation).from_config(config | ({"trainable": True} if "trainable" in config else {}))


def application_image_size(section: PretrainedConfig, data_shape: Sequence[int | None]) -> tuple[int, int]:
    """Height and width of an application's input: as stated, or the data's, but no less than it accepts."""
    if section.size:
        return section.size[0], section.size[1]
    min_size = APPLICATIONS[section.application].min_size if section.application in APPLICATIONS else 32
    return max(int(data_shape[0] or min_size), min_size), max(int(data_shape[1] or min_size), min_size)


def cut_tensor(source: keras.Model, section: PretrainedConfig) -> keras.KerasTensor:
    """The output of the last kept layer. Raises `InputError` where `keep` is not a beginning of the model."""
    layers = [layer for layer in source.layers if not isinstance(layer, keras.layers.InputLayer)]
    if section.application and section.keep == "all_but_head":
        return source.outputs[0]  # it was made without its head
    if section.keep == "all_but_head":
        if len(source.outputs) > 1:
            message = f"{section.from_} has {len(source.outputs)} heads. Say where to cut: `keep: until:NAME`."
            raise InputError(message, "unknown-layers", section.location("from"))
        return _require_single(layers[_head_index(layers, section)].input, section)
    return _require_single(layers[last_kept_index(layers, section)].output, section)


def _require_single(
    tensor: keras.KerasTensor | Sequence[keras.KerasTensor], section: PretrainedConfig
) -> keras.KerasTensor:
    if isinstance(tensor, list | tuple):
        message = f"what is kept of {section.from_} would end in {len(tensor)} outputs. Choose another end: until:NAME."
        raise InputError(message, "unknown-layers", section.location("keep") or section.location("from"))
    return tensor


def _head_index(layers: list[keras.Layer], section: PretrainedConfig) -> int:
    """The index of the last layer that has weights."""
    weighted_indices = [index for index, layer in enumerate(layers) if layer.weights]
    if len(weighted_indices) < (1 if section.head == "keep" else 2):
        message = (
            f"{section.from_} has {len(weighted_indices)} layers with weights; removing the head would leave none."
        )
        raise InputError(message, "model-file", section.location("from"))
    return weighted_indices[-1]


def last_kept_index(layers: list[keras.Layer], section: PretrainedConfig) -> int:
    """The index of the last kept layer; layers without weights behind it are kept too."""
    weighted_indices = [index for index, layer in enumerate(layers) if layer.weights]
    names, location, keep = [written_name(layer.name) for layer in layers], section.location("keep"), section.keep
    counted = _FIRST_PATTERN.fullmatch(keep) if isinstance(keep, str) else None
    until = _UNTIL_PATTERN.fullmatch(keep) if isinstance(keep, str) else None
    if until or (isinstance(keep, str) and keep in names):
        name = until[1] if until else str(keep)
        if name not in names:
            _raise_unknown_layers(f"`until:{name}`", names, location)
        return names.index(name)
    if counted:
        number = int(counted[1])
        if not 0 < number <= len(weighted_indices):
            _raise_unknown_layers(
                f"`first:{number}`: it has {len(weighted_indices)} layers with weights", names, location
            )
        return (weighted_indices[number] if number < len(weighted_indices) else len(layers)) - 1
    candidates = [SelectableLayer(written_name(layer.name), bool(layer.weights)) for layer in layers]
    chosen = select_layers(keep, candidates, "pretrained.keep", location)
    last = max(names.index(name) for name in chosen)
    missing = [names[index] for index in weighted_indices if index < last and names[index] not in chosen]
    if missing:
        message = f"`pretrained.keep` leaves out {', '.join(missing[:5])}, on which the kept layers depend. "
        raise InputError(f"{message}Keep a beginning: first:N or until:NAME.", "unknown-layers", location)
    return last


def _raise_unknown_layers(problem: str, names: list[str], location: SourceLocation | None) -> NoReturn:
    shown = ", ".join(names[:40]) + (", …" if len(names) > 40 else "")
    raise InputError(f"`pretrained.keep`: {problem}. Its layers: {shown}.", "unknown-layers", location)
