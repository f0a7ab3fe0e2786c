"""Pretext tasks with classes: how far an image is rotated, a related target, whether two rows have one class."""

from __future__ import annotations

from kerasdeep import modeling
from kerasdeep.config.sections.pretraining import PairsConfig, RotationConfig, SupervisedConfig
from kerasdeep.data import pretext
from kerasdeep.data.types import INPUT
from kerasdeep.modeling import pretraining
from kerasdeep.objectives.objective import Objective
from kerasdeep.objectives.pretraining_stage import PretrainingStage


def rotation_objectives(kind: RotationConfig, stage: PretrainingStage) -> list[Objective]:
    """Which of four quarter turns an image was given (Gidaris et al. 2018)."""
    shape = stage.dataset.train.only_x.shape[1:]
    if len(shape) not in (2, 3) or shape[0] != shape[1]:
        stage.refuse(
            f" rotates square images; these rows have shape {shape}. For tables use `masked` or `autoencoder`; for "
            "images set `data.image.size`.",
            "no-picture",
        )
    backbone = stage.backbone(kind.until)
    dataset, epoch_sampler = pretext.rotation_dataset(stage.dataset, stage.config.seed)
    head = modeling.output_heads(dataset)[0]
    classifier = pretraining.build_pretext_classifier(backbone, stage.config, head, "rotation_output")
    return [stage.objective(classifier, dataset, epoch_sampler=epoch_sampler)]


def supervised_objectives(kind: SupervisedConfig, stage: PretrainingStage) -> list[Objective]:
    """The target of other data, or another target of the same data."""
    heads = modeling.output_heads(stage.dataset)
    if len(heads) > 1:
        stage.refuse(
            f" learns one target, and its data has {len(heads)}. Choose one with `data.target`.", "several-targets"
        )
    backbone = stage.backbone(kind.until)
    classifier = pretraining.build_pretext_classifier(backbone, stage.config, heads[0], "supervised_output")
    return [stage.objective(classifier, stage.dataset)]


def pair_objectives(kind: PairsConfig, stage: PretrainingStage) -> list[Objective]:
    """Whether two rows have the same class."""
    targets = stage.dataset.targets
    if len(targets) != 1 or not targets[0].task.has_classes:
        stage.refuse(
            " asks whether two rows have the same class, but the target is not categorical. Choose one with "
            "`data.target`.",
            "no-classes",
        )
    backbone = stage.backbone(kind.until)
    if stage.config.pretrained_sources and not kind.shared:
        stage.refuse(
            ": a second tower with weights of its own needs layers that the file lists. Write `shared: true`.",
            "conflict",
        )
    dataset, epoch_sampler = pretext.pair_dataset(stage.dataset, stage.config.seed, f"other_{INPUT}")
    model = pretraining.build_pair_model(backbone, stage.config, kind.units, kind.shared)
    return [stage.objective(model, dataset, epoch_sampler=epoch_sampler)]
