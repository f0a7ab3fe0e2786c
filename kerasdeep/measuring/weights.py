"""What the weights of a network look like: the fact behind `weights.json`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import keras
import numpy as np

SMALL = 1e-3
"""Below this size a weight counts as small."""
BARS = 40
INSIDE = 0.999
"""The share of weights within the histogram's range; the bars at its ends take the others."""


def describe(layers: Iterable[tuple[str, keras.Layer]], heads: Collection[str]) -> dict[str, Any]:
    """Every kernel of `layers` (name, layer) in figures; `heads` are the names of the output layers."""
    return {
        "layers": [
            {"name": called, "hidden": name not in heads, **figures(kernel, unit_axes)}
            for name, layer in layers
            for called, kernel, unit_axes in kernels(name, layer)
        ]
    }


def kernels(name: str, layer: keras.Layer) -> Iterator[tuple[str, np.ndarray, tuple[int, ...]]]:
    """The layer's kernels, by its name or, where it has several, by theirs; with the axes that count units.

    A unit is an output of the kernel: its last axis, but in transposed convolutions, and in depthwise ones.
    """
    found = [weight for weight in layer.weights if weight.path.rpartition("/")[2].endswith("kernel")]
    for weight in found:
        own = weight.path.rpartition("/")[2]
        axes: tuple[int, ...] = (-2,) if type(layer).__name__.endswith("Transpose") else (-1,)
        if own == "depthwise_kernel" or type(layer).__name__.startswith("Depthwise"):
            axes = (-2, -1)
        kernel = keras.ops.convert_to_numpy(weight).astype(np.float32)
        yield name if len(found) == 1 else f"{name}/{_within(weight.path, layer)}", kernel, axes


def figures(kernel: np.ndarray, unit_axes: tuple[int, ...] = (-1,)) -> dict[str, Any]:
    """A kernel in figures. Norms are Euclidean, `largest_unit_norm` and `mean_unit_norm` of incoming weights.

    `small` and `zero` are shares of the entries; the histogram has one edge more than counts.
    """
    within = tuple(axis for axis in range(kernel.ndim) if axis - kernel.ndim not in unit_axes)
    units = np.sqrt(np.square(kernel, dtype=np.float64).sum(axis=within))
    sizes = np.abs(kernel)
    return {
        "size": int(kernel.size),
        "norm": float(np.sqrt(np.square(units).sum())),
        "largest_unit_norm": float(units.max()),
        "mean_unit_norm": float(units.mean()),
        "small": float((sizes < SMALL).mean()),
        "zero": float((kernel == 0).mean()),
        "histogram": histogram(kernel),
    }


def histogram(values: np.ndarray) -> dict[str, list[float]]:
    """Counts of the finite values on a range symmetric about zero."""
    values = values[np.isfinite(values)]
    sizes = np.abs(values)
    reach = float(np.quantile(sizes, INSIDE)) if sizes.size else 0.0
    reach = reach or float(sizes.max(initial=0.0)) or 1.0
    counts, edges = np.histogram(np.clip(values, -reach, reach), BARS, (-reach, reach))
    return {"edges": [float(f"{edge:.6g}") for edge in edges], "counts": counts.tolist()}


def _within(path: str, layer: keras.Layer) -> str:
    """The weight's path without the layers around it."""
    return path.rpartition(f"{layer.name}/")[2] or path
