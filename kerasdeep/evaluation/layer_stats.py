"""What happens in each layer on one batch: activations, gradients, weights.

A site is a layer with a kernel together with the activation behind it, be that the layer's own or a layer after
its batch norm. Activations are those of training (batch norm by the batch's statistics), before dropout.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from kerasdeep.backends import current_backend
from kerasdeep.backends.keras_private import call_nodes
from kerasdeep.catalog.traits import ACTIVATION_BY_LAYER
from kerasdeep.data.types import DataSplit
from kerasdeep.evaluation.model_state import preserve_state
from kerasdeep.evaluation.weight_stats import histogram
from kerasdeep.keras_names import written_name

ZEROING_ACTIVATIONS = ("relu", "relu6")
"""Activations that give exactly zero, and no gradient, over half of their range."""
SATURATING_ACTIVATIONS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
}
"""Activations with a floor and a ceiling at which their slope vanishes."""
MAX_ROWS = 256
MAX_ACTIVATION_VALUES = 32_000_000
"""In all activations together, so that a picture network's fit into memory: 128 MB of float32."""
SATURATION_MARGIN = 0.025
"""How near to floor or ceiling, as a share of the range, an output counts as saturated."""


Batch = tuple[Any, Any, Any]
"""x, y and the rows' weights (None where all count the same)."""


@dataclass(frozen=True)
class LayerTap:
    """`output` is the tensor behind the activation, `input` feeds the kernel; `is_first` if no kernel is before."""

    layer: keras.Layer
    activation: str
    input: Any
    output: Any
    is_first: bool
    is_output: bool

    @property
    def name(self) -> str:
        return written_name(self.layer.name)


@dataclass(frozen=True)
class LayerStats:
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
class NetworkStats:
    """All sites at one moment: signals and histograms of the kernels' gradients by name, and the loss.

    `inputs` is what the network was fed, `outputs` what it gave.
    """

    layers: dict[str, LayerStats]
    gradient_histograms: dict[str, dict[str, list[float]]]
    loss: float
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


