"""A phase while it is trained: compiled, then on the device with its callbacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerasdeep import modeling
from kerasdeep.config.lowering.planned import Head
from kerasdeep.engine.checkpoint import Position
from kerasdeep.engine.engine import Engine
from kerasdeep.keras_names import written_name
from kerasdeep.modeling import data_loss_from_logs, feature_cache, freezing
from kerasdeep.modeling.param_groups import ParamGroup
from kerasdeep.training.phase_plan import PhasePlan


@dataclass
class CompiledPhase:
    """A phase whose model is compiled for it.

    `model` is that of the objective, or what stands on top of its cached bottom. Rows pass through `frozen_base`
    first, once, where there is one. `param_groups` have learning rates of their own.
    """

    plan: PhasePlan
    model: keras.Model
    frozen_base: keras.Model | None
    param_groups: list[ParamGroup]

    @property
    def index(self) -> int:
        return self.plan.index

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def epochs(self) -> int:
        return self.plan.epochs

    @property
    def steps_per_epoch(self) -> int:
        return self.plan.steps_per_epoch

    @property
    def output_heads(self) -> list[Head]:
        return self.plan.objective.output_heads

    @property
    def feature_shape(self) -> list[int] | None:
        """The shape of a row's cached features; None where nothing is cached."""
        return list(self.frozen_base.output.shape[1:]) if self.frozen_base and self.plan.cache_location else None

    def example_batch(self) -> tuple[Any, Any]:
        """One row that stands for the data in shape and type: what the model gets, and its target."""
        x, y = self.plan.objective.example_batch()
        return (x if self.feature_shape is None else np.zeros((1, *self.feature_shape), np.float32)), y

    def history_columns(self, metric_names: Iterable[str]) -> list[str]:
        """The figures that a row of the history will hold, for a model that records these metrics."""
        metrics = dict.fromkeys(["loss", "data_loss", *map(written_name, metric_names)])
        validated = self.plan.objective.dataset.validation is not None
        return [*metrics, *(f"val_{name}" for name in metrics if validated)]


class Callback:
    """What acts while a phase is trained; a callback overrides the methods that it needs.

    The names are those of Keras, but state goes into checkpoints. `should_stop` ends the phase after the epoch in
    which it became true.
    """

    should_stop = False

    def on_phase_begin(self, phase: PhaseState) -> None:
        """The phase begins, or goes on after a resume."""

    def max_steps(self, position: Position) -> int | None:
        """How many steps the next call of the engine may run at most; None where it does not matter."""
        return None

    def on_steps_end(self, position: Position, loss: float) -> None:
        """A call of the engine returned: `position.step` steps of the epoch are done, with this mean loss."""

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        """Epoch `epoch` of the phase, from 0, was trained and validated; `row` is its row of the history."""

    def on_interrupt(self, position: Position) -> None:
        """The run was asked to stop, and stands at `position`."""

    def on_phase_end(self) -> None:
        """All epochs are done. May raise RunFailed."""

    def state_dict(self) -> dict[str, Any]:
        """What a resumed phase goes on from: JSON, with NumPy arrays inside."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what `state_dict` returned."""


@dataclass
class PhaseState(CompiledPhase):
    """A phase ready to be trained: its rows are on the device, its callbacks built.

    `first_epoch` counts the epochs that phases before it trained; `callbacks`, by name, are those whose state is
    kept in checkpoints. After a phase of pretraining `transfer_log` says what became of each layer.
    """

    first_epoch: int
    engine: Engine
    train: Any
    validation: Any
    callbacks: dict[str, Callback] = field(default_factory=dict)
    transfer_log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stopped_early(self) -> bool:
        return any(callback.should_stop for callback in self.callbacks.values())

    def is_last_epoch(self, epoch: int) -> bool:
        """Whether the phase ends with epoch `epoch`, counted from 0."""
        return epoch + 1 >= self.epochs or self.stopped_early

    def epoch_data(self, epoch: int) -> Any:
        """What epoch `epoch` of the run trains on: pairs and rotated images are drawn anew for each."""
        epoch_sampler = self.plan.objective.epoch_sampler
        if epoch_sampler is None:
            return self.train
        sampled = epoch_sampler(epoch)
        return self.engine.to_device(sampled.x, sampled.y)


def compile_phase(plan: PhasePlan) -> CompiledPhase:
    """Freezes layers and compiles the model as planned. Raises InputError where that cannot be done."""
    objective = plan.objective
    model, frozen_base = objective.model, objective.frozen_base
    freezing.set_trainable(model, plan.trainable_layers, objective.trainable_as_built)
    rate_groups = {
        selector: (factor, freezing.trainable_variables_in(model, names))
        for selector, (factor, names) in plan.rate_factors.items()
    }
    if plan.cache_location:
        config_path = f"{plan.config_path}.cache_features"
        frozen_base, model = feature_cache.split_frozen_base(model, config_path, plan.cache_location)
    groups = modeling.compile_model(
        model, plan.config, objective.dataset, plan.steps_per_epoch, plan.steps, rate_groups=rate_groups
    )
    return CompiledPhase(plan, model, frozen_base, groups)


def with_data_loss(logs: Mapping[str, float], heads: list[Head]) -> dict[str, float]:
    """Loss first, then the loss on the data alone, which is the loss itself where the model has no penalties."""
    figures = {"loss": logs["loss"], "data_loss": data_loss_from_logs(logs, heads), **logs}
    return {written_name(name): value for name, value in figures.items()}
