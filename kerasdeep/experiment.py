"""An experiment: everything that a configuration describes, built and checked, before anything is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerasdeep import data, modeling
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.config.checks.steps import check_steps
from kerasdeep.config.effective_stages import config_for_stage, effective_stages
from kerasdeep.config.lowering.lower import lower_network
from kerasdeep.config.lowering.planned import PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.data.dataset import Dataset
from kerasdeep.data.hardware import gpu_memory_bytes
from kerasdeep.data.streaming import stream_if_exceeds_device
from kerasdeep.engine import compile_policy, memory
from kerasdeep.engine.compile_policy import CompileDecision
from kerasdeep.errors import InputError, Problem
from kerasdeep.evaluation.layer_stats import Batch, take_rows
from kerasdeep.modeling.batches import epoch_permutation
from kerasdeep.modeling.shape_only import shape_only_variables
from kerasdeep.objectives import Objective, build_objectives


@dataclass
class Experiment:
    """Data, planned layers, network and objectives, ready to be compiled.

    `stage_objectives` holds the objectives of each stage; it is empty for an experiment that was prepared with
    `network_only`. `pretrained_log` has a row for every layer that takes part in a transfer from a pretrained
    model. `reading_bytes` is the memory that reading the data took at its peak.
    """

    config: Config
    runtime: RuntimeContext
    dataset: Dataset
    planned_layers: tuple[PlannedLayer, ...]
    model: keras.Model
    stage_objectives: list[list[Objective]] = field(default_factory=list)
    pretrained_log: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    reading_bytes: int = 0

    @property
    def objectives(self) -> list[Objective]:
        """Each objective once."""
        return list({id(objective): objective for stage in self.stage_objectives for objective in stage}.values())

    @property
    def steps_per_epoch(self) -> int:
        return modeling.steps_per_epoch(self.config, self.dataset)

    @property
    def total_steps(self) -> int:
        """Batches that the whole run trains on, as planned."""
        stages = zip(effective_stages(self.config), self.stage_objectives, strict=True)
        return sum(
            modeling.steps_per_epoch(self.config, objective.dataset) * stage.epochs
            for stage, objectives in stages
            for objective in objectives
        )

    @cached_property
    def compile_decision(self) -> CompileDecision:
        """Whether the run is compiled with XLA, and why. Raises InputError where XLA is asked for but impossible."""
        section = self.config.runtime
        return compile_policy.choose(
            self.model,
            section.compile,
            device=self.runtime.device,
            steps=self.total_steps,
            backend=self.runtime.backend,
            location=section.location("compile"),
        )

    @property
    def data_hash(self) -> str:
        """The hash of all data that the run learns from."""
        hashes = dict.fromkeys([self.dataset.hash, *(objective.dataset.hash for objective in self.objectives)])
        return self.dataset.hash if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    def first_batch(self, count: int) -> Batch:
        """The first `count` training rows (or as many as there are) in the order of the first epoch."""
        return next(self.batches(min(count, len(self.dataset.train))))

    def batches(self, size: int | None = None, rows: np.ndarray | None = None) -> Iterator[Batch]:
        """Full batches of training rows (of those `rows`) without end, each epoch in its own order, as in training."""
        weights = modeling.sample_weights(self.dataset)
        size, epoch = size or self.config.training.batch_size, 0
        while True:
            order = epoch_permutation(self.config.seed, epoch, len(self.dataset.train if rows is None else rows))
            order = order if rows is None else rows[order]
            for first in range(0, len(order) - size + 1, size):
                yield take_rows(self.dataset.train, order[first : first + size], weights)
            epoch += 1


def prepare(
    config: Config,
    runtime: RuntimeContext,
    say: Callable[[str], None] | None = None,
    *,
    shape_only: bool = False,
    network_only: bool = False,
) -> Experiment:
    """Loads the data, builds the network and the objectives of all stages, and checks that they fit each other.

    Args:
        config: The checked configuration.
        runtime: What `backends.runtime.prepare` returned for it.
        say: Takes sentences for the user, such as the progress of a download.
        shape_only: Declare variables without filling them, where Keras can: a network that would not fit into
            memory can still be described. Pretrained networks have their values all the same.
        network_only: Build no objectives: for tools that look at the network and train it on its own task only.

    Raises:
        InputError: The data, the network, the pretraining or the devices do not fit each other.
    """
    _check_batch_divides(config, runtime)
    rss_before = memory.peak_rss()
    dataset = data.load(config.data, config.task, config.training.batch_size, say=say)
    dataset = stream_if_exceeds_device(dataset, config.data, gpu_memory_bytes() if runtime.device == "gpu" else None)
    reading_bytes = memory.peak_rss() - rss_before
    planned_layers = lower_network(
        config,
        modeling.output_heads(dataset),
        dataset.input_shapes,
        modeling.feature_names(dataset),
        dataset.preprocessing.column_inputs,
    )
    shape_only = shape_only and not config.pretrained_sources
    pretrained_log: list[dict[str, Any]] = []
    try:
        with shape_only_variables() if shape_only else nullcontext():
            model = modeling.build_model(config, planned_layers, dataset, pretrained_log)
    except InputError:
        if not shape_only:
            raise
        # A few layers compute while they are built; a mistake of the user's is a mistake here too.
        model = modeling.build_model(config, planned_layers, dataset)
    if config.threshold and all(target.task.calibration != "threshold" for target in dataset.targets):
        message = "`threshold` has no effect on this target: it is for two classes and for sets of labels."
        dataset.warnings.append(Problem("warning", "no-effect", message, config.location("threshold")))
    experiment = Experiment(
        config, runtime, dataset, planned_layers, model, pretrained_log=pretrained_log, reading_bytes=reading_bytes
    )
    if not network_only:
        with shape_only_variables() if shape_only else nullcontext():
            experiment.stage_objectives = build_objectives(config, planned_layers, model, dataset, say)
        data_warnings = [problem for objective in experiment.objectives for problem in objective.dataset.warnings]
        experiment.warnings = list(dict.fromkeys([*dataset.warnings, *data_warnings])) + _check_all_steps(experiment)
    return experiment


def _check_batch_divides(config: Config, runtime: RuntimeContext) -> None:
    """Raises InputError when a batch cannot be split evenly over the devices that share it."""
    size, devices = config.training.batch_size, runtime.devices
    if size % devices:
        below, above = size // devices * devices, -(-size // devices) * devices
        nearest = ", ".join(str(multiple) for multiple in (below, above) if multiple)
        message = f"A batch of {size} rows cannot be split evenly over {devices} devices. Expected a multiple of "
        message += f"{devices}, such as {nearest}."
        raise InputError(message, "batch-size", config.training.location("batch_size"))


def _check_all_steps(experiment: Experiment) -> list[Problem]:
    """Warnings that need the number of steps. Raises InputError for a stage that would learn nothing in them."""
    warnings: list[Problem] = []
    config = experiment.config
    for stage, objectives in zip(effective_stages(config), experiment.stage_objectives, strict=True):
        per_epoch = modeling.steps_per_epoch(config, objectives[0].dataset)
        stage_config = config_for_stage(config, stage)
        problems = check_steps(stage_config, stage.optimizer, stage.schedule, per_epoch, stage.epochs)
        problems.raise_if_errors()
        warnings += problems.warnings
    return list(dict.fromkeys(warnings))
