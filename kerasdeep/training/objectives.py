"""What the parts of a run learn: the network its task, or its body something else first.

A lesson is a model with its data. The models of all lessons are made before the run begins; what one of them has
learnt is handed to the others layer by layer, by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import keras
import numpy as np

from kerasdeep import data, modeling
from kerasdeep.config.checks.steps import check_steps
from kerasdeep.config.lowering.planned import Head, PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.config.sections import stages as spec_stages
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.config.sections.pretraining import (
    LABEL_FREE_PRETEXTS,
    AutoencoderConfig,
    MaskedConfig,
    PairsConfig,
    PretrainConfig,
    RotationConfig,
    SupervisedConfig,
)
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.data import Dataset, DataSplit, pretext
from kerasdeep.data.streaming import is_streamed
from kerasdeep.data.types import INPUT
from kerasdeep.errors import InputError, Problem, SourceLocation
from kerasdeep.modeling import freezing, pretraining


@dataclass
class Objective:
    """A model, its data, and the names of the layers that are its heads.

    `kind` names the pretraining, nothing for the network itself. Rows go through `below` first, where there is
    one; `reconstructs` says that the answer is what comes out of it. `draw` gives the training rows of an epoch
    where each has its own. `suffix` and `rate` are those of a turn of a greedy autoencoder.
    """

    model: keras.Model
    dataset: Dataset
    head_layers: frozenset[str]
    kind: str = ""
    name_suffix: str = ""
    learning_rate: float | None = None
    frozen_base: keras.Model | None = None
    is_autoencoder: bool = False
    epoch_sampler: Callable[[int], DataSplit] | None = None
    trainable_as_built: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.trainable_as_built = freezing.initial_trainable(self.model)

    @property
    def output_heads(self) -> list[Head]:
        return modeling.output_heads(self.dataset)

    def example_batch(self) -> tuple[Any, Any]:
        """Stands for data in shape and type: one row of what the model is given, and its answer."""
        x, y = keras.tree.map_structure(lambda array: array[:1], (self.dataset.train.x, self.dataset.train.y))
        if self.frozen_base is None:
            return x, y
        x = np.zeros((1, *self.model.inputs[0].shape[1:]), np.float32)
        return x, x if self.is_autoencoder else y


def build_objectives(
    config: Config,
    planned_layers: tuple[PlannedLayer, ...],
    network: keras.Model,
    dataset: Dataset,
    say: Callable[[str], None] | None = None,
) -> list[list[Objective]]:
    """The lessons of every stage: one each, but for a greedy autoencoder, which has one for each layer.

    Raises InputError for pretraining that makes no sense for this network and these rows, at its place.
    """
    head_layers = frozenset(layer.name for layer in planned_layers if layer.role == "output")
    network_objective = Objective(network, dataset, head_layers)
    stage_objectives = []
    for index, stage in enumerate(spec_stages.effective_stages(config)):
        if stage.pretrain is None:
            stage_objectives.append([network_objective])
            continue
        stage_config = spec_stages.config_for_stage(config, stage)
        config_path = f"stages.{index}.pretrain.{stage.pretrain.name}"
        stage_objectives.append(
            _pretraining_objectives(config, stage, stage_config, planned_layers, dataset, config_path, say)
        )
    return stage_objectives


def unique_objectives(stage_objectives: Sequence[Sequence[Objective]]) -> list[Objective]:
    """Each lesson once."""
    return list({id(objective): objective for objectives in stage_objectives for objective in objectives}.values())


def total_steps(config: Config, stage_objectives: Sequence[Sequence[Objective]]) -> int:
    """How many batches the whole run trains on, as planned."""
    stages = zip(spec_stages.effective_stages(config), stage_objectives, strict=True)
    return sum(
        modeling.steps_per_epoch(config, objective.dataset) * stage.epochs
        for stage, objectives in stages
        for objective in objectives
    )


def data_warnings(stage_objectives: Sequence[Sequence[Objective]], dataset: Dataset) -> list[Problem]:
    """What reading the data of all lessons warned of, once."""
    problems = [
        *dataset.warnings,
        *(problem for objective in unique_objectives(stage_objectives) for problem in objective.dataset.warnings),
    ]
    return list(dict.fromkeys(problems))


def step_warnings(config: Config, stage_objectives: Sequence[Sequence[Objective]]) -> list[Problem]:
    """Warnings that need the number of steps. Raises InputError when nothing would be learnt in them."""
    warning_list: list[Problem] = []
    for stage, objectives in zip(spec_stages.effective_stages(config), stage_objectives, strict=True):
        per_epoch = modeling.steps_per_epoch(config, objectives[0].dataset)
        stage_config = spec_stages.config_for_stage(config, stage)
        problems = check_steps(stage_config, stage.optimizer, stage.schedule, per_epoch, stage.epochs)
        problems.raise_if_errors()
        warning_list += problems.warnings
    return list(dict.fromkeys(warning_list))


def data_digest(stage_objectives: Sequence[Sequence[Objective]], dataset: Dataset) -> str:
    """The hash of all data that the run learns from."""
    hashes = dict.fromkeys(
        [dataset.hash, *(objective.dataset.hash for objective in unique_objectives(stage_objectives))]
    )
    return dataset.hash if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _pretraining_objectives(
    config: Config,
    stage: StageConfig,
    stage_config: Config,
    planned_layers: tuple[PlannedLayer, ...],
    dataset: Dataset,
    config_path: str,
    say: Callable[[str], None] | None,
) -> list[Objective]:
    section: PretrainConfig = stage.pretrain
    kind, location = section.kind, stage.location("pretrain")
    pretraining_data = _pretraining_dataset(config, stage_config, section, dataset, config_path, location, say)
    if is_streamed(pretraining_data.train.x):
        message = f"`{config_path}`: its rows are read on demand ({pretraining_data.profile['stream']['reason']}), and pretraining "
        message += "makes its own tasks of rows in memory. Set `data.stream: false`, or give the stage a smaller "
        message += "source with `data`."
        raise InputError(message, "stream", location)
    if list(dataset.input_shapes) != [INPUT]:
        raise InputError(
            f"`{config_path}`: the data has several inputs, and pretraining takes one.", "no-body", location
        )
    _check_fits(section, pretraining_data, config_path, location)
    builder = _BUILDERS[type(kind)]
    input_transform = _input_transform(section, config.seed)
    pretraining_network = modeling.build_model(stage_config, planned_layers, dataset, input_transform=input_transform)
    backbone = pretraining.cut_backbone(pretraining_network, planned_layers, kind.until, config_path, location)
    objectives = builder(kind, backbone, stage_config, pretraining_data, input_transform, config_path, location)
    return [replace(objective, kind=section.name) for objective in objectives]


def _pretraining_dataset(
    config: Config,
    stage_config: Config,
    section: PretrainConfig,
    dataset: Dataset,
    config_path: str,
    location: SourceLocation | None,
    say: Callable[[str], None] | None,
) -> Dataset:
    """What the stage learns from; the inputs are prepared as the run's own are."""
    kind = section.kind
    if kind.data is None or _same_data(kind.data, config.data):
        return dataset
    unlabelled = isinstance(kind, LABEL_FREE_PRETEXTS) and kind.data.source != config.data.source
    try:
        if unlabelled and data.infer_format(kind.data.source, kind.data.location("source")) != "builtin":
            return data.load_unlabelled(kind.data, dataset.preprocessing)
        return data.load(
            kind.data,
            stage_config.task,
            stage_config.training.batch_size,
            say=say,
            fitted_preprocessing=dataset.preprocessing,
        )
    except InputError as error:
        hint = " What this stage predicts can be no feature of the run: name it under `data.drop`."
        located_problems = [
            replace(
                problem,
                message=f"`{config_path}.data`: {problem.message}{hint if problem.name == 'missing-column' else ''}",
                location=problem.location or location,
            )
            for problem in error.problems
        ]
        raise InputError(located_problems) from error


