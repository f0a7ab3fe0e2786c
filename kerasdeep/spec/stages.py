"""`stages:` a run in several parts: what each trains, for how long and how fast; and selectors of layers.

A selector is `all`, `head`, `norms` (batch normalizations), `last:N`, `first:N`, a layer's name, a pattern of
names (`dense_*`), or a list of these; in a list, `!selector` takes layers away. N counts layers that have weights,
the head excluded: `first:2` are the two that are nearest to the data, `last:2` the two in front of the head, and
the head with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError, Mark, Problem, closest
from kerasdeep.spec.pretraining import Pretrain, filled, taught
from kerasdeep.spec.settings import Section, setting
from kerasdeep.spec.training import EarlyStopping

if TYPE_CHECKING:
    from kerasdeep.spec.experiment import Spec

MAIN = "main"
"""The name of the one stage of a run that has no `stages`."""
_COUNTED = re.compile(r"(first|last):(\d+)")


@dataclass(frozen=True, kw_only=True)
class Unfreeze(Section):
    """Unfreezes the stage's layers block by block from the top, each block slower than the one above it.

    A block begins at each layer with a kernel. Where there are fewer epochs than blocks, neighbours share one.
    Source: ULMFiT (Howard and Ruder 2018), whose factor is 2.6.
    """

    SHORTHAND = (("'gradually'", "style"),)

    style: str = setting("'gradually'", "gradually", "One block after the other, top first.")
    every: int = setting("int", 1, "Epochs before the next block is unfrozen.", minimum=1)
    factor: float = setting("float", 2.6, "How much slower a block is than the one above it.", minimum=1.0)


@dataclass(frozen=True, kw_only=True)
class Stage(Section):
    """A part of the run: the same network, compiled anew; what it leaves out it takes from the top level."""

    name: str | None = setting("str|null", None, "In the history and on the curves; null: stage_1, stage_2, …")
    train: str | list[str] = setting(
        "str|list[str]", "all", "Layers that learn: all, head, norms, last:N, first:N, names, or a list."
    )
    epochs: int | None = setting("int|null", None, "Null takes training.epochs.", minimum=1)
    optimizer: Choice | None = setting("optimizer|null", None, "Null takes the top level's.")
    schedule: Choice | None = setting(
        "schedule|null", None, "Over this stage; left out: the top level's; null keeps the rate."
    )
    rates: dict[str, float] = setting(
        "map[float]", {}, "Multiples of the learning rate for some layers, by selector: {first:2: 0.1}."
    )
    early_stopping: EarlyStopping | None = setting(
        EarlyStopping, None, "Left out: that of `training`; null trains every epoch."
    )
    optimizer_state: str = setting(
        "'reset'|'keep'", "reset", "keep goes on with the moments of what the stage before trained."
    )
    unfreeze: Unfreeze | None = setting(Unfreeze, None, "Thaw the layers one block after the other.")
    cache_features: bool = setting(
        "bool", False, "Compute once what the frozen bottom gives, and train the rest on that."
    )
    pretrain: Pretrain | None = setting(
        Pretrain, None, "Learn something else first, from the same or other rows, and hand the layers on."
    )


def inherited(spec: Spec) -> Spec:
    """`spec` with everything that its stages left out filled in from the top level."""
    return replace(spec, stages=[_filled(spec, stage, number) for number, stage in enumerate(spec.stages, 1)])


def _filled(spec: Spec, stage: Stage, number: int) -> Stage:
    top = {"schedule": spec.schedule, "early_stopping": spec.training.early_stopping}
    changes = {key: value for key, value in top.items() if stage.mark(key) is None}
    changes |= {"name": stage.name or f"stage_{number}", "epochs": stage.epochs or spec.training.epochs}
    if stage.pretrain is not None:
        changes["pretrain"] = filled(stage.pretrain, spec.data)
    return replace(stage, optimizer=stage.optimizer or spec.optimizer, **changes)


def of(spec: Spec) -> list[Stage]:
    """The stages of a run: those that are written, or the one that every run has."""
    return inherited(spec).stages or [_filled(spec, Stage(name=MAIN), 1)]


@dataclass(frozen=True, slots=True)
class Selectable:
    """A layer as selectors see it, in the network's order. `weighted`: it counts for `first:N` and `last:N`.

    `norm`: it is a batch normalization, which has statistics of its own.
    """

    name: str
    weighted: bool
    head: bool = False
    norm: bool = False


def select(
    selector: str | Sequence[str], layers: Sequence[Selectable], where: str, mark: Mark | None = None
) -> list[str]:
    """The names of the layers that `selector` means, in the network's order.

    Raises `InputError` for a part that means nothing here, with the names there are. `where` is the setting.
    """
    found: set[str] = set()
    items = [selector] if isinstance(selector, str) else list(selector)
    for position, item in enumerate(items):
        away = item.startswith("!")
        names = _named(item.removeprefix("!"), layers)
        if not names and item != "!norms":
            _refuse(item, layers, where, mark)
        if away and position == 0:
            found = {layer.name for layer in layers}
        found = found - names if away else found | names
    return [layer.name for layer in layers if layer.name in found]


def _named(item: str, layers: Sequence[Selectable]) -> set[str]:
    counted = _COUNTED.fullmatch(item)
    body = [layer for layer in layers if not layer.head]
    if item == "all":
        return {layer.name for layer in layers}
    if item == "head":
        return {layer.name for layer in layers if layer.head}
    if item == "norms":
        return {layer.name for layer in layers if layer.norm}
    if not counted:
        return {layer.name for layer in layers if fnmatchcase(layer.name, item)}
    weighted, number = [layer.name for layer in body if layer.weighted], int(counted[2])
    if not 0 < number <= len(weighted):
        return set()
    if counted[1] == "first":
        return set(weighted[:number])
    return set(weighted[-number:]) | {layer.name for layer in layers if layer.head}


def _refuse(item: str, layers: Sequence[Selectable], where: str, mark: Mark | None) -> None:
    names = [layer.name for layer in layers if layer.weighted or layer.head]
    counted = _COUNTED.fullmatch(item.removeprefix("!"))
    if counted:
        total = sum(layer.weighted and not layer.head for layer in layers)
        said = f"`{item}`: the network has {total} layers with weights in front of its head"
    else:
        said = f"`{item}` means no layer"
    shown = ", ".join(names[:40]) + (f", … ({len(names)} in all)" if len(names) > 40 else "")
    message = f"`{where}`: {said}. Expected all, head, norms, first:N, last:N, or names of layers: {shown}."
    hint = None if counted else closest(item.removeprefix("!"), [*names, "all", "head", "norms"])
    raise InputError([Problem("error", "unknown-layers", message, mark, hint)])


def seen_by(spec: Spec, stage: Stage) -> Spec:
    """The experiment as if this filled-in stage were all of it; the schedule of one of several fills its stage."""
    planned = None if spec.stages else spec.training.schedule_epochs
    training = replace(
        spec.training, epochs=stage.epochs, early_stopping=stage.early_stopping, schedule_epochs=planned
    )
    seen = replace(spec, optimizer=stage.optimizer, schedule=stage.schedule, training=training, stages=[stage])
    return seen if stage.pretrain is None else replace(seen, **taught(stage.pretrain, spec))
