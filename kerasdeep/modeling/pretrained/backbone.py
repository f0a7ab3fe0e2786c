"""The kept part of a pretrained model, cloned behind the data's input: the backbone that `Output` follows."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import keras

from kerasdeep import custom_objects
from kerasdeep.backends.keras_private import graph_nodes
from kerasdeep.config.applications import APPLICATIONS
from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.config.sections.stages import SelectableLayer, select_layers
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.modeling.freezing import leaf_layers
from kerasdeep.modeling.network import seed_scope
from kerasdeep.modeling.pretrained.weights_by_name import TransferRecord

_FIRST_PATTERN = re.compile(r"first:(\d+)")
_UNTIL_PATTERN = re.compile(r"until: *(.+)")
_PREFIX = "body_"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR_255 = (103.939, 116.779, 123.68)
"""ImageNet's, per channel: red, green, blue of 0 … 1; and blue, green, red of 0 … 255."""


@dataclass
class PretrainedBackbone:
    """Call it with the data's tensor to clone the kept layers; `transfer_log` then says what became of each layer."""

    section: PretrainedConfig
    source: keras.Model
    seed: int
    scaling: str
    reserved_names: Collection[str]
    transfer_log: list[TransferRecord] = field(default_factory=list)

    def __call__(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """The features of the kept layers, one vector a row; the layers are clones with the source's weights."""
        cut_output = cut_tensor(self.source, self.section)
        kept = keras.Model(self.source.inputs, cut_output)
        with seed_scope(self.seed, "pretrained"):
            try:
                features = self._clone_layers(kept, self._adapt_input(tensor))
            except (ValueError, TypeError) as error:
                keras_message = " ".join(str(error).split())[:200]
                message = f"the data's rows of shape {tuple(tensor.shape[1:])} do not fit {self.section.from_}, "
                message += f"which takes {tuple(self.source.inputs[0].shape[1:])}: {keras_message}"
                raise InputError(message, "model-file", self.section.location("from")) from None
        names = {name for name, layer in leaf_layers(kept) if layer.weights}
        self.transfer_log += [
            TransferRecord(self._free_name(name), "loaded", "") for name, _ in leaf_layers(kept) if name in names
        ]
        skipped_names = [name for name, layer in leaf_layers(self.source) if layer.weights and name not in names]
        self.transfer_log += [TransferRecord(name, "skipped", "not kept") for name in skipped_names]
        return _pool_features(features)

    def _clone_layers(self, kept: keras.Model, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """The kept layers cloned and applied to `tensor` one by one, so that they are the network's own."""
        tensor_map, clones = {id(kept.inputs[0]): tensor}, {}
        for node in graph_nodes(kept):
            if node.is_input:
                continue
            operation = node.operation
            if id(operation) not in clones:
                clones[id(operation)] = self._clone(operation)
            args, kwargs = node.arguments.fill_in(tensor_map)
            result = clones[id(operation)](*args, **kwargs)
            if isinstance(operation, keras.Layer):
                clones[id(operation)].set_weights(operation.get_weights())
            for old, new in zip(node.outputs, keras.tree.flatten(result), strict=True):
                tensor_map[id(old)] = new
        return tensor_map[id(kept.outputs[0])]

    def _free_name(self, name: str) -> str:
        return _PREFIX + name if name in self.reserved_names else name

    def _clone(self, operation: keras.Operation) -> keras.Operation:
        """A new layer with the same settings, trainable even where the source's was frozen."""
        if isinstance(operation, keras.Model):
            clone = keras.models.clone_model(operation)
            clone.trainable = True
            return clone
        config = {**operation.get_config(), "name": self._free_name(operation.name)}
        return type(operation).from_config(config | ({"trainable": True} if "trainable" in config else {}))

    def _adapt_input(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """The data as the source expects it: color, size, and the scale of its pixels."""
        expected_shape = tuple(self.source.inputs[0].shape[1:])
        if len(expected_shape) != 3:
            return tensor
        if len(tensor.shape) == 3:
            tensor = keras.layers.Reshape((*tensor.shape[1:], 1), name="body_picture")(tensor)
        if len(tensor.shape) == 4 and tensor.shape[-1] == 1 and expected_shape[-1] == 3:
            tensor = keras.layers.Concatenate(name="body_colour")([tensor, tensor, tensor])
        size = tuple(self.section.size or expected_shape[:2])
        if None not in size and len(tensor.shape) == 4 and tuple(tensor.shape[1:3]) != size:
            tensor = keras.layers.Resizing(*size, name="body_resizing")(tensor)
        return self._rescale_pixels(tensor) if self.section.application else tensor

    def _rescale_pixels(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        kind = APPLICATIONS[str(self.section.application)].scale
        max_pixel = 1.0 if self.scaling in ("auto", "unit", "minmax") else 255.0
        if kind == "tf":
            return keras.layers.Rescaling(2.0 / max_pixel, -1.0, name="body_scaling")(tensor)
        if kind == "inside":
            return tensor if max_pixel == 255.0 else keras.layers.Rescaling(255.0, name="body_scaling")(tensor)
        if kind == "torch":
            scale = [1.0 / (max_pixel * deviation) for deviation in IMAGENET_STD]
            offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
            return keras.layers.Rescaling(scale, offset, name="body_scaling")(tensor)
        bgr = custom_objects.TakeColumns([2, 1, 0], name="body_channels")(tensor)
        return keras.layers.Rescaling(255.0 / max_pixel, [-m for m in IMAGENET_MEAN_BGR_255], name="body_scaling")(bgr)


def build_backbone(
    section: PretrainedConfig, source: keras.Model, seed: int, scaling: str, reserved_names: Collection[str] = ()
) -> PretrainedBackbone:
    """The kept part of `source`; `reserved_names` are names in the network that its layers must not have."""
    if len(source.inputs) != 1:
        message = f"{section.from_} has {len(source.inputs)} inputs. Only a model with one can be a network's backbone."
        raise InputError(message, "model-file", section.location("from"))
    return PretrainedBackbone(section, source, seed, scaling, reserved_names)


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
    if len(weighted_indices) < 2:
        message = (
            f"{section.from_} has {len(weighted_indices)} layers with weights; removing the head would leave none."
        )
        raise InputError(message, "model-file", section.location("from"))
    return weighted_indices[-1]


def last_kept_index(layers: list[keras.Layer], section: PretrainedConfig) -> int:
    """The index of the last kept layer; layers without weights behind it are kept too."""
    weighted_indices = [index for index, layer in enumerate(layers) if layer.weights]
    names, location, keep = [layer.name for layer in layers], section.location("keep"), section.keep
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
    candidates = [SelectableLayer(layer.name, bool(layer.weights)) for layer in layers]
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


def _pool_features(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """Features as one vector a row: images are averaged over their positions, all else is flattened."""
    if len(tensor.shape) == 4:
        return keras.layers.GlobalAveragePooling2D(name="body_pooling")(tensor)
    return tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name="body_flatten")(tensor)