def _same_data(first: DataConfig, second: DataConfig) -> bool:
    return all(
        getattr(first, entry.name) == getattr(second, entry.name)
        for entry in fields(DataConfig)
        if entry.name != "locations"
    )


def _check_fits(section: PretrainConfig, dataset: Dataset, config_path: str, location: SourceLocation | None) -> None:
    shape = dataset.train.x.shape[1:]
    kind = section.kind
    if isinstance(kind, MaskedConfig) and len(shape) != 1:
        message = f"`{config_path}` hides features of tables; these rows have shape {shape}. For pictures use "
        raise InputError(message + "`autoencoder: denoising` or `rotation`.", "no-table", location)
    if isinstance(kind, RotationConfig) and (len(shape) not in (2, 3) or shape[0] != shape[1]):
        message = f"`{config_path}` turns square pictures; these rows have shape {shape}. "
        message += "For tables use `masked` or `autoencoder`; for pictures set `data.image.size`."
        raise InputError(message, "no-picture", location)
    if isinstance(kind, PairsConfig):
        targets = dataset.targets
        if len(targets) != 1 or not targets[0].task.has_classes:
            message = f"`{config_path}` asks whether two rows have the same class, and the target is no class. "
            raise InputError(message + "Choose one with `data.target`.", "no-classes", location)
    if isinstance(kind, SupervisedConfig) and len(dataset.heads) > 1:
        message = (
            f"`{config_path}` learns one target, and its data has {len(dataset.heads)}. Choose one with `data.target`."
        )
        raise InputError(message, "several-targets", location)


