"""Pretrained layers: scanned, loaded, cut, cloned, and put into a network."""

from collections.abc import Sequence

import keras

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.modeling.network import TensorFunction, build_functional_model, seed_scope
from kerasdeep.modeling.pretrained.backbone import application_image_size, build_backbone
from kerasdeep.modeling.pretrained.loader import load_pretrained, resolve_model_path
from kerasdeep.modeling.pretrained.weights_by_name import TransferRecord, copy_weights_by_name

__all__ = ["build_pretrained_model", "load_pretrained", "resolve_model_path"]


def build_pretrained_model(
    section: PretrainedConfig,
    planned: tuple[PlannedLayer, ...],
    input_shapes: dict[str, tuple[int, ...]],
    augmentation: Sequence[Choice] = (),
    *,
    seed: int,
    scaling: str,
    input_transform: TensorFunction | None = None,
) -> tuple[keras.Model, list[dict[str, str]]]:
    """The model of the planned layers on the source's backbone, or with its weights by the layers' names.

    With it a row for each layer that was loaded, skipped, new, or changed to read it. The other arguments are those
    of `build_functional_model`. Raises `InputError` for a source that cannot be read or does not fit.
    """
    shape = next(iter(input_shapes.values()))
    with seed_scope(seed, section.from_):  # an application may come with new weights
        source, upgrade_notes = load_pretrained(
            section, application_image_size(section, shape) if len(shape) > 1 else None
        )
    records = [TransferRecord("", "mended", note) for note in upgrade_notes]
    backbone = None
    if all(layer.role == "output" for layer in planned):
        reserved_names = {layer.name for layer in planned} | set(input_shapes)
        backbone = build_backbone(section, source, seed, scaling, reserved_names)
    model = build_functional_model(
        planned,
        input_shapes,
        augmentation,
        seed=seed,
        scaling=scaling,
        backbone=backbone,
        input_transform=input_transform,
    )
    records += backbone.transfer_log if backbone else copy_weights_by_name(section, source, model)
    return model, [record.as_dict() for record in records]
