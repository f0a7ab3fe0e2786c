"""The parts in which a run trains: the stages of the file, with `unfreeze` spelled out, layers by name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kerasdeep import build
from kerasdeep.build import selection
from kerasdeep.errors import InputError, Mark
from kerasdeep.spec import stages
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.rates import at_rate
from kerasdeep.spec.stages import Selectable, Stage
from kerasdeep.training.lessons import Lesson


@dataclass(frozen=True, slots=True)
class Part:
    """One compilation of the model. `spec` is the experiment as this part sees it, `trained` names layers.

    `lesson` is the model with its data. `rates` has (factor, names of layers) by selector; `keeps_state` goes on
    with the optimizer of the part before; `cached` is where the file asks to compute the frozen bottom once, and
    `where` how the place is called.
    """

    name: str
    spec: Spec
    said: str
    trained: frozenset[str]
    lesson: Lesson
    rates: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    keeps_state: bool = False
    where: str = ""
    cached: Mark | None = None

    @property
    def epochs(self) -> int:
        return self.spec.training.epochs

    @property
    def steps_per_epoch(self) -> int:
        return build.steps_per_epoch(self.spec, self.lesson.dataset)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs


def parts(spec: Spec, lessons: Sequence[Sequence[Lesson]]) -> list[Part]:
    """Every part of the run, in order; `lessons` are those of each stage.

    Raises InputError for a selector that means no layer, or none that its stage trains, for a layer that two rates
    mean, and for a stage in which nothing learns.
    """
    found: list[Part] = []
    for number, (stage, own) in enumerate(zip(stages.of(spec), lessons, strict=True)):
        where = f"stages.{number}" if spec.stages else "the run"
        for lesson in own:
            found += _parts(spec, stage, lesson, where)
    return found


def _parts(spec: Spec, stage: Stage, lesson: Lesson, where: str) -> list[Part]:
    layers = selection.selectable(lesson.model, lesson.heads)
    able = {layer.name for layer in layers if layer.weighted and lesson.as_built[layer.name]}
    trained = stages.select(stage.train, layers, f"{where}.train", stage.mark("train"))
    if not able.intersection(trained):
        message = f"`{where}` trains {_said(stage)}, where nothing can learn: no weights, or `trainable: false`."
        raise InputError(message, "nothing-to-train", stage.mark("train"))
    if stage.unfreeze:
        return _thawing(spec, stage, lesson, [name for name in trained if name in able])
    rates = _rates(stage, layers, able.intersection(trained), f"{where}.rates")
    own = stage if lesson.rate is None else replace(stage, optimizer=at_rate(stage.optimizer, lesson.rate))
    seen, name = stages.seen_by(spec, own), f"{stage.name}{lesson.suffix}"
    keeps = stage.optimizer_state == "keep"
    cached = (stage.mark("cache_features") or Mark(where)) if stage.cache_features else None
    return [Part(name, seen, _said(stage), frozenset(trained), lesson, rates, keeps, where, cached)]


def _said(stage: Stage) -> str:
    return stage.train if isinstance(stage.train, str) else ", ".join(stage.train)


def _rates(
    stage: Stage, layers: Sequence[Selectable], able: Collection[str], where: str
) -> dict[str, tuple[float, list[str]]]:
    mark, owner, found = stage.mark("rates"), {}, {}
    for selector, factor in stage.rates.items():
        names = [name for name in stages.select(selector, layers, where, mark) if name in able]
        if not names:
            message = f"`{where}`: this stage trains nothing of `{selector}`."
            raise InputError(f"{message} It trains: {_list(able)}.", "unknown-layers", mark)
        for name in names:
            _once(name, selector, owner, where, mark)
        if factor != 1.0:
            found[selector] = (factor, names)
    return found


def _once(name: str, selector: str, owner: dict[str, str], where: str, mark: Mark | None) -> None:
    if name in owner:
        message = (
            f"`{where}`: `{owner[name]}` and `{selector}` both mean {name}. Expected one rate for each layer."
        )
        raise InputError(message, "conflict", mark)
    owner[name] = selector


def _list(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:20]) + (", …" if len(shown) > 20 else "")


def _thawing(spec: Spec, stage: Stage, lesson: Lesson, names: list[str]) -> list[Part]:
    """The parts of `unfreeze`: the top block alone, then the next one with it, and so on, slower further down."""
    thaw = stage.unfreeze
    top_first = selection.blocks(lesson.model, names)[::-1]
    count = max(1, min(len(top_first), stage.epochs // thaw.every))
    shares = np.array_split(np.arange(len(top_first)), count)
    thawed = [[name for block in share for name in top_first[block]] for share in shares]
    found = []
    for number in range(1, count + 1):
        epochs = thaw.every if number < count else stage.epochs - thaw.every * (count - 1)
        rates = {
            f"block_{place}": (thaw.factor**-depth, thawed[depth])
            for depth, place in enumerate(range(1, number + 1))
            if depth and thaw.factor != 1.0
        }
        own = replace(stage, name=f"{stage.name}_{number}", epochs=epochs) if count > 1 else stage
        trained = [name for block in thawed[:number] for name in block]
        said = f"the top {number} of {count} blocks" if count > 1 else _said(stage)
        keeps = number > 1 or stage.optimizer_state == "keep"
        found.append(
            Part(str(own.name), stages.seen_by(spec, own), said, frozenset(trained), lesson, rates, keeps)
        )
    return found
