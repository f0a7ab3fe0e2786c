"""Layers that have learnt something already: read with care, cut, cloned, and put into a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.modeling.network import build_functional_model, seed_scope
from kerasdeep.modeling.pretrained.backbone import application_image_size, build_backbone
from kerasdeep.modeling.pretrained.loader import load_pretrained, resolve_model_path
from kerasdeep.modeling.pretrained.weights_by_name import copy_weights_by_name

__all__ = ["build_pretrained_model", "load_pretrained", "resolve_model_path"]


def build_pretrained_model(
    section: PretrainedConfig,
    planned: tuple[PlannedLayer, ...],
    input_shapes: dict[str, tuple[int, ...]],
    augmentation: Sequence[Choice] = (),
    *,
    seed: int,
    scaling: str,
    transfer_log: list[dict[str, Any]] | None = None,
    input_transform: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """The model of the planned layers with what `section` brings: its body, or weights by the layers' names.

    `told` gets a row for each layer that was loaded, skipped, new, or mended while it was read. Raises
    `InputError` for a source that cannot be read or does not fit.
    """
    transfer_log = [] if transfer_log is None else transfer_log
    shape = next(iter(input_shapes.values()))
    with seed_scope(seed, section.from_):  # an application may come with new weights
        source, upgrade_notes = load_pretrained(
            section, application_image_size(section, shape) if len(shape) > 1 else None
        )
    transfer_log += [{"layer": "", "became": "mended", "why": note} for note in upgrade_notes]
    if any(layer.role != "output" for layer in planned):
        new_model = build_functional_model(
            planned, input_shapes, augmentation, seed=seed, scaling=scaling, input_transform=input_transform
        )
        transfer_log += [row.as_dict() for row in copy_weights_by_name(section, source, new_model)]
        return new_model
    reserved_names = {layer.name for layer in planned} | set(input_shapes)
    backbone = build_backbone(section, source, seed, scaling, reserved_names)
    new_model = build_functional_model(
        planned,
        input_shapes,
        augmentation,
        seed=seed,
        scaling=scaling,
        backbone=backbone,
        input_transform=input_transform,
    )
    transfer_log += [row.as_dict() for row in backbone.transfer_log]
    return new_model
