"""What happens in each layer on one batch: activations, gradients, weights.

A site is a layer with a kernel together with the activation behind it, be that the layer's own or a layer after
its batch norm. Activations are those of training (batch norm by the batch's statistics), before dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdeep.probes.subject import Batch
from kerasdeep.probes.traceless import traceless

ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "RReLU": "rrelu",
    "LearnedSwish": "learned_swish",
    "Softmax": "softmax",
}
ZEROING = ("relu", "relu6")
"""Activations that give exactly zero, and no gradient, over half of their range."""
SATURATING = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0)}
"""Activations with a floor and a ceiling at which their slope vanishes."""
SATURATED = 0.025
"""How near to floor or ceiling, as a share of the range, an output counts as saturated."""


@dataclass(frozen=True)
class Site:
    """`output` is the tensor behind the activation, `input` feeds the kernel; `first` if no kernel is before."""

    layer: keras.Layer
    activation: str
    input: Any
    output: Any
    first: bool
    is_output: bool

    @property
    def name(self) -> str:
        return self.layer.name


@dataclass(frozen=True)
class Signal:
    """One site's figures.

    `typical` is the median, over rows, of a row's root mean square: unlike the deviation it is not carried by a
    few extreme rows. Shares are of units (dead) or of outputs (saturated); None where the activation has none.

    `gradient` is the root mean square of the loss's gradient over the kernel's entries, `norm` the kernel's
    Euclidean norm, `update_ratio` a step's change of the kernel relative to it; None where no step was taken.
    """

    mean: float
    deviation: float
    typical: float
    dead: float | None
    saturated: float | None
    gradient: float
    norm: float
    update_ratio: float | None = None


@dataclass(frozen=True)
class Reading:
    """All sites at one moment: their signals by name, the loss, and what the network was fed and gave."""

    signals: dict[str, Signal]
    loss: float
    fed: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


class Catcher(keras.optimizers.Optimizer):
    """An optimizer that moves nothing and keeps the gradients, the same on every backend."""

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0)

    def build(self, variables: Sequence[Any]) -> None:
        super().build(variables)
        self.caught = [self.add_variable_from_reference(variable, "gradient") for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self.caught[self._get_variable_index(variable)]
        self.assign(
            slot, keras.ops.add(keras.ops.zeros(slot.shape, slot.dtype), gradient)
        )  # embeddings' gradients are sparse


def sites(model: keras.Model) -> list[Site]:
    """The sites of a functional model, in the order of the data's way through it.

    Layers that are called several times, or lie inside a nested model, are left out.
    """
    layers = [(layer, *_ends(layer)) for layer in model.layers]
    readers: dict[int, list[keras.Layer]] = {}
    for layer, inputs, _ in layers:
        for tensor in inputs:
            readers.setdefault(id(tensor), []).append(layer)
    ends = {layer.name: outputs for layer, _, outputs in layers}
    behind: set[int] = set()  # tensors with a kernel somewhere before them
    found = []
    for layer, inputs, outputs in layers:
        kernel = getattr(layer, "kernel", None) is not None and len(outputs) == 1
        below = any(id(tensor) in behind for tensor in inputs)
        if kernel or below:
            behind.update(id(tensor) for tensor in outputs)
        if kernel:
            activation, output = _behind(layer, outputs[0], readers, ends)
            is_output = any(output is other for other in model.outputs)
            found.append(Site(layer, activation, inputs[0], output, not below, is_output))
    return found


def read(model: keras.Model, places: Sequence[Site], batch: Batch) -> Reading:
    """The signals on one batch; `model` is compiled with a `Catcher` and is afterwards what it was."""
    x, y, weights = batch
    wanted = {f"at/{site.name}": site.output for site in places}
    wanted |= {f"fed/{site.name}": site.input for site in places if site.first}
    with traceless(model):
        tensors = keras.Model(model.input, wanted)(x, training=True)
        arrays = {name: keras.ops.convert_to_numpy(tensor) for name, tensor in tensors.items()}
        norms = {site.name: _norm(site.layer.kernel) for site in places}
        loss = float(model.train_on_batch(x, y, weights, return_dict=True)["loss"])
        caught = dict(zip(map(id, model.trainable_variables), model.optimizer.caught, strict=True))
        gradients = {site.name: _rms(caught.get(id(site.layer.kernel))) for site in places}
    signals = {
        site.name: _signal(arrays[f"at/{site.name}"], site.activation, gradients[site.name], norms[site.name])
        for site in places
    }
    fed = {name.removeprefix("fed/"): array for name, array in arrays.items() if name.startswith("fed/")}
    outputs = {site.name: arrays[f"at/{site.name}"] for site in places if site.is_output}
    return Reading(signals, loss, fed, outputs)


def kernels(places: Sequence[Site]) -> dict[str, np.ndarray]:
    """The kernels as they are now."""
    return {site.name: np.array(keras.ops.convert_to_numpy(site.layer.kernel), np.float64) for site in places}


def _ends(layer: keras.Layer) -> tuple[list[Any], list[Any]]:
    """The layer's input and output tensors; none for a layer that is called several times."""
    try:
        return keras.tree.flatten(layer.input), keras.tree.flatten(layer.output)
    except (AttributeError, ValueError):
        return [], []


def _behind(
    layer: keras.Layer, tensor: Any, readers: dict[int, list[keras.Layer]], ends: dict[str, list[Any]]
) -> tuple[str, Any]:
    """The activation that follows the kernel, its own or that of a layer behind (batch norm may stand between)."""
    own = _name_of(getattr(layer, "activation", None))
    if own != "linear":
        return own, tensor
    at = tensor
    while len(readers.get(id(at), ())) == 1:
        reader = readers[id(at)][0]
        kind = type(reader).__name__
        if kind == "Activation" or kind in ACTIVATION_LAYERS:
            name = ACTIVATION_LAYERS.get(kind) or _name_of(reader.activation)
            return name, ends[reader.name][0]
        if kind != "BatchNormalization":
            break
        at = ends[reader.name][0]
    return own, tensor


def _name_of(function: Any) -> str:
    return getattr(function, "name", None) or getattr(function, "__name__", None) or "linear"


def _signal(array: np.ndarray, activation: str, gradient: float, norm: float) -> Signal:
    array = array.astype(np.float64)
    units = array.reshape(-1, array.shape[-1])
    dead = saturated = None
    if activation in ZEROING:
        dead = float((units == 0).all(axis=0).mean())
    if activation in SATURATING:
        low, high = SATURATING[activation]
        near = SATURATED * (high - low)
        saturated = float(((array < low + near) | (array > high - near)).mean())
    typical = float(np.median(np.sqrt(np.mean(np.square(array.reshape(len(array), -1)), axis=1))))
    return Signal(float(array.mean()), float(array.std()), typical, dead, saturated, gradient, norm)


def _rms(variable: Any) -> float:
    """Zero for a kernel that is not trained."""
    if variable is None:
        return 0.0
    return float(np.sqrt(np.mean(np.square(keras.ops.convert_to_numpy(variable).astype(np.float64)))))


def _norm(variable: Any) -> float:
    return float(np.linalg.norm(keras.ops.convert_to_numpy(variable).astype(np.float64)))
