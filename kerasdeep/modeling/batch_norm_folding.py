"""Batch normalization folded into the layer before it: the same function with fewer steps, for inference only.

In inference BN(W x + b) = γ (W x + b − μ) / √(σ² + ε) + β is one affine map, so the layer can take it over: W' =
W s and b' = (b − μ) s + β with s = γ / √(σ² + ε) for each output unit (Jacob et al. 2018, section 3.2).
"""

import copy
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from kerasdeep.backends.keras_private import nested_layers

KERNEL_SCALERS = {
    keras.layers.Dense: lambda kernel, scale: kernel * scale,
    keras.layers.Conv1D: lambda kernel, scale: kernel * scale,
    keras.layers.Conv2D: lambda kernel, scale: kernel * scale,
    keras.layers.Conv3D: lambda kernel, scale: kernel * scale,
    # (..., channels in, multiplier) holds the output channels in the order of its last two axes.
    keras.layers.DepthwiseConv1D: lambda kernel, scale: kernel * scale.reshape(kernel.shape[-2:]),
    keras.layers.DepthwiseConv2D: lambda kernel, scale: kernel * scale.reshape(kernel.shape[-2:]),
    # (..., channels out, channels in)
    keras.layers.Conv1DTranspose: lambda kernel, scale: kernel * scale[:, None],
    keras.layers.Conv2DTranspose: lambda kernel, scale: kernel * scale[:, None],
}
"""How a kernel is multiplied by a number for each output unit."""


def fold_batch_norm(model: keras.Model) -> tuple[keras.Model, list[str]]:
    """A copy of `model` without the batch normalizations that a layer before them can take over, and their names.

    That layer must be linear, feed nothing else and be used once; other normalizations stay. Nested models are
    folded too. In inference the copy computes what `model` does, up to rounding; it must not be trained further.
    `model` is unchanged, and returned itself where it has tied layers.
    """
    names: list[str] = []
    if any(hasattr(layer, "tied_to") for layer in nested_layers(model)):
        return model, names  # a copy could not restore the tie
    folded = type(model).from_config(_folded_config(model, names))
    _copy_weights(model, folded, set(names))
    return folded, names


def _folded_config(model: keras.Model, names: list[str]) -> dict[str, Any]:
    config = copy.deepcopy(model.get_config())
    entries = {entry["config"]["name"]: entry for entry in config["layers"]}
    for name, entry in entries.items():
        layer = _find_layer(model, name)
        if isinstance(layer, keras.Model):
            entry["config"] = _folded_config(layer, names)
    for source, norm in _foldable_pairs(model, config):
        names.append(norm)
        entries[source]["config"]["use_bias"] = True
        config["layers"].remove(entries[norm])
        _redirect_history(config, norm, source)
    return config


def _find_layer(model: keras.Model, name: str) -> keras.Layer | None:
    """The layer of that name; None for a sequential model's input, which is in its configuration alone."""
    return next((layer for layer in model.layers if layer.name == name), None)


def _foldable_pairs(model: keras.Model, config: dict[str, Any]) -> list[tuple[str, str]]:
    """(layer, batch normalization right behind it) for all that can be folded."""
    is_sequential = isinstance(model, keras.Sequential)
    names = [entry["config"]["name"] for entry in config["layers"]]
    pairs = pairwise(names) if is_sequential else _exclusive_pairs(config)
    return [(source, norm) for source, norm in pairs if _can_fold(_find_layer(model, source), _find_layer(model, norm))]


def _can_fold(source: keras.Layer | None, norm: keras.Layer | None) -> bool:
    if source is None or norm is None or type(norm) is not keras.layers.BatchNormalization:
        return False
    if type(source) not in KERNEL_SCALERS:
        return False
    last = len(source.output.shape) - 1
    return source.activation is keras.activations.linear and norm.axis in (-1, last)


def _exclusive_pairs(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of which the second is fed by the first alone and the first feeds nothing else; each used once."""
    nodes = {entry["config"]["name"]: entry["inbound_nodes"] for entry in config["layers"]}
    uses = list(_iter_histories([*nodes.values(), config["output_layers"]]))
    for name, inbound in nodes.items():
        origins = list(_iter_histories(inbound))
        if len(inbound) == 1 and len(origins) == 1:
            source = origins[0][0]
            if len(nodes[source]) == 1 and sum(use[0] == source for use in uses) == 1:
                yield source, name


def _is_history(value: Any) -> bool:
    """[layer, node, tensor], as Keras writes where a tensor comes from."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(isinstance(number, int) for number in value[1:])
    )


def _iter_histories(value: Any) -> Iterator[list[Any]]:
    if _is_history(value):
        yield list(value)
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _iter_histories(item)


def _redirect_history(config: dict[str, Any], old: str, new: str) -> None:
    def renamed(value: Any) -> Any:
        if _is_history(value):
            return [new if value[0] == old else value[0], *value[1:]]
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list | tuple) else value

    if "output_layers" not in config:
        return
    config["output_layers"] = renamed(config["output_layers"])
    for entry in config["layers"]:
        entry["inbound_nodes"] = renamed(entry["inbound_nodes"])


def _copy_weights(model: keras.Model, folded: keras.Model, norms: set[str]) -> None:
    norm_by_source = {source: norm for source, norm in _foldable_pairs(model, model.get_config()) if norm in norms}
    for target in folded.layers:
        source_layer = model.get_layer(target.name)
        if isinstance(target, keras.Model):
            _copy_weights(source_layer, target, norms)
        elif target.name in norm_by_source:
            kernel, bias = _folded_weights(
                source_layer, model.get_layer(norm_by_source[target.name]), KERNEL_SCALERS[type(source_layer)]
            )
            target.kernel.assign(kernel)
            target.bias.assign(bias)
        else:
            for variable, old_variable in zip(target.variables, source_layer.variables, strict=True):
                variable.assign(old_variable.value)


def _folded_weights(
    layer: keras.Layer, norm: keras.layers.BatchNormalization, scale_kernel: Callable[..., np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the folded layer, computed in double precision."""
    mean, variance, kernel = (_as_float64(value) for value in (norm.moving_mean, norm.moving_variance, layer.kernel))
    scale = 1 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        scale = scale * _as_float64(norm.gamma)
    bias = _as_float64(layer.bias) if layer.use_bias else 0.0
    shift = _as_float64(norm.beta) if norm.center else 0.0
    return scale_kernel(kernel, scale), (bias - mean) * scale + shift


def _as_float64(variable: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
