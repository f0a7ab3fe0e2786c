"""One stage: epochs of chunks, and what happens at the end of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras

from kerasdeep.build import applied_momentum, applied_rate, data_loss
from kerasdeep.build.groups import Group
from kerasdeep.catalog.types import Duration
from kerasdeep.errors import Interrupted, RunFailed
from kerasdeep.run_dir import History
from kerasdeep.spec.planned import Head
from kerasdeep.training.checkpoint import Position
from kerasdeep.training.engine import Engine, shortest
from kerasdeep.training.parts import Part
from kerasdeep.training.progress import Silent
from kerasdeep.training.tensorboard import TensorBoard
from kerasdeep.training.watching import EarlyStopping

if TYPE_CHECKING:
    from kerasdeep.training.health import Health

NOT_FINITE = (
    "The loss stopped being finite in epoch {epoch}{where}. What usually helps: a learning rate ten times smaller "
    "(now {rate:g}), `clipnorm: 1.0` in the optimizer, scaled inputs (`data.scaling`), another initializer."
)


@dataclass(slots=True)
class Stage:
    """A stage; what follows `first_epoch` is there from when the stage is entered, `train` and `validation` on the
    device.

    `model` is the lesson's, or what is on top of its cached bottom; rows go through `below` first, once, where
    there is one, and become `features` of that shape where the file asks for it. `number` counts stages from 0,
    `first_epoch` the epochs that stages before it trained. `watchers` act at epoch ends, in order;
    `early_stopping` is one of them, or None. `groups` have learning rates of their own, `frozen` are the digests
    of what must not move, `proof` shows after the stage that it did not, `handed` what became of pretrained
    layers. `told` is what the facts say of a stage that ended before the run was resumed.
    """

    number: int
    part: Part
    model: keras.Model
    first_epoch: int = 0
    below: keras.Model | None = None
    features: list[int] | None = None
    train: Any = None
    validation: Any = None
    engine: Engine | None = None
    watchers: dict[str, Any] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    frozen: dict[str, str] = field(default_factory=dict)
    proof: dict[str, Any] | None = None
    handed: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        return self.part.name

    @property
    def epochs(self) -> int:
        return self.part.epochs

    @property
    def steps_per_epoch(self) -> int:
        return self.part.steps_per_epoch

    @property
    def heads(self) -> list[Head]:
        return self.part.lesson.answers

    def rows(self, epoch: int) -> Any:
        """What epoch `epoch` of the run trains on: pairs and turned pictures are drawn anew for each."""
        draw = self.part.lesson.draw
        if draw is None:
            return self.train
        drawn = draw(epoch)
        return self.engine.place(drawn.x, drawn.y)

    @property
    def early_stopping(self) -> EarlyStopping | None:
        return self.watchers.get("early_stopping")

    @property
    def stopped_early(self) -> bool:
        return self.early_stopping is not None and self.early_stopping.stop

    def columns(self) -> list[str]:
        """The figures that a row of the history will hold."""
        metrics = list(self.engine.metrics())
        metrics = list(dict.fromkeys(["loss", "data_loss", *metrics]))
        return metrics + (
            [f"val_{name}" for name in metrics] if self.part.lesson.dataset.validation is not None else []
        )


class Saving:
    """When a checkpoint is due: every so many steps, counted from the stage's start, or minutes."""

    def __init__(self, every: Duration, steps_per_epoch: int, total_steps: int) -> None:
        minutes = every.unit == "minutes"
        self._steps = None if minutes else every.steps(steps_per_epoch, total_steps)
        self._seconds = every.amount * 60 if minutes else math.inf
        self._last = time.monotonic()

    def limit(self, done: int) -> int | None:
        """Steps until the next one is due; None when steps do not matter."""
        return self._steps and self._steps - done % self._steps

    def due(self, done: int) -> bool:
        if self._steps:
            return done % self._steps == 0
        return time.monotonic() - self._last >= self._seconds

    def saved(self) -> None:
        self._last = time.monotonic()


@dataclass(slots=True)
class Surroundings:
    """What a stage works with but does not own."""

    history: History
    rows: list[dict[str, Any]]
    screen: Silent
    tensorboard: TensorBoard | None
    health: Health | None
    saving: Saving
    stop: Callable[[], bool]
    save: Callable[[Position], None]


