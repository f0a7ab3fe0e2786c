"""The stages of a run: each is compiled when its turn comes, and shows afterwards that it did what it said."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kerasdeep import build
from kerasdeep.build import bottom, groups, selection
from kerasdeep.errors import RunFailed
from kerasdeep.spec.experiment import Spec
from kerasdeep.training import handing, lessons, preparing, proof
from kerasdeep.training.engine import Engine
from kerasdeep.training.lessons import Lesson
from kerasdeep.training.parts import parts
from kerasdeep.training.pruning import Pruning
from kerasdeep.training.stage import Stage


class Course:
    """The models on their way through the stages of `spec`; `taught` are the lessons of each stage.

    Making one checks every stage and enters the first, so that every refusal comes before there is a run: raises
    InputError for layers that are not there, optimizers that Keras refuses, and figures that nobody records.
    """

    def __init__(self, spec: Spec, taught: Sequence[Sequence[Lesson]], xla: bool) -> None:
        self._spec, self._xla = spec, xla
        self._lessons = lessons.every(taught)
        self._placed: tuple[Any, Any, Any] = (None, None, None)
        logging.getLogger("tensorflow").addFilter(_is_no_retracing)
        self.stages = [Stage(number, part, part.lesson.model) for number, part in enumerate(parts(spec, taught))]
        for later in self.stages[1:]:  # only to see that it can be
            self._check(later)
        self.enter(self.stages[0], 0)
        for later in self.stages[1:]:
            if later.part.lesson is self.stages[0].part.lesson:
                preparing.watchers(later.part.spec, later.model, self.stages[0].columns())

    @property
    def network(self) -> keras.Model:
        """The network itself, which the last stage trains."""
        return self.stages[-1].part.lesson.model

    def enter(self, stage: Stage, first_epoch: int) -> None:
        """Freezes, compiles and builds for `stage`, whose epochs are counted on from `first_epoch`."""
        before = getattr(self.stages[stage.number - 1].model, "optimizer", None) if stage.number else None
        for other in self.stages:
            other.train = other.validation = None
        stage.first_epoch = first_epoch
        stage.groups = self._compile(stage)
        stage.engine = self._engine(stage.model)
        stage.train, stage.validation = self._data(stage)
        stage.engine.build(stage.train)
        if stage.part.keeps_state and before is not None:
            groups.carry_over(before, stage.model.optimizer)
        stage.watchers = preparing.watchers(stage.part.spec, stage.model, stage.columns())
        pruned = stage.part.spec.regularization.pruning
        if pruned and stage is self.stages[-1]:  # after early stopping, which keeps the weights it measured
            stage.watchers["pruning"] = Pruning(pruned, stage.model, stage.steps_per_epoch, stage.epochs)
        stage.frozen = proof.digests(stage.part.lesson.model)

    def leave(self, stage: Stage) -> dict[str, Any]:
        """Takes the weights that the stage leaves, checks it, and hands its layers on by name.

        Raises RunFailed when the check fails.
        """
        stopping, model = stage.early_stopping, stage.model
        if stopping is None or not stopping.restore_best_weights():
            model.optimizer.finalize_variable_values(model.trainable_variables)
        lesson = stage.part.lesson
        stage.proof = proof.prove(lesson.model, model.optimizer, stage.frozen, stage.groups)
        if not stage.proof["holds"]:
            raise RunFailed(proof.failure(stage.name, stage.proof))
        others = [other.model for other in self._lessons if other.model is not lesson.model]
        for other in others:
            handing.hand_on(lesson.model, other)
        stage.handed = handing.told(lesson.model, self.network) if lesson.kind else []
        return stage.proof

    def others(self, stage: Stage) -> list[keras.Model]:
        """The models beside the stage's own whose weights the rest of the run goes on from."""
        later = [one.part.lesson for one in self.stages[stage.number :]]
        below = [lesson.below for lesson in later if lesson.below is not None]
        found = {id(model): model for model in (self.network, *(lesson.model for lesson in later), *below)}
        found.pop(id(stage.model), None)
        return list(found.values())

    def whole(self) -> Stage:
        """The last stage as it evaluates rows: what learnt on cached features has its bottom again.

        Penalties are those of the network as saved: of every layer, the frozen ones too, in all parts alike.
        """
        last = self.stages[-1]
        if last.part.cached:
            last.part, last.model = replace(last.part, cached=None), self.network
            self._compile(last)
            last.engine = self._engine(last.model)
            last.train, last.validation = self._data(last)
        if last.frozen:
            self.thaw()
            last.engine = self._engine(last.model)  # the former one has traced the loss of the frozen network
        return last

    def thaw(self) -> None:
        """Every layer as the file has it: which stage trained it is no property of the network."""
        as_built = self.stages[-1].part.lesson.as_built
        selection.set_trainable(self.network, as_built.keys(), as_built)

    def _check(self, stage: Stage) -> None:
        self._compile(stage)
        if stage.part.lesson is not self.stages[0].part.lesson:
            stage.engine = self._engine(stage.model)
            stage.engine.build(self._first_row(stage))
            preparing.watchers(stage.part.spec, stage.model, stage.columns())

    def _first_row(self, stage: Stage) -> tuple[Any, Any]:
        x, y = stage.part.lesson.first_row()
        if stage.part.cached:  # what it is given are features of the layers below
            x = np.zeros((1, *stage.features), np.float32)
        return x, y

    def _compile(self, stage: Stage) -> list[groups.Group]:
        part, lesson = stage.part, stage.part.lesson
        selection.set_trainable(lesson.model, part.trained, lesson.as_built)
        stage.below = lesson.below
        if part.cached:
            stage.below, stage.model = bottom.split(lesson.model, f"{part.where}.cache_features", part.cached)
            stage.features = list(stage.below.output.shape[1:])
        rates = {
            selector: (factor, selection.variables_of(lesson.model, names))
            for selector, (factor, names) in part.rates.items()
        }
        return build.compile_model(
            stage.model, part.spec, lesson.dataset, part.steps_per_epoch, part.steps, rates=rates
        )

    def _data(self, stage: Stage) -> tuple[Any, Any]:
        """Training and validation rows on the device; placed once for the stages that share them."""
        lesson = stage.part.lesson
        key = (id(lesson), stage.number if stage.part.cached else None)
        if self._placed[0] != key:
            self._placed = (None, None, None)  # before the next ones take their place
            self._placed = (key, *self._place(stage, lesson))
        return self._placed[1], self._placed[2]

    def _place(self, stage: Stage, lesson: Lesson) -> tuple[Any, Any]:
        weights = build.sample_weights(lesson.dataset)
        found = []
        for part in (lesson.dataset.train, lesson.dataset.validation):
            if part is None:
                found.append(None)
                continue
            x, y = part.x, part.y
            if stage.below is not None:
                x = self._engine(stage.below).predict(x)
                y = x if lesson.reconstructs else y
            found.append(stage.engine.place(x, y, weights if not found else None))
        return found[0], found[1]

    def _engine(self, model: keras.Model) -> Engine:
        return Engine(
            model,
            self._spec.training.batch_size,
            seed=self._spec.seed,
            xla=self._xla,
            shuffle=self._spec.training.shuffle,
            chunk=self._spec.runtime.chunk,
        )


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """TensorFlow warns of functions that are traced again and again; every stage is, on purpose."""
    return "tf.function retracing" not in record.getMessage()
