"""Checks of `pretrain` in a stage: one kind, settings that its style uses, and a stage that trains the network."""

from collections.abc import Iterator

from kerasdeep.config import optimizer_rules
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.lowering.lower import SHAPE_ONLY_LAYERS
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.schema import settings_of
from kerasdeep.config.sections.data import BUILT_IN_DATASETS, BUILT_IN_IMAGE_DATASETS
from kerasdeep.config.sections.pretraining import (
    AutoencoderConfig,
    MaskedConfig,
    PretrainConfig,
    RotationConfig,
    SupervisedConfig,
)
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.errors import Problems, suggest


def _pretraining_stages(context: CheckContext) -> Iterator[tuple[int, StageConfig, PretrainConfig]]:
    """The stages that pretrain, one kind each, with their number."""
    for number, stage in enumerate(context.config.stages):
        if stage.pretrain is not None and len(stage.pretrain.kinds) == 1:
            yield number, stage, stage.pretrain


def _one_kind(context: CheckContext, problems: Problems) -> None:
    for stage in context.config.stages:
        if stage.pretrain is None or len(stage.pretrain.kinds) == 1:
            continue
        known = ", ".join(settings_of(type(stage.pretrain)))
        stated = ", ".join(stage.pretrain.kinds) or "nothing"
        message = f"`pretrain` states {stated}. Expected exactly one of: {known}."
        problems.error("conflict", message, stage.location("pretrain"))


def _last_stage(context: CheckContext, problems: Problems) -> None:
    last = context.config.stages[-1] if context.config.stages else None
    if last is not None and last.pretrain is not None:
        message = "the last stage pretrains, so nothing would train the network for its task. "
        message += "Add a stage without `pretrain`, such as `- {name: classifier, train: head}`."
        problems.error("conflict", message, last.location("pretrain"))


def _autoencoders(context: CheckContext, problems: Problems) -> None:
    for _, stage, pretrain in _pretraining_stages(context):
        kind = pretrain.kind
        if not isinstance(kind, AutoencoderConfig):
            continue
        if kind.noise is not None:
            if kind.style != "denoising":
                message = f"`noise` is for the denoising style, and the style is {kind.style}. Remove one of them."
                problems.error("conflict", message, kind.location("noise"))
            if (kind.noise.gaussian is None) == (kind.noise.dropout is None):
                message = "`noise` is gaussian or dropout: expected exactly one of the two."
                problems.error("conflict", message, kind.location("noise"))
        if kind.rates is None:
            continue
        if kind.style != "greedy":
            message = f"`rates` gives each layer of the greedy style its rate, and the style is {kind.style}. "
            message += "Use the stage's `optimizer`."
            problems.error("conflict", message, kind.location("rates"))
        elif any(rate <= 0 for rate in kind.rates):
            problems.error("conflict", "`rates` are learning rates above 0.", kind.location("rates"))
        inner = optimizer_rules.unwrap_optimizer(stage.optimizer)
        if optimizer_rules.states_learning_rate(stage.schedule) or "learning_rate" not in inner.entry.arguments:
            message = "the optimizer's learning rate is stated elsewhere, so `rates` would change nothing. "
            problems.error("conflict", message + "Remove `rates`, or the schedule.", kind.location("rates"))


def _built_in_source(context: CheckContext, problems: Problems) -> None:
    """What a built-in source is known to be without reading it."""
    for _, stage, pretrain in _pretraining_stages(context):
        kind, location = pretrain.kind, stage.location("pretrain")
        source = (kind.data or context.config.data).source
        if isinstance(kind, RotationConfig) and source in BUILT_IN_DATASETS and source not in BUILT_IN_IMAGE_DATASETS:
            message = f"`rotation` turns pictures, and {source} is a table. Use `masked` or `autoencoder`."
            problems.error("no-picture", message, location)
        if isinstance(kind, MaskedConfig) and source in BUILT_IN_IMAGE_DATASETS:
            message = f"`masked` hides features of tables, and {source} is pictures. Use `rotation` or "
            problems.error("no-table", message + "`autoencoder: denoising`.", location)
        if isinstance(kind, SupervisedConfig) and kind.data is None:
            message = "`supervised` learns other labels than the run's own. Say which: "
            message += "`data: {classes: […]}`, `data: {target: …}` or `data: {source: …}`."
            problems.error("conflict", message, location)


def _until_layer(context: CheckContext, problems: Problems) -> None:
    if any(layer.role == "pretrained" for layer in context.planned):
        return
    names = [layer.name for layer in context.planned if layer.role != "output"]
    for number, stage, pretrain in _pretraining_stages(context):
        location = pretrain.kind.location("until") or stage.location("pretrain")
        until = pretrain.kind.until
        if context.planned and not any(_is_trainable_body(layer) for layer in context.planned):
            message = "there is no hidden layer in front of the output, so there is nothing to pretrain."
            problems.error("no-body", message, stage.location("pretrain"))
        elif until is not None and names and until not in names:
            message = f"`stages.{number}.pretrain.{pretrain.name}.until`: the network has no layer `{until}`. "
            message += f"It has: {', '.join(names[:40])}."
            problems.error("unknown-layers", message, location, suggest(until, names))


def _is_trainable_body(layer: PlannedLayer) -> bool:
    return layer.role == "hidden" or (layer.role == "other" and layer.layer.name not in SHAPE_ONLY_LAYERS)


def _stage_settings(context: CheckContext, problems: Problems) -> None:
    for number, stage in enumerate(context.config.stages):
        previous = context.config.stages[number - 1] if number else stage
        if stage.optimizer_state == "keep" and (stage.pretrain or previous.pretrain):
            message = "a pretraining stage trains another model, so there is no optimizer state to keep. "
            problems.error("conflict", message + "Write `optimizer_state: reset`.", stage.location("optimizer_state"))
        location = stage.location("cache_features")
        if stage.cache_features and (stage.pretrain or stage.unfreeze):
            other_key = "pretrain" if stage.pretrain else "unfreeze"
            message = f"`cache_features` is for a stage that trains what stands on a frozen bottom. With `{other_key}` "
            problems.error("conflict", message + "it has no place: remove one of them.", location)
        elif stage.cache_features is True and stage.train == "all":
            message = "this stage trains all layers, so there is nothing frozen to compute once. "
            problems.error("conflict", message + "Write `train: head` or `last:N`.", location)
        elif stage.cache_features and stage.train != "all" and context.config.data.augmentation:
            message = (
                "cached features are those of the pictures as they are, so `data.augmentation` has no effect here."
            )
            problems.warn("no-effect", message, location)
        if stage.pretrain and stage.unfreeze:
            message = "`unfreeze` is for a network that is trained already; a pretraining stage trains from the start."
            problems.error("conflict", f"{message} Move it to a later stage.", stage.location("unfreeze"))


CHECKS = (_one_kind, _last_stage, _autoencoders, _built_in_source, _until_layer, _stage_settings)
