"""The part of a pretrained model that is kept, cloned behind the data's input: the body that `Output` follows."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from kerasdeep import extras
from kerasdeep.build.network import drawing_from
from kerasdeep.build.pretrained.copying import Row
from kerasdeep.build.selection import leaves
from kerasdeep.errors import InputError
from kerasdeep.spec.applications import APPLICATIONS
from kerasdeep.spec.pretrained import Pretrained
from kerasdeep.spec.stages import Selectable, select

_COUNTED = re.compile(r"first:(\d+)")
_UNTIL = re.compile(r"until: *(.+)")
_PREFIX = "body_"
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)
"""ImageNet's, per channel: red, green, blue of 0 … 1; and blue, green, red of 0 … 255."""


@dataclass
class Body:
    """What is grafted: call it with the data's tensor. `rows` says afterwards what became of each layer."""

    section: Pretrained
    source: keras.Model
    seed: int
    scaling: str
    taken: Collection[str]
    rows: list[Row] = field(default_factory=list)

    def __call__(self, tensor: Any) -> Any:
        """The features of the kept layers, one vector a row; layers are cloned, with the source's weights."""
        cut = kept_until(self.source, self.section)
        kept = keras.Model(self.source.inputs, cut)
        with drawing_from(self.seed, "pretrained"):
            try:
                features = self._graft(kept, self._fitted(tensor))
            except (ValueError, TypeError) as error:
                said = " ".join(str(error).split())[:200]
                message = f"the data's rows of shape {tuple(tensor.shape[1:])} do not fit {self.section.from_}, "
                message += f"which takes {tuple(self.source.inputs[0].shape[1:])}: {said}"
                raise InputError(message, "model-file", self.section.mark("from")) from None
        names = {name for name, layer in leaves(kept) if layer.weights}
        self.rows += [Row(self._renamed(name), "loaded", "") for name, _ in leaves(kept) if name in names]
        left = [name for name, layer in leaves(self.source) if layer.weights and name not in names]
        self.rows += [Row(name, "skipped", "not kept") for name in left]
        return _vector(features)

    def _graft(self, kept: keras.Model, tensor: Any) -> Any:
        """The kept layers cloned and applied to `tensor` one by one, so that they are the network's own."""
        made, clones = {id(kept.inputs[0]): tensor}, {}
        for depth in sorted(kept._nodes_by_depth, reverse=True):
            for node in kept._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                operation = node.operation
                if id(operation) not in clones:
                    clones[id(operation)] = self._cloned(operation)
                given, named = node.arguments.fill_in(made)
                result = clones[id(operation)](*given, **named)
                if isinstance(operation, keras.Layer):
                    clones[id(operation)].set_weights(operation.get_weights())
                for old, new in zip(node.outputs, keras.tree.flatten(result), strict=True):
                    made[id(old)] = new
        return made[id(kept.outputs[0])]

    def _renamed(self, name: str) -> str:
        return _PREFIX + name if name in self.taken else name

    def _cloned(self, operation: Any) -> Any:
        """A layer of its own with the same settings, free to learn whatever the source had frozen."""
        if isinstance(operation, keras.Model):
            clone = keras.models.clone_model(operation)
            clone.trainable = True
            return clone
        config = {**operation.get_config(), "name": self._renamed(operation.name)}
        return type(operation).from_config(config | ({"trainable": True} if "trainable" in config else {}))

    def _fitted(self, tensor: Any) -> Any:
        """The data as the source wants it: colour, size, and the scale of its pixels."""
        wanted = tuple(self.source.inputs[0].shape[1:])
        if len(wanted) != 3:
            return tensor
        if len(tensor.shape) == 3:
            tensor = keras.layers.Reshape((*tensor.shape[1:], 1), name="body_picture")(tensor)
        if len(tensor.shape) == 4 and tensor.shape[-1] == 1 and wanted[-1] == 3:
            tensor = keras.layers.Concatenate(name="body_colour")([tensor, tensor, tensor])
        size = tuple(self.section.size or wanted[:2])
        if None not in size and len(tensor.shape) == 4 and tuple(tensor.shape[1:3]) != size:
            tensor = keras.layers.Resizing(*size, name="body_resizing")(tensor)
        return self._rescaled(tensor) if self.section.application else tensor

    def _rescaled(self, tensor: Any) -> Any:
        kind = APPLICATIONS[str(self.section.application)].scale
        top = 1.0 if self.scaling in ("auto", "unit", "minmax") else 255.0
        if kind == "tf":
            return keras.layers.Rescaling(2.0 / top, -1.0, name="body_scaling")(tensor)
        if kind == "inside":
            return tensor if top == 255.0 else keras.layers.Rescaling(255.0, name="body_scaling")(tensor)
        if kind == "torch":
            scale = [1.0 / (top * deviation) for deviation in DEVIATION]
            offset = [-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)]
            return keras.layers.Rescaling(scale, offset, name="body_scaling")(tensor)
        reversed_ = extras.TakeColumns([2, 1, 0], name="body_channels")(tensor)
        return keras.layers.Rescaling(255.0 / top, [-m for m in CAFFE_MEAN], name="body_scaling")(reversed_)