class GradientCapture(keras.optimizers.Optimizer):
    """An optimizer that moves nothing and keeps the gradients, the same on every backend."""

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0)

    def build(self, variables: Sequence[Any]) -> None:
        if self.built:  # Keras builds again before each step; slots would be added each time
            return
        super().build(variables)
        self.captured = [self.add_variable_from_reference(variable, "gradient") for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self.captured[self._get_variable_index(variable)]
        self.assign(
            slot, keras.ops.add(keras.ops.zeros(slot.shape, slot.dtype), gradient)
        )  # embeddings' gradients are sparse


def layer_taps(model: keras.Model) -> list[LayerTap]:
    """The sites of a functional model, in the order of the data's way through it.

    Layers that are called several times, or lie inside a nested model, are left out.
    """
    layers = [(layer, *_layer_tensors(layer)) for layer in model.layers]
    readers: dict[int, list[keras.Layer]] = {}
    for layer, inputs, _ in layers:
        for tensor in inputs:
            readers.setdefault(id(tensor), []).append(layer)
    outputs_by_layer = {layer.name: outputs for layer, _, outputs in layers}
    after_kernel: set[int] = set()  # tensors with a kernel somewhere before them
    taps = []
    for layer, inputs, outputs in layers:
        has_kernel = getattr(layer, "kernel", None) is not None and len(outputs) == 1
        follows_kernel = any(id(tensor) in after_kernel for tensor in inputs)
        if has_kernel or follows_kernel:
            after_kernel.update(id(tensor) for tensor in outputs)
        if has_kernel:
            activation, output = _following_activation(layer, outputs[0], readers, outputs_by_layer)
            is_output = any(output is model_output for model_output in model.outputs)
            taps.append(LayerTap(layer, activation, inputs[0], output, not follows_kernel, is_output))
    return taps


class LayerReader:
    """Reads the layers of a model on batches, and leaves the model bit for bit as it was.

    A second model of the same layers is compiled for it, and what is compiled serves every reading.

    Args:
        model: A functional model.
        losses: What `compile` takes.
        optimizer: The built optimizer that trains the model. With it, a step on the batch's gradients is tried and
            taken back, too, for the ratios of updates to kernels.
    """

    def __init__(self, model: keras.Model, losses: Any, optimizer: keras.optimizers.Optimizer | None = None) -> None:
        self.taps = layer_taps(model)
        backend = current_backend()
        self._model = keras.Model(model.input, model.output)
        self._model.compile(optimizer=GradientCapture(), loss=losses, run_eagerly=not backend.ALWAYS_XLA)
        tensors = {f"at/{tap.name}": tap.output for tap in self.taps}
        tensors |= {f"fed/{tap.name}": tap.input for tap in self.taps if tap.is_first}
        signals = keras.Model(model.input, tensors)
        self._signals = backend.compile_function(lambda x: signals(x, training=True), self._model)
        self._optimizer = optimizer
        self._updated = None
        if optimizer is not None:
            self._updated = backend.compile_update(optimizer, self._model.trainable_variables)

    def read(self, batch: Batch) -> NetworkStats:
        """The signals on one batch."""
        x, y, weights = batch
        ratios: dict[str, float] = {}
        with preserve_state(self._model, self._optimizer.variables if self._optimizer else ()):
            arrays = {name: keras.ops.convert_to_numpy(tensor) for name, tensor in self._signals(x).items()}
            kernels = kernel_values(self.taps)
            loss = float(self._model.train_on_batch(x, y, weights, return_dict=True)["loss"])
            trained = {id(variable): at for at, variable in enumerate(self._model.trainable_variables)}
            position = {tap.name: trained.get(id(tap.layer.kernel)) for tap in self.taps}
            captured = [_array(slot) for slot in self._model.optimizer.captured]
            if self._updated:
                updated = self._updated([slot.value for slot in self._model.optimizer.captured])
                ratios = {
                    name: 0.0 if at is None else relative_change(kernels[name], _array(updated[at]).astype(np.float64))
                    for name, at in position.items()
                }
        gradients = {name: captured[at] for name, at in position.items() if at is not None}
        layers = {
            tap.name: replace(
                _layer_stats(arrays[f"at/{tap.name}"], tap.activation, gradients.get(tap.name), kernels[tap.name]),
                update_ratio=ratios.get(tap.name),
            )
            for tap in self.taps
        }
        inputs = {name.removeprefix("fed/"): array for name, array in arrays.items() if name.startswith("fed/")}
        outputs = {tap.name: arrays[f"at/{tap.name}"] for tap in self.taps if tap.is_output}
        histograms = {name: histogram(gradient) for name, gradient in gradients.items()}
        return NetworkStats(layers, histograms, loss, inputs, outputs)


def max_batch_rows(model: keras.Model) -> int:
    """As many rows as keep all activations within memory, at most `MAX_ROWS`."""
    values = 0
    for layer in model.layers:
        for tensor in keras.tree.flatten(layer.output) if len(call_nodes(layer)) == 1 else ():
            values += math.prod(size or 1 for size in tensor.shape[1:])
    return max(1, min(MAX_ROWS, MAX_ACTIVATION_VALUES // max(1, values)))


def take_rows(part: DataSplit, rows: np.ndarray, weights: np.ndarray | None) -> Batch:
    """Those rows of a part, each with its weight."""
    x, y = (keras.tree.map_structure(lambda array: array[rows], arrays) for arrays in (part.x, part.y))
    return x, y, None if weights is None else weights[rows]


def kernel_values(taps: Sequence[LayerTap]) -> dict[str, np.ndarray]:
    """The kernels as they are now."""
    return {tap.name: np.array(keras.ops.convert_to_numpy(tap.layer.kernel), np.float64) for tap in taps}


def relative_change(before: np.ndarray, after: np.ndarray) -> float:
    """How far a kernel moved, relative to its size; not a number for one without size."""
    size = _size(before)
    return _size(after - before) / size if size else math.nan


def _layer_tensors(layer: keras.Layer) -> tuple[list[Any], list[Any]]:
    """The layer's input and output tensors; none for a layer that is called several times."""
    try:
        return keras.tree.flatten(layer.input), keras.tree.flatten(layer.output)
    except (AttributeError, ValueError):
        return [], []


def _following_activation(
    layer: keras.Layer, tensor: Any, readers: dict[int, list[keras.Layer]], outputs_by_layer: dict[str, list[Any]]
) -> tuple[str, Any]:
    """The activation that follows the kernel, its own or that of a layer behind (batch norm may stand between)."""
    activation = _activation_name(getattr(layer, "activation", None))
    if activation != "linear":
        return activation, tensor
    current = tensor
    while len(readers.get(id(current), ())) == 1:
        reader = readers[id(current)][0]
        class_name = type(reader).__name__
        if class_name == "Activation" or class_name in ACTIVATION_BY_LAYER:
            name = ACTIVATION_BY_LAYER.get(class_name) or _activation_name(reader.activation)
            return name, outputs_by_layer[reader.name][0]
        if class_name != "BatchNormalization":
            break
        current = outputs_by_layer[reader.name][0]
    return activation, tensor


def _activation_name(function: Any) -> str:
    return getattr(function, "name", None) or getattr(function, "__name__", None) or "linear"


def _layer_stats(array: np.ndarray, activation: str, gradient: np.ndarray | None, kernel: np.ndarray) -> LayerStats:
    array = array.astype(np.float64)
    units = array.reshape(-1, array.shape[-1])
    dead = saturated = None
    if activation in ZEROING_ACTIVATIONS:
        dead = float((units == 0).all(axis=0).mean())
    if activation in SATURATING_ACTIVATIONS:
        low, high = SATURATING_ACTIVATIONS[activation]
        margin = SATURATION_MARGIN * (high - low)
        saturated = float(((array < low + margin) | (array > high - margin)).mean())
    typical = float(np.median(np.sqrt(np.mean(np.square(array.reshape(len(array), -1)), axis=1))))
    rms = 0.0 if gradient is None else float(np.sqrt(np.mean(np.square(gradient, dtype=np.float64))))
    return LayerStats(float(array.mean()), float(array.std()), typical, dead, saturated, rms, _size(kernel))


def _size(array: np.ndarray) -> float:
    """Euclidean, without BLAS: its threads wait for cores that TensorFlow's hold, 9 ms for a small kernel."""
    return math.sqrt(np.square(array).sum())


def _array(variable: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable).astype(np.float32)
