"""Trains the phases of an experiment one after the other; each is compiled when its turn comes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras

from kerasdeep import modeling
from kerasdeep.engine.checkpoint import Position
from kerasdeep.engine.engine import Engine
from kerasdeep.experiment import Experiment
from kerasdeep.modeling import freezing, param_groups
from kerasdeep.training import layer_transfer
from kerasdeep.training.callbacks import build_phase_callbacks, check_monitors
from kerasdeep.training.epoch_loop import EpochLoop
from kerasdeep.training.phase import Callback, CompiledPhase, PhaseState, compile_phase
from kerasdeep.training.phase_plan import PhasePlan, plan_phases


class Trainer:
    """The models of an experiment on their way through its phases; `phase` is the one that was begun last.

    Making one checks every phase and begins the first, so that every refusal comes before there is a run: raises
    InputError for layers that are not there, optimizers that Keras refuses, and monitors that are not recorded.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._device_cache: tuple[Any, Any, Any] = (None, None, None)
        logging.getLogger("tensorflow").addFilter(_is_not_retracing_warning)
        self.plans = plan_phases(experiment)
        later_phases = [self._check_phase(plan) for plan in self.plans[1:]]
        self.phase = self._open_phase(self.plans[0], 0)
        self.feature_shapes = [phase.feature_shape for phase in (self.phase, *later_phases)]
        for plan in self.plans:
            if plan.objective is self.phase.plan.objective:
                check_monitors(plan.config, self.phase.history_columns(self.phase.engine.metrics()))

    def begin_phase(self, plan: PhasePlan, first_epoch: int) -> PhaseState:
        """Freezes, compiles and builds for `plan`; `first_epoch` counts the epochs of the phases before it."""
        previous_optimizer = self.phase.model.optimizer if plan.index else None
        self.phase.train = self.phase.validation = None  # make room on the device
        self.phase = self._open_phase(plan, first_epoch)
        if plan.keeps_optimizer_state and previous_optimizer is not None:
            param_groups.transfer_optimizer_state(previous_optimizer, self.phase.model.optimizer)
        return self.phase

    def fit(self, callbacks: Sequence[Callback], position: Position, stop_requested: Callable[[], bool]) -> None:
        """Trains the phase that was begun, from `position` to its end, and transfers its layers to other models.

        Raises Interrupted, after it was saved, when a stop is asked for, and RunFailed when the loss is no longer
        finite or the check of the phase fails.
        """
        for callback in callbacks:
            callback.on_phase_begin(self.phase)
        EpochLoop(self.phase, callbacks, stop_requested).run(position)
        model, objective = self.phase.model, self.phase.plan.objective
        model.optimizer.finalize_variable_values(model.trainable_variables)  # averaged weights, where there are any
        for callback in callbacks:
            callback.on_phase_end()
        for other in self.experiment.objectives:
            if other.model is not objective.model:
                layer_transfer.transfer_weights(objective.model, other.model)
        if objective.kind:
            self.phase.transfer_log = layer_transfer.describe_transfer(objective.model, self.experiment.model)

    def other_models(self, plan: PhasePlan) -> list[keras.Model]:
        """The models beside the phase's own whose weights the rest of the run goes on from."""
        later_objectives = [later_plan.objective for later_plan in self.plans[plan.index :]]
        frozen_bases = [objective.frozen_base for objective in later_objectives if objective.frozen_base is not None]
        candidates = (self.experiment.model, *(objective.model for objective in later_objectives), *frozen_bases)
        models = {id(model): model for model in candidates}
        if not plan.cache_location:  # a phase on cached features trains a part of the network alone
            models.pop(id(plan.objective.model), None)
        return list(models.values())

    def evaluation_phase(self) -> PhaseState:
        """The last phase as it evaluates rows: where it learnt on cached features, the whole network again.

        Every layer is trainable as the file has it, for which phase trained it is no property of the network. So
        penalties are those of the network as saved: of every layer, the frozen ones too, on all splits alike.
        """
        phase = self.phase
        froze_layers = bool(freezing.frozen_variables(self.experiment.model))
        if phase.plan.cache_location:
            compiled = compile_phase(replace(phase.plan, cache_location=None))
            phase.train = phase.validation = None
            phase = self._on_device(compiled, phase.first_epoch)
        trainable_as_built = phase.plan.objective.trainable_as_built
        freezing.set_trainable(self.experiment.model, trainable_as_built.keys(), trainable_as_built)
        if froze_layers:
            phase = replace(phase, engine=self._new_engine(phase.model))  # the other has traced the frozen network
        return phase

    def _check_phase(self, plan: PhasePlan) -> CompiledPhase:
        phase = compile_phase(plan)
        if plan.objective is not self.plans[0].objective:
            engine = self._new_engine(phase.model)
            engine.build(phase.example_batch())
            check_monitors(plan.config, phase.history_columns(engine.metrics()))
        return phase

    def _open_phase(self, plan: PhasePlan, first_epoch: int) -> PhaseState:
        phase = self._on_device(compile_phase(plan), first_epoch)
        phase.engine.build(phase.train)
        phase.callbacks |= build_phase_callbacks(phase)
        return phase

    def _on_device(self, compiled: CompiledPhase, first_epoch: int) -> PhaseState:
        engine = self._new_engine(compiled.model)
        return PhaseState(
            **vars(compiled), first_epoch=first_epoch, engine=engine, **self._device_data(compiled, engine)
        )

    def _device_data(self, phase: CompiledPhase, engine: Engine) -> dict[str, Any]:
        """Training and validation rows on the device; placed once for the phases that share them."""
        objective = phase.plan.objective
        key = (id(objective), phase.index if phase.plan.cache_location else None)
        if self._device_cache[0] != key:
            self._device_cache = (None, None, None)  # before the next ones take their place
            weights = modeling.sample_weights(objective.dataset)
            placed: list[Any] = []
            for split in (objective.dataset.train, objective.dataset.validation):
                if split is None:
                    placed.append(None)
                    continue
                x, y = split.x, split.y
                if phase.frozen_base is not None:
                    x = self._new_engine(phase.frozen_base).predict(x)
                    y = x if objective.is_autoencoder else y
                placed.append(engine.to_device(x, y, split.weight if placed else weights))
            self._device_cache = (key, *placed)
        return {"train": self._device_cache[1], "validation": self._device_cache[2]}

    def _new_engine(self, model: keras.Model) -> Engine:
        config = self.experiment.config
        return Engine(
            model,
            config.training.batch_size,
            seed=config.seed,
            xla=self.experiment.compile_decision.xla,
            shuffle=config.training.shuffle,
            chunk=config.runtime.chunk,
        )


def _is_not_retracing_warning(record: logging.LogRecord) -> bool:
    """TensorFlow warns of functions that are traced again and again; every phase is, on purpose."""
    return "tf.function retracing" not in record.getMessage()
