"""What the objectives of a pretraining stage are built from, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

from kerasdeep import data, modeling
from kerasdeep.config.effective_stages import config_for_stage
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.config.sections.pretraining import LABEL_FREE_PRETEXTS, PretextConfig, PretrainConfig
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.streaming import is_streamed
from kerasdeep.data.types import INPUT
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.modeling import pretraining
from kerasdeep.modeling.pretraining import Backbone, PretextModel
from kerasdeep.objectives.objective import Objective


@dataclass(frozen=True)
class PretrainingStage:
    """A stage with `pretrain`: `config` as the stage sees it, `dataset` the rows that it learns from.

    `config_path` and `location` say in a message where its section stands.
    """

    name: str
    config: Config
    planned_layers: tuple[PlannedLayer, ...]
    network_dataset: Dataset
    dataset: Dataset
    config_path: str
    location: SourceLocation | None

    def backbone(self, until: str | None, input_transform: Callable[[Any], Any] | None = None) -> Backbone:
        """A twin of the network up to the layer `until`; its input goes through `input_transform` first."""
        network = modeling.build_model(
            self.config, self.planned_layers, self.network_dataset, input_transform=input_transform
        )
        return pretraining.cut_backbone(network, self.planned_layers, until, self.config_path, self.location)

    def objective(self, pretext: PretextModel, dataset: Dataset, **options: Any) -> Objective:
        """The objective of the pretext model on `dataset`; `options` are further fields of `Objective`."""
        return Objective(pretext.model, dataset, frozenset(pretext.new_layers), kind=self.name, **options)

    def refuse(self, message: str, name: str, location: SourceLocation | None = None) -> NoReturn:
        """Raises InputError with a message that goes on from the section's path."""
        raise InputError(f"`{self.config_path}`{message}", name, location or self.location)


def open_stage(
    config: Config,
    stage: StageConfig,
    pretrain: PretrainConfig,
    index: int,
    planned_layers: tuple[PlannedLayer, ...],
    dataset: Dataset,
    say: Callable[[str], None] | None,
) -> PretrainingStage:
    """Loads what stage `index` learns from. Raises InputError for rows that no pretraining can use."""
    opened = PretrainingStage(
        pretrain.name,
        config_for_stage(config, stage),
        planned_layers,
        dataset,
        dataset,
        f"stages.{index}.pretrain.{pretrain.name}",
        stage.location("pretrain"),
    )
    opened = replace(opened, dataset=_load_dataset(config.data, pretrain.kind, opened, say))
    if is_streamed(opened.dataset.train.x):
        reason = opened.dataset.profile["stream"]["reason"]
        opened.refuse(
            f": its rows are read on demand ({reason}), and pretraining makes its own tasks of rows in memory. Set "
            "`data.stream: false`, or give the stage a smaller source with `data`.",
            "stream",
        )
    if list(dataset.input_shapes) != [INPUT]:
        opened.refuse(": the data has several inputs, and pretraining takes one.", "no-body")
    if dataset.preprocessing.column_inputs:
        opened.refuse(": pretraining takes numbers side by side, and a column here is an input of its own.", "no-body")
    return opened


def _load_dataset(
    run_data: DataConfig, kind: PretextConfig, opened: PretrainingStage, say: Callable[[str], None] | None
) -> Dataset:
    """What the stage learns from; its inputs are preprocessed as the run's own are."""
    preprocessing = opened.network_dataset.preprocessing
    if kind.data is None or _same_data(kind.data, run_data):
        return opened.network_dataset
    unlabelled = isinstance(kind, LABEL_FREE_PRETEXTS) and kind.data.source != run_data.source
    try:
        if unlabelled and data.infer_format(kind.data.source, kind.data.location("source")) != "builtin":
            return data.load_unlabelled(kind.data, preprocessing)
        stage_config = opened.config
        return data.load(
            kind.data, stage_config.task, stage_config.training.batch_size, say=say, fitted_preprocessing=preprocessing
        )
    except InputError as error:
        hint = " The target of this stage cannot also be an input of the run: name it under `data.drop`."
        located_problems = [
            replace(
                problem,
                message=f"`{opened.config_path}.data`: {problem.message}"
                f"{hint if problem.name == 'missing-column' else ''}",
                location=problem.location or opened.location,
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
