"""Transfers the weights that one objective's model has learnt to another's layers of the same names."""

from __future__ import annotations

from typing import Any

import keras

from kerasdeep.modeling.freezing import leaf_layers


def transfer_weights(source: keras.Model, model: keras.Model) -> None:
    """Copies the weights of every layer of `source` into the layer of that name, where the shapes agree."""
    source_layers = dict(leaf_layers(source))
    for name, layer in leaf_layers(model):
        source_layer = source_layers.get(name)
        if (
            source_layer is not None
            and source_layer is not layer
            and layer.weights
            and _shapes(source_layer) == _shapes(layer)
        ):
            layer.set_weights(source_layer.get_weights())


def describe_transfer(source: keras.Model, network: keras.Model) -> list[dict[str, Any]]:
    """What became of each layer with weights, in the words of pretrained layers: loaded, skipped, or new."""
    source_layers = {name: layer for name, layer in leaf_layers(source) if layer.weights}
    rows = []
    for name, layer in leaf_layers(network):
        if not layer.weights:
            continue
        if name not in source_layers:
            rows.append(_row(name, "new", "not pretrained"))
        elif _shapes(source_layers[name]) != _shapes(layer):
            shapes = f"shapes {_shapes(source_layers[name])} do not fit {_shapes(layer)}"
            rows.append(_row(name, "skipped", shapes))
        else:
            rows.append(_row(name, "loaded", ""))
    network_layers = {row["layer"] for row in rows}
    return rows + [
        _row(name, "skipped", "only for pretraining") for name in source_layers if name not in network_layers
    ]


def transfer_summary(name: str, rows: list[dict[str, Any]]) -> str:
    """The table in one line, for the user."""
    loaded = [row["layer"] for row in rows if row["became"] == "loaded"]
    shown = ", ".join(loaded[:8]) + (f", … ({len(loaded)})" if len(loaded) > 8 else "")
    skipped_count = sum(row["became"] == "skipped" for row in rows)
    new_count = sum(row["became"] == "new" for row in rows)
    return (
        f"Transferred from {name}: {shown}; {skipped_count} layers were only for pretraining, {new_count} layers of "
        "the network are not pretrained."
    )


def _row(layer: str, became: str, why: str) -> dict[str, Any]:
    return {"layer": layer, "became": became, "why": why}


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
