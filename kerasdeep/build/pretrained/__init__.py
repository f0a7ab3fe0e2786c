"""Layers that have learnt something already: read with care, cut, cloned, and put into a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasdeep.build.network import drawing_from, model
from kerasdeep.build.pretrained.body import body, picture_size
from kerasdeep.build.pretrained.copying import copy_by_name
from kerasdeep.build.pretrained.source import load, model_path
from kerasdeep.catalog import Choice
from kerasdeep.spec.planned import PlannedLayer
from kerasdeep.spec.pretrained import Pretrained

__all__ = ["load", "model_path", "network"]


def network(
    section: Pretrained,
    planned: tuple[PlannedLayer, ...],
    input_shapes: dict[str, tuple[int, ...]],
    augmentation: Sequence[Choice] = (),
    *,
    seed: int,
    scaling: str,
    told: list[dict[str, Any]] | None = None,
    front: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """The model of the planned layers with what `section` brings: its body, or weights by the layers' names.

    `told` gets a row for each layer that was loaded, skipped, new, or mended while it was read. Raises
    `InputError` for a source that cannot be read or does not fit.
    """
    told = [] if told is None else told
    shape = next(iter(input_shapes.values()))
    with drawing_from(seed, section.from_):  # an application may come with new weights
        source, notes = load(section, picture_size(section, shape) if len(shape) > 1 else None)
    told += [{"layer": "", "became": "mended", "why": note} for note in notes]
    if any(layer.role != "output" for layer in planned):
        made = model(planned, input_shapes, augmentation, seed=seed, scaling=scaling, front=front)
        told += [row.as_dict() for row in copy_by_name(section, source, made)]
        return made
    taken = {layer.name for layer in planned} | set(input_shapes)
    kept = body(section, source, seed, scaling, taken)
    made = model(planned, input_shapes, augmentation, seed=seed, scaling=scaling, body=kept, front=front)
    told += [row.as_dict() for row in kept.rows]
    return made