def _input_transform(section: PretrainConfig, seed: int) -> Any:
    kind = section.kind
    if isinstance(kind, AutoencoderConfig) and kind.noise is not None:
        return pretraining.build_input_noise(kind.noise, seed)
    return pretraining.FeatureMasking(kind.rate, seed) if isinstance(kind, MaskedConfig) else None


def _autoencoder_objectives(
    kind: AutoencoderConfig,
    backbone: pretraining.Backbone,
    stage_config: Config,
    dataset: Dataset,
    input_transform: Any,
    config_path: str,
    location: SourceLocation | None,
) -> list[Objective]:
    pretext_data = pretext.reconstruction_dataset(dataset)
    decoder_builder = pretraining.DecoderSettings(
        stage_config, kind.style == "tied", kind.output_activation, config_path, location
    )
    if kind.style != "greedy":
        pretext_model = pretraining.build_autoencoder(backbone, decoder_builder)
        return [Objective(pretext_model.model, pretext_data, frozenset(pretext_model.new_layers), is_autoencoder=True)]
    layer_models = pretraining.build_greedy_autoencoders(backbone, decoder_builder)
    rates = kind.rates or [None] * len(layer_models)
    if len(rates) != len(layer_models):
        message = f"`{config_path}.rates` has {len(rates)} rates, and {len(layer_models)} layers learn in turn. Give each its own."
        raise InputError(message, "wrong-value", kind.location("rates") or location)
    return [
        Objective(
            *(pretext_model.model, pretext_data, frozenset(pretext_model.new_layers)),
            name_suffix=f"_{number}" if len(layer_models) > 1 else "",
            learning_rate=rate,
            frozen_base=pretext_model.frozen_base,
            is_autoencoder=True,
        )
        for number, (pretext_model, rate) in enumerate(zip(layer_models, rates, strict=True), 1)
    ]


def _rotation_objectives(
    kind: RotationConfig,
    backbone: pretraining.Backbone,
    stage_config: Config,
    dataset: Dataset,
    input_transform: Any,
    config_path: str,
    location: SourceLocation | None,
) -> list[Objective]:
    pretext_data, epoch_sampler = pretext.rotation_dataset(dataset, stage_config.seed)
    pretext_model = pretraining.build_pretext_classifier(
        backbone, stage_config, modeling.output_heads(pretext_data)[0], "rotation_output"
    )
    return [
        Objective(pretext_model.model, pretext_data, frozenset(pretext_model.new_layers), epoch_sampler=epoch_sampler)
    ]


def _masked_objectives(
    kind: MaskedConfig,
    backbone: pretraining.Backbone,
    stage_config: Config,
    dataset: Dataset,
    input_transform: Any,
    config_path: str,
    location: SourceLocation | None,
) -> list[Objective]:
    pretext_model = pretraining.build_masked_feature_model(backbone, stage_config, input_transform.mask, kind.rate)
    return [
        Objective(pretext_model.model, pretext.reconstruction_dataset(dataset), frozenset(pretext_model.new_layers))
    ]


def _supervised_objectives(
    kind: SupervisedConfig,
    backbone: pretraining.Backbone,
    stage_config: Config,
    dataset: Dataset,
    input_transform: Any,
    config_path: str,
    location: SourceLocation | None,
) -> list[Objective]:
    pretext_model = pretraining.build_pretext_classifier(
        backbone, stage_config, modeling.output_heads(dataset)[0], "supervised_output"
    )
    return [Objective(pretext_model.model, dataset, frozenset(pretext_model.new_layers))]


def _pair_objectives(
    kind: PairsConfig,
    backbone: pretraining.Backbone,
    stage_config: Config,
    dataset: Dataset,
    input_transform: Any,
    config_path: str,
    location: SourceLocation | None,
) -> list[Objective]:
    if stage_config.pretrained_source is not None and not kind.shared:
        message = f"`{config_path}`: a second tower with weights of its own needs layers that the file lists. "
        raise InputError(message + "Write `shared: true`.", "conflict", location)
    pretext_data, epoch_sampler = pretext.pair_dataset(dataset, stage_config.seed, f"other_{INPUT}")
    pretext_model = pretraining.build_pair_model(backbone, stage_config, kind.units, kind.shared)
    return [
        Objective(pretext_model.model, pretext_data, frozenset(pretext_model.new_layers), epoch_sampler=epoch_sampler)
    ]


_BUILDERS = {
    AutoencoderConfig: _autoencoder_objectives,
    RotationConfig: _rotation_objectives,
    MaskedConfig: _masked_objectives,
    SupervisedConfig: _supervised_objectives,
    PairsConfig: _pair_objectives,
}
