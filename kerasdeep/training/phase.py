"""One stage: epochs of chunks, and what happens at the end of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras

from kerasdeep.catalog.types import Duration
from kerasdeep.config.lowering.planned import Head
from kerasdeep.engine.checkpoint import Position
from kerasdeep.engine.engine import Engine, shortest_float
from kerasdeep.errors import Interrupted, RunFailed
from kerasdeep.modeling import data_loss_from_logs, last_learning_rate, last_momentum
from kerasdeep.modeling.param_groups import ParamGroup
from kerasdeep.runs import HistoryFile
from kerasdeep.training.callbacks import EarlyStoppingCallback
from kerasdeep.training.phase_plan import PhasePlan
from kerasdeep.training.progress import NullProgress
from kerasdeep.training.tensorboard import TensorBoard

if TYPE_CHECKING:
    from kerasdeep.training.layer_monitor import LayerMonitor

LOSS_NOT_FINITE = (
    "The loss stopped being finite in epoch {epoch}{where}. What usually helps: a learning rate ten times smaller "
    "(now {rate:g}), `clipnorm: 1.0` in the optimizer, scaled inputs (`data.scaling`), another initializer."
)


@dataclass(slots=True)
class PhaseState:
    """A stage; what follows `first_epoch` is there from when the stage is entered, `train` and `validation` on the
    device.

    `model` is the lesson's, or what is on top of its cached bottom; rows go through `below` first, once, where
    there is one, and become `features` of that shape where the file asks for it. `number` counts stages from 0,
    `first_epoch` the epochs that stages before it trained. `watchers` act at epoch ends, in order;
    `early_stopping` is one of them, or None. `groups` have learning rates of their own, `frozen` are the digests
    of what must not move, `proof` shows after the stage that it did not, `handed` what became of pretrained
    layers. `told` is what the facts say of a stage that ended before the run was resumed.
    """

    index: int
    plan: PhasePlan
    model: keras.Model
    first_epoch: int = 0
    frozen_base: keras.Model | None = None
    feature_shape: list[int] | None = None
    train: Any = None
    validation: Any = None
    engine: Engine | None = None
    callbacks: dict[str, Any] = field(default_factory=dict)
    param_groups: list[ParamGroup] = field(default_factory=list)
    frozen_digests: dict[str, str] = field(default_factory=dict)
    check_result: dict[str, Any] | None = None
    transfer_log: list[dict[str, Any]] = field(default_factory=list)
    resumed_fact: dict[str, Any] | None = None

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

    def epoch_data(self, epoch: int) -> Any:
        """What epoch `epoch` of the run trains on: pairs and turned pictures are drawn anew for each."""
        epoch_sampler = self.plan.objective.epoch_sampler
        if epoch_sampler is None:
            return self.train
        sampled = epoch_sampler(epoch)
        return self.engine.to_device(sampled.x, sampled.y)

    @property
    def early_stopping(self) -> EarlyStoppingCallback | None:
        return self.callbacks.get("early_stopping")

    @property
    def stopped_early(self) -> bool:
        return self.early_stopping is not None and self.early_stopping.should_stop

    def history_columns(self) -> list[str]:
        """The figures that a row of the history will hold."""
        metrics = list(self.engine.metrics())
        metrics = list(dict.fromkeys(["loss", "data_loss", *metrics]))
        return metrics + (
            [f"val_{name}" for name in metrics] if self.plan.objective.dataset.validation is not None else []
        )


class CheckpointPolicy:
    """When a checkpoint is due: every so many steps, counted from the stage's start, or minutes."""

    def __init__(self, interval: Duration, steps_per_epoch: int, total_steps: int) -> None:
        minutes = interval.unit == "minutes"
        self._steps = None if minutes else interval.steps(steps_per_epoch, total_steps)
        self._seconds = interval.amount * 60 if minutes else math.inf
        self._last = time.monotonic()

    def steps_until_due(self, steps_done: int) -> int | None:
        """Steps until the next one is due; None when steps do not matter."""
        return self._steps and self._steps - steps_done % self._steps

    def is_due(self, steps_done: int) -> bool:
        if self._steps:
            return steps_done % self._steps == 0
        return time.monotonic() - self._last >= self._seconds

    def mark_saved(self) -> None:
        self._last = time.monotonic()


@dataclass(slots=True)
class RunContext:
    """What a stage works with but does not own."""

    history: HistoryFile
    history_rows: list[dict[str, Any]]
    display: NullProgress
    tensorboard: TensorBoard | None
    layer_monitor: LayerMonitor | None
    checkpoint_policy: CheckpointPolicy
    stop_requested: Callable[[], bool]
    save_checkpoint: Callable[[Position], None]


