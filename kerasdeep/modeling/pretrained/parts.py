"""A network with pretrained parts: bodies where its layers say so, weights by name, and the heads that go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from kerasdeep.config.lowering.planned import PlannedLayer, feeding_layer
from kerasdeep.config.sections.pretrained import PretrainedConfig, from_layer
from kerasdeep.data import Dataset
from kerasdeep.errors import InputError
from kerasdeep.heads import target_scales
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.network import build_functional_model, seed_scope
from kerasdeep.modeling.pretrained.backbone import PretrainedBackbone, application_image_size
from kerasdeep.modeling.pretrained.heads import (
    SourceHead,
    check_beats_constant,
    continue_head,
    find_head,
    source_targets,
)
from kerasdeep.modeling.pretrained.loader import load_pretrained
from kerasdeep.modeling.pretrained.weights_by_name import TransferRecord, copy_weights_by_name


@dataclass
class PretrainedParts:
    """What `build_functional_model` asks for the bodies among its layers; `log` says what became of each layer."""

    planned: Sequence[PlannedLayer]
    input_names: Sequence[str]
    seed: int
    scaling: str
    taken: set[str] = field(default_factory=set)
    log: list[TransferRecord] = field(default_factory=list)
    heads: dict[str, tuple[PretrainedConfig, SourceHead | None]] = field(default_factory=dict)

    def apply(self, planned: PlannedLayer, tensor: keras.KerasTensor) -> keras.KerasTensor:
        """The features of the body that `planned` stands for, its source loaded for this input."""
        section = from_layer(planned.layer)
        size = application_image_size(section, tensor.shape[1:]) if len(tensor.shape) > 2 else None
        source = self.load(section, size)
        reserved = {layer.name for layer in self.planned} | set(self.input_names) | self.taken
        pooled = bool(planned.layer.arguments.get("pooled"))
        body = PretrainedBackbone(section, source, self.seed, self.scaling, reserved, planned.name, pooled)
        features = body(tensor)
        self.taken |= body.layer_names
        records_transfer = not (section.application and section.weights is None)  # new weights are no transfer
        self.log += body.transfer_log if records_transfer else []
        self.heads[planned.name] = section, body.head()
        return features

    def load(self, section: PretrainedConfig, image_size: tuple[int, int] | None = None) -> keras.Model:
        with seed_scope(self.seed, section.from_):  # an application may come with new weights
            source, upgrade_notes = load_pretrained(section, image_size)
        self.log += [TransferRecord("", "mended", note) for note in upgrade_notes]
        return source

    def seed_name(self, planned: PlannedLayer) -> str:
        """What a layer's draws depend on beside the seed: an output is never drawn as the source's once was."""
        digests = {head.digest for _, head in self.heads.values() if head} if planned.role == "output" else set()
        return "/".join([written_name(planned.name), *sorted(digests)])

    def continue_heads(self, model: keras.Model, dataset: Dataset) -> None:
        """Gives an output right behind its body what the trained head knew, as `head` asks.

        A head of unknown classes must be right more often than a constant prediction, on training rows.
        """
        scales = target_scales(dataset.preprocessing)
        for planned in self.planned:
            if planned.role != "output":
                continue
            section, head = self.heads.get(feeding_layer(planned, self.planned), (None, None))
            if section is None or section.application or section.head == "new":
                continue
            layer, targets = model.get_layer(planned.name), dataset.heads[planned.head]
            known, drawn = source_targets(Path(section.from_)), layer.get_weights()
            try:
                record = continue_head(head, known, layer, targets, scales.get(planned.head, (1.0, 0.0)))
                if known is None and section.head == "auto":
                    check_beats_constant(model, dataset, planned.head)
                replaced = written_name(head.layer.name) if head else ""
                self.log = [row for row in self.log if (row.layer, row.outcome) != (replaced, "skipped")]
            except ValueError as reason:
                layer.set_weights(drawn)
                if section.head == "keep":
                    message = f"the head of {section.from_} cannot be kept: {reason}. Write `head: new`."
                    raise InputError(message, "model-file", section.location("head")) from None
                record = TransferRecord(written_name(planned.name), "new", str(reason))
            self.log.append(record)


def build_pretrained_model(
    planned: Sequence[PlannedLayer],
    input_shapes: dict[str, tuple[int, ...]],
    *,
    seed: int,
    scaling: str,
    weights_by_name: PretrainedConfig | None = None,
    dataset: Dataset | None = None,
    **options: Any,
) -> tuple[keras.Model, list[dict[str, str]]]:
    """The model of the planned layers with their bodies, or with a source's weights by the layers' names.

    Args:
        planned: The layers; those with the role `pretrained` are bodies.
        input_shapes: As for `build_functional_model`, which takes `options` too.
        seed: Seed of every draw.
        scaling: `data.scaling`, which decides the range of the pixels that an application gets.
        weights_by_name: The source whose weights go into layers of the same names.
        dataset: What the heads predict; without it every head is new.

    Returns:
        The model, and a row for each layer that was loaded, skipped, new, or changed to read it.

    Raises:
        InputError: A source cannot be read or does not fit.
    """
    parts = PretrainedParts(planned, list(input_shapes), seed, scaling)
    source = parts.load(weights_by_name) if weights_by_name else None
    if source is not None and weights_by_name is not None and (head := find_head(source)):
        parts.heads[""] = weights_by_name, head
    model = build_functional_model(planned, input_shapes, seed=seed, scaling=scaling, parts=parts, **options)
    if source is not None and weights_by_name is not None:
        parts.log += copy_weights_by_name(weights_by_name, source, model)
    elif dataset is not None:
        parts.continue_heads(model, dataset)
    return model, [record.as_dict() for record in parts.log]
