"""What the weights of a network look like: the fact behind `weights.json`."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import keras
import numpy as np

SMALL_WEIGHT = 1e-3
"""Below this size a weight counts as small."""
HISTOGRAM_BINS = 40
HISTOGRAM_COVERAGE = 0.999
"""The share of weights within the histogram's range; the bars at its ends take the others."""


def describe_weights(layers: Iterable[tuple[str, keras.Layer]], heads: Collection[str]) -> dict[str, Any]:
    """Every kernel of `layers` (name, layer) in figures; `heads` are the names of the output layers."""
    return {
        "layers": [
            {"name": kernel_name, "hidden": name not in heads, **kernel_summary(kernel, unit_axes)}
            for name, layer in layers
            for kernel_name, kernel, unit_axes in layer_kernels(name, layer)
        ]
    }


def layer_kernels(name: str, layer: keras.Layer) -> Iterator[tuple[str, np.ndarray, tuple[int, ...]]]:
    """The layer's kernels, by its name or, where it has several, by theirs; with the axes that count units.

    A unit is an output of the kernel: its last axis, but in transposed convolutions, and in depthwise ones.
    """
    kernel_weights = [weight for weight in layer.weights if weight.path.rpartition("/")[2].endswith("kernel")]
    for weight in kernel_weights:
        variable_name = weight.path.rpartition("/")[2]
        axes: tuple[int, ...] = (-2,) if type(layer).__name__.endswith("Transpose") else (-1,)
        if variable_name == "depthwise_kernel" or type(layer).__name__.startswith("Depthwise"):
            axes = (-2, -1)
        kernel = keras.ops.convert_to_numpy(weight).astype(np.float32)
        yield name if len(kernel_weights) == 1 else f"{name}/{_path_in_layer(weight.path, layer)}", kernel, axes


def kernel_summary(kernel: np.ndarray, unit_axes: tuple[int, ...] = (-1,)) -> dict[str, Any]:
    """A kernel in figures. Norms are Euclidean, `largest_unit_norm` and `mean_unit_norm` of incoming weights.

    `small` and `zero` are shares of the entries; the histogram has one edge more than counts.
    """
    summed_axes = tuple(axis for axis in range(kernel.ndim) if axis - kernel.ndim not in unit_axes)
    units = np.sqrt(np.square(kernel, dtype=np.float64).sum(axis=summed_axes))
    sizes = np.abs(kernel)
    return {
        "size": int(kernel.size),
        "norm": float(np.sqrt(np.square(units).sum())),
        "largest_unit_norm": float(units.max()),
        "mean_unit_norm": float(units.mean()),
        "small": float((sizes < SMALL_WEIGHT).mean()),
        "zero": float((kernel == 0).mean()),
        "histogram": histogram(kernel),
    }


def histogram(values: np.ndarray) -> dict[str, list[float]]:
    """Counts of the finite values on a range symmetric about zero."""
    values = values[np.isfinite(values)]
    sizes = np.abs(values)
    reach = float(np.quantile(sizes, HISTOGRAM_COVERAGE)) if sizes.size else 0.0
    reach = reach or float(sizes.max(initial=0.0)) or 1.0
    counts, edges = np.histogram(np.clip(values, -reach, reach), HISTOGRAM_BINS, (-reach, reach))
    return {"edges": [float(f"{edge:.6g}") for edge in edges], "counts": counts.tolist()}


def _path_in_layer(path: str, layer: keras.Layer) -> str:
    """The weight's path without the layers around it."""
    return path.rpartition(f"{layer.name}/")[2] or path