def fit_phase(phase: PhaseState, position: Position, context: RunContext) -> None:
    """Train `stage` from `position` to its end.

    Raises Interrupted, after saving, when a stop was asked for, and RunFailed when the loss is no longer finite.
    """
    context.display.on_phase_begin(phase.name, phase.epochs, phase.steps_per_epoch, phase.engine.batch_size)
    while position.epoch < phase.epochs and not phase.stopped_early:
        logs, seconds = position.logs, position.seconds
        if logs is None:
            logs, seconds = _train_epoch(phase, position, context)
        trained_position = Position(phase.index, position.epoch, phase.steps_per_epoch, seconds, logs)
        row = _validated_row(phase, trained_position, context)
        context.history_rows.append(row)
        context.history.append(row)
        _check_finite(phase, row["epoch"], row["loss"], row.get("val_loss"), detail="")
        for callback in phase.callbacks.values():
            callback.on_epoch_end(position.epoch, row)
        if context.tensorboard:
            context.tensorboard.on_epoch_end(row)
        if context.layer_monitor:
            context.layer_monitor.on_epoch_end(phase, row)
        context.display.on_epoch_end(row, position.epoch + 1)
        position = Position(phase.index, position.epoch + 1)
        is_last = position.epoch == phase.epochs or phase.stopped_early
        if is_last or context.checkpoint_policy.is_due(position.epoch * phase.steps_per_epoch):
            context.save_checkpoint(position)
            context.checkpoint_policy.mark_saved()
        if context.stop_requested() and not is_last:
            _interrupt(position, context)


def _train_epoch(phase: PhaseState, position: Position, context: RunContext) -> tuple[dict[str, float], float]:
    """The rest of an epoch: its metrics and the seconds that all of it took."""
    epoch_index = phase.first_epoch + position.epoch
    epoch_runner = phase.engine.train(phase.epoch_data(epoch_index), epoch_index, position.step)
    seconds, steps_before = position.seconds, position.epoch * phase.steps_per_epoch
    while not epoch_runner.done:
        start = time.perf_counter()
        epoch_runner.run(context.checkpoint_policy.steps_until_due(steps_before + epoch_runner.step))
        seconds += time.perf_counter() - start
        detail = f", within its first {epoch_runner.step:,} steps" if not epoch_runner.done else ""
        _check_finite(phase, epoch_index + 1, epoch_runner.loss, None, detail, context)
        context.display.on_steps_end(position.epoch + 1, epoch_runner.step, epoch_runner.loss)
        if epoch_runner.done:
            break
        mid_epoch = Position(phase.index, position.epoch, epoch_runner.step, seconds)
        if context.stop_requested():
            _interrupt(mid_epoch, context)
        if context.checkpoint_policy.is_due(steps_before + epoch_runner.step):
            context.save_checkpoint(mid_epoch)
            context.checkpoint_policy.mark_saved()
    return phase.engine.metrics(), seconds


def _validated_row(phase: PhaseState, position: Position, context: RunContext) -> dict[str, Any]:
    logs, validation = position.logs or {}, {}
    if phase.validation is not None:
        evaluation = phase.engine.evaluate(phase.validation, context.stop_requested)
        if evaluation is None:
            _interrupt(position, context)
        validation = {
            f"val_{name}": value for name, value in with_data_loss(evaluation or {}, phase.output_heads).items()
        }
    momentum = last_momentum(phase.model.optimizer)
    return {
        "stage": phase.name,
        "epoch": phase.first_epoch + position.epoch + 1,
        **with_data_loss(logs, phase.output_heads),
        **validation,
        "learning_rate": shortest_float(last_learning_rate(phase.model.optimizer)),
        **{
            f"learning_rate:{group.selector}": shortest_float(last_learning_rate(group.optimizer))
            for group in phase.param_groups
        },
        "momentum": None if momentum is None else shortest_float(momentum),
        "seconds": round(position.seconds, 4),
        "examples_per_second": round(phase.engine.count_rows(phase.train) / max(position.seconds, 1e-9), 1),
    }


def with_data_loss(logs: dict[str, float], heads: list[Head]) -> dict[str, float]:
    """Loss first, then the loss on the data alone, which is the loss itself where the model has no penalties."""
    return {"loss": logs["loss"], "data_loss": data_loss_from_logs(logs, heads), **logs}


def _check_finite(
    phase: PhaseState,
    epoch: int,
    loss: float,
    validation_loss: float | None,
    detail: str,
    context: RunContext | None = None,
) -> None:
    if math.isfinite(loss) and math.isfinite(validation_loss or 0.0):
        return
    if context is not None:  # the history shows where it happened
        context.history.append({"stage": phase.name, "epoch": epoch, "loss": loss})
    raise RunFailed(LOSS_NOT_FINITE.format(epoch=epoch, where=detail, rate=last_learning_rate(phase.model.optimizer)))


def _interrupt(position: Position, context: RunContext) -> None:
    context.save_checkpoint(position)
    raise Interrupted
