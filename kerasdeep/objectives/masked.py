"""Masked features: columns of a table are hidden and predicted from the others."""

from __future__ import annotations

from kerasdeep.config.sections.pretraining import MaskedConfig
from kerasdeep.data import pretext
from kerasdeep.modeling import pretraining
from kerasdeep.objectives.objective import Objective
from kerasdeep.objectives.pretraining_stage import PretrainingStage


def masked_objectives(kind: MaskedConfig, stage: PretrainingStage) -> list[Objective]:
    """Predicts every feature; only the errors of hidden ones count."""
    shape = stage.dataset.train.only_x.shape[1:]
    if len(shape) != 1:
        stage.refuse(
            f" hides features of tables; these rows have shape {shape}. For images use `autoencoder: denoising` or "
            "`rotation`.",
            "no-table",
        )
    masking = pretraining.FeatureMasking(kind.rate, stage.config.seed)
    backbone = stage.backbone(kind.until, masking)
    model = pretraining.build_masked_feature_model(backbone, stage.config, masking.mask, kind.rate)
    return [stage.objective(model, pretext.reconstruction_dataset(stage.dataset))]