def body(section: Pretrained, source: keras.Model, seed: int, scaling: str, taken: Collection[str] = ()) -> Body:
    """The kept part of `source`; `taken` are names in the network that its layers must not have."""
    if len(source.inputs) != 1:
        message = f"{section.from_} has {len(source.inputs)} inputs. Only models with one can be a network's body."
        raise InputError(message, "model-file", section.mark("from"))
    return Body(section, source, seed, scaling, taken)


def picture_size(section: Pretrained, data: Sequence[int | None]) -> tuple[int, int]:
    """Height and width of what an application gets: as stated, or the data's, but no less than it can take."""
    if section.size:
        return section.size[0], section.size[1]
    least = APPLICATIONS[section.application].smallest if section.application in APPLICATIONS else 32
    return max(int(data[0] or least), least), max(int(data[1] or least), least)


def kept_until(source: keras.Model, section: Pretrained) -> Any:
    """The tensor behind the last layer that is kept. Raises `InputError` where `keep` names no beginning."""
    layers = [layer for layer in source.layers if not isinstance(layer, keras.layers.InputLayer)]
    if section.application and section.keep == "all_but_head":
        return source.outputs[0]  # it was made without its head
    if section.keep == "all_but_head":
        if len(source.outputs) > 1:
            message = f"{section.from_} has {len(source.outputs)} heads. Say where to cut: `keep: until:NAME`."
            raise InputError(message, "unknown-layers", section.mark("from"))
        return _single(layers[_head(layers, section)].input, section)
    return _single(layers[last_kept(layers, section)].output, section)


def _single(tensor: Any, section: Pretrained) -> Any:
    if isinstance(tensor, list | tuple):
        message = (
            f"what is kept of {section.from_} would end in {len(tensor)} outputs. Choose another end: until:NAME."
        )
        raise InputError(message, "unknown-layers", section.mark("keep") or section.mark("from"))
    return tensor


def _head(layers: list[keras.Layer], section: Pretrained) -> int:
    """The place of the last layer that has weights."""
    weighted = [place for place, layer in enumerate(layers) if layer.weights]
    if len(weighted) < 2:
        message = f"{section.from_} has {len(weighted)} layers with weights, so nothing is left without its head."
        raise InputError(message, "model-file", section.mark("from"))
    return weighted[-1]


def last_kept(layers: list[keras.Layer], section: Pretrained) -> int:
    """The place of the last kept layer; those without weights behind it come along."""
    weighted = [place for place, layer in enumerate(layers) if layer.weights]
    names, mark, keep = [layer.name for layer in layers], section.mark("keep"), section.keep
    counted = _COUNTED.fullmatch(keep) if isinstance(keep, str) else None
    until = _UNTIL.fullmatch(keep) if isinstance(keep, str) else None
    if until or (isinstance(keep, str) and keep in names):
        name = until[1] if until else str(keep)
        if name not in names:
            _refuse(f"`until:{name}`", names, mark)
        return names.index(name)
    if counted:
        number = int(counted[1])
        if not 0 < number <= len(weighted):
            _refuse(f"`first:{number}`: it has {len(weighted)} layers with weights", names, mark)
        return (weighted[number] if number < len(weighted) else len(layers)) - 1
    offered = [Selectable(layer.name, bool(layer.weights)) for layer in layers]
    chosen = select(keep, offered, "pretrained.keep", mark)
    last = max(names.index(name) for name in chosen)
    missing = [names[place] for place in weighted if place < last and names[place] not in chosen]
    if missing:
        message = f"`pretrained.keep` leaves out {', '.join(missing[:5])}, which the kept layers stand on. "
        raise InputError(f"{message}A body is a beginning: first:N or until:NAME.", "unknown-layers", mark)
    return last


def _refuse(said: str, names: list[str], mark: Any) -> None:
    shown = ", ".join(names[:40]) + (", …" if len(names) > 40 else "")
    raise InputError(f"`pretrained.keep`: {said}. Its layers: {shown}.", "unknown-layers", mark)


def _vector(tensor: Any) -> Any:
    """Features as one vector a row: pictures are averaged over their places, all else is flattened."""
    if len(tensor.shape) == 4:
        return keras.layers.GlobalAveragePooling2D(name="body_pooling")(tensor)
    return tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name="body_flatten")(tensor)
