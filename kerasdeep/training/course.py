"""The stages of a run: each is compiled when its turn comes, and shows afterwards that it did what it said."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

import keras

from kerasdeep import build
from kerasdeep.build import groups, selection
from kerasdeep.data import Dataset
from kerasdeep.errors import RunFailed
from kerasdeep.spec.experiment import Spec
from kerasdeep.training import preparing, proof
from kerasdeep.training.engine import Engine
from kerasdeep.training.parts import Part, parts
from kerasdeep.training.stage import Stage


class Course:
    """The model on its way through the stages of `spec`. `heads` names the output layers.

    Making one checks every stage and enters the first, so that every refusal comes before there is a run: raises
    InputError for layers that are not there, optimizers that Keras refuses, and figures that nobody records.
    """

    def __init__(
        self, spec: Spec, model: keras.Model, dataset: Dataset, xla: bool, heads: Collection[str]
    ) -> None:
        self._spec, self._model, self._dataset, self._xla = spec, model, dataset, xla
        self._as_built = selection.trainable_as_built(model)
        self._per_epoch = preparing.steps_per_epoch(spec, dataset)
        found = parts(spec, model, heads)
        logging.getLogger("tensorflow").addFilter(_is_no_retracing)
        engine = self._engine()
        self._train = engine.place(dataset.train.x, dataset.train.y, preparing.sample_weights(dataset))
        held_out = dataset.validation
        self._validation = None if held_out is None else engine.place(held_out.x, held_out.y)
        self.stages = [self._stage(number, part) for number, part in enumerate(found)]
        for later in self.stages[1:]:  # only to see that it can be
            self._compile(later.part)
        self.enter(self.stages[0], 0)
        for later in self.stages[1:]:
            preparing.watchers(later.part.spec, model, self.stages[0].columns())

    def enter(self, stage: Stage, first_epoch: int) -> None:
        """Freezes, compiles and builds for `stage`, whose epochs are counted on from `first_epoch`."""
        before = getattr(self._model, "optimizer", None)
        stage.first_epoch = first_epoch
        stage.groups = self._compile(stage.part)
        stage.engine = self._engine()
        stage.engine.build(self._train)
        if stage.part.keeps_state and stage.number:
            groups.carry_over(before, self._model.optimizer)
        stage.watchers = preparing.watchers(stage.part.spec, self._model, stage.columns())
        stage.frozen = proof.digests(self._model)

    def leave(self, stage: Stage) -> dict[str, Any]:
        """Takes the weights that the stage leaves and checks it; raises RunFailed when the check fails."""
        stopping = stage.early_stopping
        if stopping is None or not stopping.restore_best_weights():
            self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        stage.proof = proof.prove(self._model, stage.frozen, stage.groups)
        if not stage.proof["holds"]:
            raise RunFailed(proof.failure(stage.name, stage.proof))
        return stage.proof

    def thaw(self) -> None:
        """Every layer as the file has it: which stage trained it is no property of the network."""
        selection.set_trainable(self._model, self._as_built.keys(), self._as_built)

    def _stage(self, number: int, part: Part) -> Stage:
        heads = build.heads_of(self._dataset)
        return Stage(number, part, self._per_epoch, self._model, heads, self._train, self._validation)

    def _compile(self, part: Part) -> list[groups.Group]:
        selection.set_trainable(self._model, part.trained, self._as_built)
        rates = {
            selector: (factor, selection.variables_of(self._model, names))
            for selector, (factor, names) in part.rates.items()
        }
        total = self._per_epoch * part.epochs
        return build.compile_model(self._model, part.spec, self._dataset, self._per_epoch, total, rates=rates)

    def _engine(self) -> Engine:
        return Engine(
            self._model,
            self._spec.training.batch_size,
            seed=self._spec.seed,
            xla=self._xla,
            shuffle=self._spec.training.shuffle,
            chunk=self._spec.runtime.chunk,
        )


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """TensorFlow warns of functions that are traced again and again; every stage is, on purpose."""
    return "tf.function retracing" not in record.getMessage()
