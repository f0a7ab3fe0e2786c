"""Layers that one stage's model has taught, put into another's by name."""

from __future__ import annotations

from typing import Any

import keras

from kerasdeep.build.selection import leaves


def hand_on(source: keras.Model, model: keras.Model) -> None:
    """Copies the weights of every layer of `source` into the layer of that name, where the shapes agree."""
    twins = dict(leaves(source))
    for name, layer in leaves(model):
        twin = twins.get(name)
        if twin is not None and twin is not layer and layer.weights and _shapes(twin) == _shapes(layer):
            layer.set_weights(twin.get_weights())


def told(source: keras.Model, network: keras.Model) -> list[dict[str, Any]]:
    """What became of each layer with weights, in the words of pretrained layers: loaded, skipped, or new."""
    offered = {name: layer for name, layer in leaves(source) if layer.weights}
    rows = []
    for name, layer in leaves(network):
        if not layer.weights:
            continue
        if name not in offered:
            rows.append(_row(name, "new", "not pretrained"))
        elif _shapes(offered[name]) != _shapes(layer):
            shapes = f"shapes {_shapes(offered[name])} do not fit {_shapes(layer)}"
            rows.append(_row(name, "skipped", shapes))
        else:
            rows.append(_row(name, "loaded", ""))
    own = {row["layer"] for row in rows}
    return rows + [_row(name, "skipped", "only for pretraining") for name in offered if name not in own]


def sentence(name: str, rows: list[dict[str, Any]]) -> str:
    """The table in one line, for the screen."""
    loaded = [row["layer"] for row in rows if row["became"] == "loaded"]
    shown = ", ".join(loaded[:8]) + (f", … ({len(loaded)})" if len(loaded) > 8 else "")
    left = sum(row["became"] == "skipped" for row in rows)
    new = sum(row["became"] == "new" for row in rows)
    return f"Handed on from {name}: {shown}; {left} only for pretraining, {new} of the network not pretrained."


def _row(layer: str, became: str, why: str) -> dict[str, Any]:
    return {"layer": layer, "became": became, "why": why}


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
