"""How much memory a run will need at its fullest moment, above what the imported libraries take themselves.

Added up from what the engine, checkpoints and saving really hold, phase by phase; the phases free what they took,
so the fullest one counts. All sizes are bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np

from kerasdeep.backends.keras_private import call_nodes, nested_layers
from kerasdeep.data import Dataset
from kerasdeep.engine.engine import evaluation_batch_size
from kerasdeep.engine.feeder import CHUNK_BYTES, MAX_CHUNKS_IN_MEMORY, is_streamed

RESHAPING_LAYERS = ("Flatten", "Reshape", "InputLayer", "Identity")
"""Layers whose output is their input in another shape."""
MAX_STAND_IN_SIZE = 16


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes: `components` are what is held, by name; `phases` are the sums in each phase of the run."""

    components: dict[str, int]
    phases: dict[str, int]

    @property
    def peak(self) -> int:
        """Bytes of the phase that needs most."""
        return max(self.phases.values())

    @property
    def peak_phase(self) -> str:
        """The name of that phase."""
        return max(self.phases, key=lambda name: self.phases[name])


def estimate(
    model: keras.Model,
    dataset: Dataset,
    batch_size: int,
    *,
    slots: float,
    device: str,
    keeps_best_weights: bool,
    reading_bytes: int = 0,
) -> MemoryEstimate:
    """The memory of a stage that trains what is trainable in `model` now.

    On a GPU or TPU it is the device's. On a CPU device and program share one memory, so the arrays that were read and
    the copies on their way to the disk count too, and the backend keeps for later what it once took.

    Args:
        model: Built; its variables may be without values.
        dataset: What it is trained and evaluated on.
        batch_size: Rows of a training step.
        slots: Numbers that the optimizer keeps for each trainable parameter (`optimizer_slots_per_parameter`).
        device: `cpu`, `gpu` or `tpu`.
        keeps_best_weights: Whether early stopping holds a copy of the weights.
        reading_bytes: What reading the data took at most.
    """
    rows = {name: _data_bytes(split) for name, split in dataset.splits.items()}
    trainable, variables = _variable_bytes(model.trainable_variables), _variable_bytes(model.variables)
    largest_variable = max((_variable_bytes([variable]) for variable in model.variables), default=0)
    outputs = list(_output_bytes_per_row(model))
    activation_bytes, largest_output = sum(outputs), max(outputs, default=0)
    components = {
        "data": sum(rows.values()) + (_data_bytes(dataset.unlabelled) if dataset.unlabelled else 0),
        "data_on_device": (
            MAX_CHUNKS_IN_MEMORY * CHUNK_BYTES
            if is_streamed((dataset.train.x, dataset.train.y))
            else rows["train"] + rows.get("validation", 0)
        ),
        "parameters": variables,
        "optimizer": int(slots * trainable),
        "gradients": trainable,
        # The backward pass needs every output, and the gradients of two neighbouring ones.
        "activations": batch_size * (activation_bytes + 2 * largest_output),
        "evaluation": 3 * evaluation_batch_size(model) * largest_output,
        "best_weights": variables if keeps_best_weights else 0,
    }
    data_on_device, model_and_optimizer = (
        components["data_on_device"],
        components["parameters"] + components["optimizer"],
    )
    device_phases = {
        # A random draw and its scaling are arrays beside the variable.
        "initializing": variables + 2 * largest_variable,
        # An update of a variable works with one more array of its size; by then activations are gone.
        "training": data_on_device
        + model_and_optimizer
        + components["gradients"]
        + max(largest_variable, components["activations"]),
        # The model is saved through a twin, which is initialized too.
        "saving the model": data_on_device + model_and_optimizer + variables + 2 * largest_variable,
        "evaluating": data_on_device + rows.get("test", 0) + model_and_optimizer + components["evaluation"],
    }
    if device != "cpu":
        return MemoryEstimate(components, device_phases)
    # Arrays are copied once more on their way in; checkpoints are made of copies, one variable at a time twice;
    # Keras makes the file of a model in memory and hands on a copy of it.
    extra_on_cpu = {
        "initializing": 0,
        "placing the data": 2 * data_on_device,
        "training": 0,
        "saving a checkpoint": model_and_optimizer + largest_variable,
        "saving the model": 2 * variables + 2 * largest_variable,
        "evaluating": rows.get("test", 0),
    }
    peak_so_far, phases = 0, {"reading the data": reading_bytes}
    for name, extra in extra_on_cpu.items():
        peak_so_far = max(peak_so_far, device_phases.get(name, 0))
        best_weights = components["best_weights"] if name not in ("initializing", "placing the data") else 0
        phases[name] = components["data"] + peak_so_far + best_weights + extra
    return MemoryEstimate(components, phases)


def peak_rss() -> int:
    """The most memory that this process has had so far; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def optimizer_slots_per_parameter(optimizer: keras.optimizers.Optimizer, variables: Sequence[Any]) -> float:
    """How many numbers the optimizer keeps for each trainable parameter, tried on small stand-ins.

    Builds `optimizer` for variables of the same names and ranks, at most 16 wide: the real ones may not fit.
    """
    stand_ins = [_stand_in(variable) for variable in variables]
    optimizer.build(stand_ins)
    shapes = {tuple(variable.shape) for variable in stand_ins}
    slot_variables = [
        variable for variable in optimizer.variables if tuple(variable.shape) in shapes and variable.shape
    ]
    return count_parameters(slot_variables) / count_parameters(stand_ins) if stand_ins else 0.0


def _stand_in(variable: Any) -> Any:
    *scopes, name = variable.path.split("/")
    shape = [min(size, MAX_STAND_IN_SIZE) for size in variable.shape]
    with ExitStack() as stack:
        for scope in scopes:
            stack.enter_context(keras.name_scope(scope))
        return keras.Variable(np.zeros(shape, np.float32), name=name)


def _output_bytes_per_row(model: keras.Model) -> Iterable[int]:
    """Bytes that each layer's output takes for one row."""
    for layer in nested_layers(model):
        if type(layer).__name__ not in RESHAPING_LAYERS and call_nodes(layer):
            for tensor in keras.tree.flatten(layer.output):
                yield prod(size or 1 for size in tensor.shape[1:]) * _dtype_bytes(tensor.dtype)


def _variable_bytes(variables: Iterable[Any]) -> int:
    return sum(prod(variable.shape) * _dtype_bytes(variable.dtype) for variable in variables)


def count_parameters(variables: Iterable[Any]) -> int:
    """How many numbers the variables hold."""
    return sum(prod(variable.shape) for variable in variables)


def _dtype_bytes(dtype: str) -> int:
    return {"bool": 1, "int8": 1, "uint8": 1, "float16": 2, "bfloat16": 2, "int64": 8, "float64": 8}.get(dtype, 4)


def _data_bytes(split: Any) -> int:
    arrays = keras.tree.flatten((split.x, split.y))
    return sum(array.nbytes for array in arrays if array is not None)
