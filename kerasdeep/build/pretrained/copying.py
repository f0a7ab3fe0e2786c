"""Weights of one model put into another by the layers' names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from kerasdeep.build.selection import leaves
from kerasdeep.errors import InputError
from kerasdeep.spec.pretrained import Pretrained
from kerasdeep.spec.stages import Selectable, select


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one layer with weights: `loaded`, `skipped` (and why), or `new`."""

    layer: str
    became: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {"layer": self.layer, "became": self.became, "why": self.why}


def copy_by_name(section: Pretrained, source: keras.Model, model: keras.Model) -> list[Row]:
    """Copies the weights of every kept layer of `source` into the layer of that name, where the shapes agree.

    Returns a row for each layer with weights of either model. Raises `InputError` when nothing was copied.
    """
    offered = {name: layer for name, layer in leaves(source) if layer.weights}
    kept = _kept(section, offered)
    rows, met = [], set()
    for name, layer in leaves(model):
        if not layer.weights:
            continue
        twin = offered.get(name)
        met.add(name)
        if twin is None:
            rows.append(Row(name, "new", "the source has no layer of that name"))
        elif name not in kept:
            rows.append(Row(name, "new", "not kept"))
        elif _shapes(twin) != _shapes(layer):
            rows.append(Row(name, "skipped", f"shapes {_shapes(twin)} do not fit {_shapes(layer)}"))
        else:
            layer.set_weights(twin.get_weights())
            rows.append(Row(name, "loaded", ""))
    rows += [Row(name, "skipped", "the network has no layer of that name") for name in offered if name not in met]
    if not any(row.became == "loaded" for row in rows):
        reasons = "; ".join(f"{row.layer}: {row.why}" for row in rows[:10])
        message = f"nothing of {section.from_} fits the network by name. {reasons}."
        raise InputError(
            f"{message} Name the layers alike, or leave out `network`.", "model-file", section.mark("from")
        )
    return rows


def _kept(section: Pretrained, offered: dict[str, keras.Layer]) -> set[str]:
    names = list(offered)
    if section.keep == "all_but_head":
        return set(names[:-1])
    if isinstance(section.keep, str) and section.keep.startswith("until:"):
        last = section.keep.removeprefix("until:").strip()
        if last not in names:
            message = (
                f"`pretrained.keep`: the source has no layer `{last}` with weights. It has: {', '.join(names)}."
            )
            raise InputError(message, "unknown-layers", section.mark("keep"))
        return set(names[: names.index(last) + 1])
    layers = [Selectable(name, True) for name in names]
    return set(select(section.keep, layers, "pretrained.keep", section.mark("keep")))


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
