"""The stages of a run: each is compiled when its turn comes, and shows afterwards that it did what it said."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kerasdeep import modeling
from kerasdeep.engine.engine import Engine
from kerasdeep.errors import RunFailed
from kerasdeep.experiment import Experiment
from kerasdeep.modeling import feature_cache, freezing, param_groups
from kerasdeep.objectives import Objective
from kerasdeep.training import freeze_check, layer_transfer, run_setup
from kerasdeep.training.phase import PhaseState
from kerasdeep.training.phase_plan import plan_phases
from kerasdeep.training.pruning import PruningCallback


class Trainer:
    """The models on their way through the stages of `spec`; `taught` are the lessons of each stage.

    Making one checks every stage and enters the first, so that every refusal comes before there is a run: raises
    InputError for layers that are not there, optimizers that Keras refuses, and figures that nobody records.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._spec, self._xla = experiment.config, experiment.compile_decision.xla
        self._objectives = experiment.objectives
        self._device_cache: tuple[Any, Any, Any] = (None, None, None)
        logging.getLogger("tensorflow").addFilter(_is_not_retracing_warning)
        self.phases = [
            PhaseState(index, plan, plan.objective.model) for index, plan in enumerate(plan_phases(experiment))
        ]
        for phase in self.phases[1:]:  # only to see that it can be
            self._check_phase(phase)
        self.begin_phase(self.phases[0], 0)
        for phase in self.phases[1:]:
            if phase.plan.objective is self.phases[0].plan.objective:
                run_setup.build_callbacks(phase.plan.config, phase.model, self.phases[0].history_columns())

    @property
    def network(self) -> keras.Model:
        """The network itself, which the last stage trains."""
        return self.phases[-1].plan.objective.model

    def begin_phase(self, phase: PhaseState, first_epoch: int) -> None:
        """Freezes, compiles and builds for `stage`, whose epochs are counted on from `first_epoch`."""
        previous_optimizer = getattr(self.phases[phase.index - 1].model, "optimizer", None) if phase.index else None
        for other_phase in self.phases:
            other_phase.train = other_phase.validation = None
        phase.first_epoch = first_epoch
        phase.param_groups = self._compile_phase(phase)
        phase.engine = self._new_engine(phase.model)
        phase.train, phase.validation = self._device_data(phase)
        phase.engine.build(phase.train)
        if phase.plan.keeps_optimizer_state and previous_optimizer is not None:
            param_groups.transfer_optimizer_state(previous_optimizer, phase.model.optimizer)
        phase.callbacks = run_setup.build_callbacks(phase.plan.config, phase.model, phase.history_columns())
        pruning_config = phase.plan.config.regularization.pruning
        if pruning_config and phase is self.phases[-1]:  # after early stopping, which keeps the weights it measured
            phase.callbacks["pruning"] = PruningCallback(
                pruning_config, phase.model, phase.steps_per_epoch, phase.epochs
            )
        phase.frozen_digests = freeze_check.frozen_digests(phase.plan.objective.model)

    def end_phase(self, phase: PhaseState) -> dict[str, Any]:
        """Takes the weights that the stage leaves, checks it, and hands its layers on by name.

        Raises RunFailed when the check fails.
        """
        early_stopping, model = phase.early_stopping, phase.model
        if early_stopping is None or not early_stopping.restore_best_weights():
            model.optimizer.finalize_variable_values(model.trainable_variables)
        objective = phase.plan.objective
        phase.check_result = freeze_check.check_phase(
            objective.model, model.optimizer, phase.frozen_digests, phase.param_groups
        )
        if not phase.check_result["holds"]:
            raise RunFailed(freeze_check.failure_message(phase.name, phase.check_result))
        other_models = [other.model for other in self._objectives if other.model is not objective.model]
        for other in other_models:
            layer_transfer.transfer_weights(objective.model, other)
        phase.transfer_log = layer_transfer.describe_transfer(objective.model, self.network) if objective.kind else []
        return phase.check_result

    def other_models(self, phase: PhaseState) -> list[keras.Model]:
        """The models beside the stage's own whose weights the rest of the run goes on from."""
        later_objectives = [later_phase.plan.objective for later_phase in self.phases[phase.index :]]
        frozen_bases = [objective.frozen_base for objective in later_objectives if objective.frozen_base is not None]
        models = {
            id(model): model
            for model in (self.network, *(objective.model for objective in later_objectives), *frozen_bases)
        }
        models.pop(id(phase.model), None)
        return list(models.values())

    def evaluation_phase(self) -> PhaseState:
        """The last stage as it evaluates rows: what learnt on cached features has its bottom again.

        Penalties are those of the network as saved: of every layer, the frozen ones too, in all parts alike.
        """
        last_phase = self.phases[-1]
        if last_phase.plan.cache_location:
            last_phase.plan, last_phase.model = replace(last_phase.plan, cache_location=None), self.network
            self._compile_phase(last_phase)
            last_phase.engine = self._new_engine(last_phase.model)
            last_phase.train, last_phase.validation = self._device_data(last_phase)
        if last_phase.frozen_digests:
            self.restore_trainable()
            last_phase.engine = self._new_engine(
                last_phase.model
            )  # the former one has traced the loss of the frozen network
        return last_phase

    def restore_trainable(self) -> None:
        """Every layer as the file has it: which stage trained it is no property of the network."""
        trainable_as_built = self.phases[-1].plan.objective.trainable_as_built
        freezing.set_trainable(self.network, trainable_as_built.keys(), trainable_as_built)

    def _check_phase(self, phase: PhaseState) -> None:
        self._compile_phase(phase)
        if phase.plan.objective is not self.phases[0].plan.objective:
            phase.engine = self._new_engine(phase.model)
            phase.engine.build(self._example_batch(phase))
            run_setup.build_callbacks(phase.plan.config, phase.model, phase.history_columns())

    def _example_batch(self, phase: PhaseState) -> tuple[Any, Any]:
        x, y = phase.plan.objective.example_batch()
        if phase.plan.cache_location:  # what it is given are features of the layers below
            x = np.zeros((1, *phase.feature_shape), np.float32)
        return x, y

    def _compile_phase(self, phase: PhaseState) -> list[param_groups.ParamGroup]:
        plan, objective = phase.plan, phase.plan.objective
        freezing.set_trainable(objective.model, plan.trainable_layers, objective.trainable_as_built)
        phase.frozen_base = objective.frozen_base
        if plan.cache_location:
            phase.frozen_base, phase.model = feature_cache.split_frozen_base(
                objective.model, f"{plan.config_path}.cache_features", plan.cache_location
            )
            phase.feature_shape = list(phase.frozen_base.output.shape[1:])
        rate_groups = {
            selector: (factor, freezing.trainable_variables_in(objective.model, names))
            for selector, (factor, names) in plan.rate_factors.items()
        }
        return modeling.compile_model(
            phase.model, plan.config, objective.dataset, plan.steps_per_epoch, plan.steps, rate_groups=rate_groups
        )

    def _device_data(self, phase: PhaseState) -> tuple[Any, Any]:
        """Training and validation rows on the device; placed once for the stages that share them."""
        objective = phase.plan.objective
        key = (id(objective), phase.index if phase.plan.cache_location else None)
        if self._device_cache[0] != key:
            self._device_cache = (None, None, None)  # before the next ones take their place
            self._device_cache = (key, *self._put_on_device(phase, objective))
        return self._device_cache[1], self._device_cache[2]

    def _put_on_device(self, phase: PhaseState, objective: Objective) -> tuple[Any, Any]:
        sample_weights = modeling.sample_weights(objective.dataset)
        placed = []
        for split in (objective.dataset.train, objective.dataset.validation):
            if split is None:
                placed.append(None)
                continue
            x, y = split.x, split.y
            if phase.frozen_base is not None:
                x = self._new_engine(phase.frozen_base).predict(x)
                y = x if objective.is_autoencoder else y
            placed.append(phase.engine.to_device(x, y, sample_weights if not placed else None))
        return placed[0], placed[1]

    def _new_engine(self, model: keras.Model) -> Engine:
        return Engine(
            model,
            self._spec.training.batch_size,
            seed=self._spec.seed,
            xla=self._xla,
            shuffle=self._spec.training.shuffle,
            chunk=self._spec.runtime.chunk,
        )


def _is_not_retracing_warning(record: logging.LogRecord) -> bool:
    """TensorFlow warns of functions that are traced again and again; every stage is, on purpose."""
    return "tf.function retracing" not in record.getMessage()
