"""What happens in each layer on one batch: activations, gradients, weights.

A site is a layer with a kernel together with the activation behind it, be that the layer's own or a layer after
its batch norm. Activations are those of training (batch norm by the batch's statistics), before dropout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from kerasdeep.data.dataset import Part
from kerasdeep.measuring.traceless import traceless
from kerasdeep.measuring.weights import histogram

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
ROWS = 256
MOST_VALUES = 32_000_000
"""In all activations together, so that a picture network's fit into memory: 128 MB of float32."""
SATURATED = 0.025
"""How near to floor or ceiling, as a share of the range, an output counts as saturated."""


Batch = tuple[Any, Any, Any]
"""x, y and the rows' weights (None where all count the same)."""


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
    """All sites at one moment: signals and histograms of the kernels' gradients by name, and the loss.

    `fed` is what the network was fed, `outputs` what it gave.
    """

    signals: dict[str, Signal]
    gradients: dict[str, dict[str, list[float]]]
    loss: float
    fed: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


class Catcher(keras.optimizers.Optimizer):
    """An optimizer that moves nothing and keeps the gradients, the same on every backend."""

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0)

    def build(self, variables: Sequence[Any]) -> None:
        if self.built:  # Keras builds again before each step; slots would be added each time
            return
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


def read(
    model: keras.Model,
    places: Sequence[Site],
    batch: Batch,
    optimizer: keras.optimizers.Optimizer | None = None,
) -> Reading:
    """The signals on one batch; `model` is compiled by `catch` and is afterwards what it was.

    `optimizer` is the one that trains the network, built: a step of it on the batch's gradients is tried and taken
    back, too, for the updates' ratios.
    """
    x, y, weights = batch
    wanted = {f"at/{site.name}": site.output for site in places}
    wanted |= {f"fed/{site.name}": site.input for site in places if site.first}
    ratios: dict[str, float] = {}
    with traceless(model, () if optimizer is None else optimizer.variables):
        tensors = keras.Model(model.input, wanted)(x, training=True)
        arrays = {name: keras.ops.convert_to_numpy(tensor) for name, tensor in tensors.items()}
        norms = {site.name: _norm(site.layer.kernel) for site in places}
        loss = float(model.train_on_batch(x, y, weights, return_dict=True)["loss"])
        caught = dict(zip(map(id, model.trainable_variables), model.optimizer.caught, strict=True))
        slots = {site.name: caught.get(id(site.layer.kernel)) for site in places}
        gradients = {name: _rms(slot) for name, slot in slots.items()}
        spread = {name: histogram(_array(slot)) for name, slot in slots.items() if slot is not None}
        if optimizer is not None:
            before = kernels(places)
            optimizer.apply([keras.ops.copy(slot) for slot in caught.values()], model.trainable_variables)
            ratios = {name: change(before[name], kernel) for name, kernel in kernels(places).items()}
    signals = {
        site.name: replace(
            _signal(arrays[f"at/{site.name}"], site.activation, gradients[site.name], norms[site.name]),
            update_ratio=ratios.get(site.name),
        )
        for site in places
    }
    fed = {name.removeprefix("fed/"): array for name, array in arrays.items() if name.startswith("fed/")}
    outputs = {site.name: arrays[f"at/{site.name}"] for site in places if site.is_output}
    return Reading(signals, spread, loss, fed, outputs)


def rows_for(model: keras.Model) -> int:
    """As many rows as keep all activations within memory, at most `ROWS`."""
    values = 0
    for layer in model.layers:
        for tensor in keras.tree.flatten(layer.output) if len(layer._inbound_nodes) == 1 else ():
            values += math.prod(size or 1 for size in tensor.shape[1:])
    return max(1, min(ROWS, MOST_VALUES // max(1, values)))


def catch(model: keras.Model, losses: Any) -> None:
    """Compile `model` for reading: its gradients are caught and move nothing."""
    model.compile(optimizer=Catcher(), loss=losses, run_eagerly=True)


def take(part: Part, rows: np.ndarray, weights: np.ndarray | None) -> Batch:
    """Those rows of a part, each with its weight."""
    x, y = (keras.tree.map_structure(lambda array: array[rows], arrays) for arrays in (part.x, part.y))
    return x, y, None if weights is None else weights[rows]


def kernels(places: Sequence[Site]) -> dict[str, np.ndarray]:
    """The kernels as they are now."""
    return {site.name: np.array(keras.ops.convert_to_numpy(site.layer.kernel), np.float64) for site in places}


def change(before: np.ndarray, now: np.ndarray) -> float:
    """How far a kernel moved, relative to its size; not a number for one without size."""
    size = _size(before)
    return _size(now - before) / size if size else math.nan


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
    return float(np.sqrt(np.mean(np.square(_array(variable), dtype=np.float64))))


def _norm(variable: Any) -> float:
    return _size(_array(variable).astype(np.float64))


def _size(array: np.ndarray) -> float:
    """Euclidean, without BLAS: its threads wait for cores that TensorFlow's hold, 9 ms for a small kernel."""
    return math.sqrt(np.square(array).sum())


def _array(variable: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable).astype(np.float32)
