"""What stands on the body while it learns something else: models for each kind of pretraining."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from kerasdeep import extras
from kerasdeep.build.create import create
from kerasdeep.build.network import drawing_from
from kerasdeep.build.network import model as network_of
from kerasdeep.build.pretraining import decoder
from kerasdeep.build.pretraining.body import Body
from kerasdeep.catalog import Choice
from kerasdeep.spec import blocks
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.planned import Head, PlannedLayer
from kerasdeep.spec.pretraining import Noise

OTHER = "other_"
"""In front of the names of the second tower."""


@dataclass(frozen=True)
class Taught:
    """A model to be trained and the names of the layers that were put on the body.

    `below`, where there is one, is the frozen part that rows go through first.
    """

    model: keras.Model
    heads: tuple[str, ...]
    below: keras.Model | None = None


def autoencoder(body: Body, mirror: decoder.Mirror) -> Taught:
    """The body and its mirror image."""
    layers = decoder.chain(body, mirror)
    decoded, names = decoder.undo(layers, body.end, body, mirror)
    return Taught(keras.Model(body.input, _shaped(decoded, body.input)), tuple(names))


def greedy(body: Body, mirror: decoder.Mirror) -> list[Taught]:
    """An autoencoder for each layer with a kernel, on the code of the layers below it."""
    found, below = [], []
    for layers in decoder.segments(decoder.chain(body, mirror)):
        start = layers[0].input
        code = layers[-1].output
        decoded, names = decoder.undo(layers, code, body, mirror, into=below)
        under = keras.Model(body.input, start) if below else None
        found.append(Taught(keras.Model(start, _shaped(decoded, start)), tuple(names), under))
        below = [*below, *layers]
    return found


def classifier(body: Body, spec: Spec, head: Head, name: str) -> Taught:
    """The body and an output of its own."""
    tensor = _vector(body.end, name)
    choice = blocks.output(spec, Choice("layer", "Output", {}), head)
    with drawing_from(spec.seed, name):
        made = create(choice, name=name)(tensor)
    return Taught(keras.Model(body.input, made), (name,))


def masked(body: Body, spec: Spec, mask: Any, rate: float) -> Taught:
    """Predicts every feature, and answers with it where the feature is hidden, with the feature itself elsewhere.

    The errors of hidden features are stretched by 1 / sqrt(rate), so that the mean squared error over all features
    is that over the hidden ones.
    """
    name, given = "masked_output", body.input
    head = Head("output", "regression", given.shape[-1])
    choice = blocks.output(spec, Choice("layer", "Output", {}), head)
    with drawing_from(spec.seed, name):
        predicted = create(choice, name=name)(_vector(body.end, name))
    answer = given + (predicted - given) * mask * rate**-0.5
    return Taught(keras.Model(given, answer), (name,))


def pairs(body: Body, spec: Spec, units: int, shared: bool) -> Taught:
    """Two towers, a layer that joins them, and one output: the chance that both rows are of one class."""
    name, shape = body.input.name, tuple(body.input.shape[1:])
    other = keras.Input(shape, name=OTHER + name)
    if shared:
        second = keras.Model(body.input, body.end).call(other)
        heads: list[str] = []
    else:
        renamed = [_renamed(layer) for layer in body.planned]
        twin = network_of(renamed, {OTHER + name: shape}, seed=spec.seed)
        second = twin.get_layer(OTHER + body.end._keras_history.operation.name).output
        other = twin.inputs[0]
        inside = keras.Model(other, second)
        heads = [layer.name for layer in inside.layers if not isinstance(layer, keras.layers.InputLayer)]
    towers = [_vector(body.end, "pairs_first"), _vector(second, "pairs_second")]
    tensor = keras.layers.Concatenate(name="pairs_both")(towers)
    joining = Choice("layer", "Dense", {"units": units})
    for suffix, choice, _ in blocks.hidden(spec, joining, []):
        with drawing_from(spec.seed, f"pairs_join{suffix}"):
            tensor = create(choice, name=f"pairs_join{suffix}")(tensor)
        heads.append(f"pairs_join{suffix}")
    choice = blocks.output(spec, Choice("layer", "Output", {}), Head("output", "binary", 1))
    with drawing_from(spec.seed, "pairs_output"):
        made = create(choice, name="pairs_output")(tensor)
    return Taught(keras.Model({name: body.input, OTHER + name: other}, made), (*heads, "pairs_output"))


def noisy(noise: Noise, seed: int) -> Callable[[Any], Any]:
    """What a denoising autoencoder's input goes through, in training only."""
    with drawing_from(seed, "pretraining_noise"):
        if noise.gaussian is not None:
            return keras.layers.GaussianNoise(noise.gaussian, name="pretraining_noise")
        return keras.layers.Dropout(noise.dropout, name="pretraining_noise")


@dataclass
class Hiding:
    """Hides features of the network's input; `mask` is there once it was called."""

    rate: float
    seed: int
    mask: Any = None

    def __call__(self, tensor: Any) -> Any:
        with drawing_from(self.seed, "pretraining_mask"):
            self.mask = extras.FeatureMask(self.rate, name="pretraining_mask")(tensor)
        return tensor * (1.0 - self.mask)


def _renamed(layer: PlannedLayer) -> PlannedLayer:
    choice = layer.layer
    if choice.name == "TransposedDense":
        choice = choice.replace(layer=OTHER + choice.arguments["layer"])
    inputs = tuple(OTHER + name for name in layer.inputs)
    return replace(layer, name=OTHER + layer.name, inputs=inputs, layer=choice)


def _shaped(tensor: Any, like: Any) -> Any:
    shape: Sequence[int] = like.shape[1:]
    if tuple(tensor.shape[1:]) == tuple(shape):
        return tensor
    return keras.layers.Reshape(shape, name=f"{decoder.PREFIX}shape")(tensor)


def _vector(tensor: Any, name: str) -> Any:
    return tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name=f"{name}_flatten")(tensor)
