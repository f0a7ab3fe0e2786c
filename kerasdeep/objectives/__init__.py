"""What the stages of a run minimise: the network its task, or first its backbone a pretext task.

The models of all objectives are built before the run begins; the weights that one has learnt are transferred to the
others layer by layer, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kerasdeep.config.effective_stages import effective_stages
from kerasdeep.config.lowering.planned import PlannedLayer, head_layer_names
from kerasdeep.config.root import Config
from kerasdeep.config.sections.pretraining import (
    AutoencoderConfig,
    MaskedConfig,
    PairsConfig,
    RotationConfig,
    SupervisedConfig,
)
from kerasdeep.data.dataset import Dataset
from kerasdeep.objectives.autoencoder import autoencoder_objectives
from kerasdeep.objectives.classification import pair_objectives, rotation_objectives, supervised_objectives
from kerasdeep.objectives.masked import masked_objectives
from kerasdeep.objectives.objective import Objective
from kerasdeep.objectives.pretraining_stage import PretrainingStage, open_stage

__all__ = ["Objective", "build_objectives"]

BUILDERS: dict[type, Callable[[Any, PretrainingStage], list[Objective]]] = {
    AutoencoderConfig: autoencoder_objectives,
    MaskedConfig: masked_objectives,
    PairsConfig: pair_objectives,
    RotationConfig: rotation_objectives,
    SupervisedConfig: supervised_objectives,
}
"""By the class of the section under `pretrain`: what builds its objectives from it and its stage."""


def build_objectives(
    config: Config,
    planned_layers: tuple[PlannedLayer, ...],
    network: keras.Model,
    dataset: Dataset,
    say: Callable[[str], None] | None = None,
) -> list[list[Objective]]:
    """The objectives of every stage: one each, but one a layer for a greedy autoencoder.

    Raises InputError, with its location, for pretraining that does not fit this network or these rows.
    """
    network_objective = Objective(network, dataset, head_layer_names(planned_layers))
    stage_objectives = []
    for index, stage in enumerate(effective_stages(config)):
        if stage.pretrain is None:
            stage_objectives.append([network_objective])
        else:
            kind = stage.pretrain.kind
            opened = open_stage(config, stage, stage.pretrain, index, planned_layers, dataset, say)
            stage_objectives.append(BUILDERS[type(kind)](kind, opened))
    return stage_objectives
