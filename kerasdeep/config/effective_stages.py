"""The stages of a run with everything that they leave out, and the configuration that each of them sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerasdeep.config.root import Config
from kerasdeep.config.sections.pretraining import (
    AutoencoderConfig,
    MaskedConfig,
    PairsConfig,
    PretrainConfig,
    SupervisedConfig,
    pretrain_data,
    with_run_defaults,
)
from kerasdeep.config.sections.stages import StageConfig

MAIN_STAGE = "main"
"""The name of the one stage of a run that has no `stages`."""


def with_inherited_settings(config: Config) -> Config:
    """`config` with everything that its stages leave out filled in from the top level."""
    return replace(config, stages=[_stage_with_defaults(config, stage, n) for n, stage in enumerate(config.stages, 1)])


def _stage_with_defaults(config: Config, stage: StageConfig, number: int) -> StageConfig:
    top_level = {"schedule": config.schedule, "early_stopping": config.training.early_stopping}
    changes: dict[str, Any] = {key: value for key, value in top_level.items() if stage.location(key) is None}
    changes |= {"name": stage.name or f"stage_{number}", "epochs": stage.epochs or config.training.epochs}
    if stage.pretrain is not None:
        changes["pretrain"] = with_run_defaults(stage.pretrain, config.data)
    return replace(stage, optimizer=stage.optimizer or config.optimizer, **changes)


def effective_stages(config: Config) -> list[StageConfig]:
    """The stages of a run: those that are written, or the one that every run has."""
    return with_inherited_settings(config).stages or [_stage_with_defaults(config, StageConfig(name=MAIN_STAGE), 1)]


def config_for_stage(config: Config, stage: StageConfig) -> Config:
    """The experiment as if this filled-in stage were all of it; the schedule of one of several fills its stage."""
    training = replace(config.training, epochs=stage.epochs, early_stopping=stage.early_stopping)
    if config.stages:
        training = replace(training, schedule_epochs=None)
    overrides = _pretrain_overrides(stage.pretrain, config) if stage.pretrain else {}
    changes = {"optimizer": stage.optimizer, "schedule": stage.schedule, "training": training, "stages": [stage]}
    return replace(config, **changes | overrides)


def _pretrain_overrides(section: PretrainConfig, config: Config) -> dict[str, Any]:
    """Data, task, loss, metrics and regularization as a pretraining stage sees them."""
    kind, data = section.kind, pretrain_data(section, config.data)
    if isinstance(kind, SupervisedConfig):
        return {"data": data, "task": kind.task, "loss": "auto", "metrics": "auto"}
    if isinstance(kind, AutoencoderConfig | MaskedConfig | PairsConfig):
        data = replace(data, augmentation=[])
    return {
        "data": data,
        "task": "auto",
        "loss": kind.loss if isinstance(kind, AutoencoderConfig) else "auto",
        "metrics": [] if isinstance(kind, AutoencoderConfig | MaskedConfig) else "auto",
        "regularization": replace(config.regularization, label_smoothing=0.0),
    }