def run(stage: Stage, position: Position, around: Surroundings) -> None:
    """Train `stage` from `position` to its end.

    Raises Interrupted, after saving, when a stop was asked for, and RunFailed when the loss is no longer finite.
    """
    around.screen.stage(stage.name, stage.epochs, stage.steps_per_epoch, stage.engine.batch_size)
    while position.epoch < stage.epochs and not stage.stopped_early:
        logs, seconds = position.logs, position.seconds
        if logs is None:
            logs, seconds = _train(stage, position, around)
        trained = Position(stage.number, position.epoch, stage.steps_per_epoch, seconds, logs)
        row = _validated_row(stage, trained, around)
        around.rows.append(row)
        around.history.append(row)
        _check_finite(stage, row["epoch"], row["loss"], row.get("val_loss"), where="")
        for watcher in stage.watchers.values():
            watcher.epoch_end(position.epoch, row)
        if around.tensorboard:
            around.tensorboard.epoch_end(row)
        if around.health:
            around.health.epoch_end(stage, row)
        around.screen.epoch(row, position.epoch + 1)
        position = Position(stage.number, position.epoch + 1)
        last = position.epoch == stage.epochs or stage.stopped_early
        if last or around.saving.due(position.epoch * stage.steps_per_epoch):
            around.save(position)
            around.saving.saved()
        if around.stop() and not last:
            _interrupt(position, around)


def _train(stage: Stage, position: Position, around: Surroundings) -> tuple[dict[str, float], float]:
    """The rest of an epoch: its metrics and the seconds that all of it took."""
    number = stage.first_epoch + position.epoch
    epoch = stage.engine.train(stage.rows(number), number, position.step)
    seconds, before = position.seconds, position.epoch * stage.steps_per_epoch
    while not epoch.done:
        start = time.perf_counter()
        epoch.run(around.saving.limit(before + epoch.step))
        seconds += time.perf_counter() - start
        where = f", within its first {epoch.step:,} steps" if not epoch.done else ""
        _check_finite(stage, number + 1, epoch.loss, None, where, around)
        around.screen.step(position.epoch + 1, epoch.step, epoch.loss)
        if epoch.done:
            break
        here = Position(stage.number, position.epoch, epoch.step, seconds)
        if around.stop():
            _interrupt(here, around)
        if around.saving.due(before + epoch.step):
            around.save(here)
            around.saving.saved()
    return stage.engine.metrics(), seconds


def _validated_row(stage: Stage, trained: Position, around: Surroundings) -> dict[str, Any]:
    logs, validation = trained.logs or {}, {}
    if stage.validation is not None:
        found = stage.engine.evaluate(stage.validation, around.stop)
        if found is None:
            _interrupt(trained, around)
        validation = {f"val_{name}": value for name, value in with_data_loss(found or {}, stage.heads).items()}
    momentum = applied_momentum(stage.model.optimizer)
    return {
        "stage": stage.name,
        "epoch": stage.first_epoch + trained.epoch + 1,
        **with_data_loss(logs, stage.heads),
        **validation,
        "learning_rate": shortest(applied_rate(stage.model.optimizer)),
        **{f"learning_rate:{group.selector}": shortest(applied_rate(group.optimizer)) for group in stage.groups},
        "momentum": None if momentum is None else shortest(momentum),
        "seconds": round(trained.seconds, 4),
        "examples_per_second": round(stage.engine.rows(stage.train) / max(trained.seconds, 1e-9), 1),
    }


def with_data_loss(logs: dict[str, float], heads: list[Head]) -> dict[str, float]:
    """Loss first, then the loss on the data alone, which is the loss itself where the model has no penalties."""
    return {"loss": logs["loss"], "data_loss": data_loss(logs, heads), **logs}


def _check_finite(
    stage: Stage,
    epoch: int,
    loss: float,
    validation_loss: float | None,
    where: str,
    around: Surroundings | None = None,
) -> None:
    if math.isfinite(loss) and math.isfinite(validation_loss or 0.0):
        return
    if around is not None:  # the history shows where it happened
        around.history.append({"stage": stage.name, "epoch": epoch, "loss": loss})
    raise RunFailed(NOT_FINITE.format(epoch=epoch, where=where, rate=applied_rate(stage.model.optimizer)))


def _interrupt(position: Position, around: Surroundings) -> None:
    around.save(position)
    raise Interrupted
