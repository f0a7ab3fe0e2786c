"""The phases in which a run trains: the stages of the file, with `unfreeze` spelled out and layers by name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kerasdeep import modeling
from kerasdeep.config.effective_stages import config_for_stage, effective_stages
from kerasdeep.config.optimizer_rules import with_learning_rate
from kerasdeep.config.root import Config
from kerasdeep.config.sections.stages import DECAY, SelectableLayer, StageConfig, select_layers
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.experiment import Experiment
from kerasdeep.modeling import feature_cache, freezing
from kerasdeep.objectives import Objective


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """One compilation of the model. `config` is the configuration as this phase sees it.

    `rate_factors` has (factor, names of layers) by selector. With `keeps_optimizer_state` the optimizer goes on from
    the state of the phase before. `cache_location` is where the file asks to compute the frozen bottom once, under
    `config_path`. `index` counts from 0.
    """

    name: str
    config: Config
    train_description: str
    trainable_layers: frozenset[str]
    objective: Objective
    rate_factors: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    keeps_optimizer_state: bool = False
    config_path: str = ""
    cache_location: SourceLocation | None = None
    index: int = 0
    is_last: bool = False

    @property
    def epochs(self) -> int:
        return self.config.training.epochs

    @property
    def steps_per_epoch(self) -> int:
        return modeling.steps_per_epoch(self.config, self.objective.dataset)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs


def plan_phases(experiment: Experiment) -> list[PhasePlan]:
    """Every phase of the run, in order.

    Raises InputError for a selector that means no layer, or none that its stage trains, for a layer that two rates
    mean, and for a stage in which nothing learns.
    """
    config: Config = experiment.config
    plans: list[PhasePlan] = []
    stage_objectives = zip(effective_stages(config), experiment.stage_objectives, strict=True)
    for index, (stage, objectives) in enumerate(stage_objectives):
        config_path = f"stages.{index}" if config.stages else "the run"
        for objective in objectives:
            plans += _plan_stage(config, stage, objective, config_path)
    return [replace(plan, index=index, is_last=plan is plans[-1]) for index, plan in enumerate(plans)]


def _plan_stage(config: Config, stage: StageConfig, objective: Objective, config_path: str) -> list[PhasePlan]:
    layers = freezing.selectable_layers(objective.model, objective.head_layers)
    trainable_layers = {layer.name for layer in layers if layer.weighted and objective.trainable_as_built[layer.name]}
    selected_layers = select_layers(stage.train, layers, f"{config_path}.train", stage.location("train"))
    if not trainable_layers.intersection(selected_layers):
        message = (
            f"`{config_path}` selects {_train_description(stage)}, but none of these layers can be trained: they have "
        )
        message += "no weights, or `trainable: false`."
        raise InputError(message, "nothing-to-train", stage.location("train"))
    blocks = freezing.layer_blocks(objective.model, [name for name in selected_layers if name in trainable_layers])
    if stage.unfreeze:
        return _unfreezing_plans(config, stage, objective, blocks)
    rate_factors = _rate_factors(stage, layers, blocks, f"{config_path}.rates")
    stage_with_rate = (
        stage
        if objective.learning_rate is None
        else replace(stage, optimizer=with_learning_rate(stage.optimizer, objective.learning_rate))
    )
    stage_config, name = config_for_stage(config, stage_with_rate), f"{stage.name}{objective.name_suffix}"
    keeps_optimizer_state = stage.optimizer_state == "keep"
    cached = stage.cache_features
    if cached == "auto":
        freezing.set_trainable(objective.model, selected_layers, objective.trainable_as_built)
        cached = objective.frozen_base is None and feature_cache.can_split(objective.model)
        freezing.set_trainable(objective.model, objective.trainable_as_built.keys(), objective.trainable_as_built)
    cache_location = (stage.location("cache_features") or SourceLocation(config_path)) if cached else None
    return [
        PhasePlan(
            name,
            stage_config,
            _train_description(stage),
            frozenset(selected_layers),
            objective,
            rate_factors,
            keeps_optimizer_state,
            config_path,
            cache_location,
        )
    ]


def _train_description(stage: StageConfig) -> str:
    return stage.train if isinstance(stage.train, str) else ", ".join(stage.train)


def _rate_factors(
    stage: StageConfig, layers: Sequence[SelectableLayer], blocks: Sequence[Sequence[str]], config_path: str
) -> dict[str, tuple[float, list[str]]]:
    """(factor of the learning rate, names of layers) by selector; `blocks` are the layers that the stage trains."""
    location = stage.location("rates")
    trainable_layers = {name for block in blocks for name in block}
    selector_by_layer: dict[str, str] = {}
    rate_factors = {}
    selectors = dict(stage.rates)
    decay = None if any(layer.name == DECAY for layer in layers) else selectors.pop(DECAY, None)
    for selector, factor in selectors.items():
        names = [name for name in select_layers(selector, layers, config_path, location) if name in trainable_layers]
        if not names:
            message = f"`{config_path}`: this stage trains nothing of `{selector}`."
            raise InputError(f"{message} It trains: {_shortened_list(trainable_layers)}.", "unknown-layers", location)
        for name in names:
            _check_single_rate(name, selector, selector_by_layer, config_path, location)
        if factor != 1.0:
            rate_factors[selector] = (factor, names)
    if decay is not None and decay != 1.0:
        heads = {layer.name for layer in layers if layer.head}
        body = [block for block in blocks if not heads.intersection(block)]
        for depth, block in enumerate(reversed(body), 1):
            if names := [name for name in block if name not in selector_by_layer]:
                rate_factors[f"{DECAY}_{depth}"] = (decay**depth, names)
    return rate_factors


def _check_single_rate(
    name: str, selector: str, selector_by_layer: dict[str, str], config_path: str, location: SourceLocation | None
) -> None:
    if name in selector_by_layer:
        message = (
            f"`{config_path}`: `{selector_by_layer[name]}` and `{selector}` both select {name}. Expected one rate "
        )
        message += "for each layer."
        raise InputError(message, "conflict", location)
    selector_by_layer[name] = selector


def _shortened_list(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:20]) + (", …" if len(shown) > 20 else "")


def _unfreezing_plans(
    config: Config, stage: StageConfig, objective: Objective, blocks: list[list[str]]
) -> list[PhasePlan]:
    """The phases of `unfreeze`: the top block alone, then the next one with it, and so on, slower further down."""
    unfreeze = stage.unfreeze
    assert unfreeze is not None
    top_first = blocks[::-1]
    step_count = max(1, min(len(top_first), stage.epochs // unfreeze.every))
    block_groups = np.array_split(np.arange(len(top_first)), step_count)
    layers_by_step = [[name for block in block_group for name in top_first[block]] for block_group in block_groups]
    plans = []
    for step in range(1, step_count + 1):
        epochs = unfreeze.every if step < step_count else stage.epochs - unfreeze.every * (step_count - 1)
        rates = {
            f"block_{block_number}": (unfreeze.factor**-depth, layers_by_step[depth])
            for depth, block_number in enumerate(range(1, step + 1))
            if depth and unfreeze.factor != 1.0
        }
        step_stage = replace(stage, name=f"{stage.name}_{step}", epochs=epochs) if step_count > 1 else stage
        trainable_layers = [name for block in layers_by_step[:step] for name in block]
        description = f"the top {step} of {step_count} blocks" if step_count > 1 else _train_description(stage)
        keeps_optimizer_state = step > 1 or stage.optimizer_state == "keep"
        plans.append(
            PhasePlan(
                str(step_stage.name),
                config_for_stage(config, step_stage),
                description,
                frozenset(trainable_layers),
                objective,
                rates,
                keeps_optimizer_state,
            )
        )
    return plans
