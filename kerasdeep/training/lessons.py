"""What the parts of a run learn: the network its task, or its body something else first.

A lesson is a model with its data. The models of all lessons are made before the run begins; what one of them has
learnt is handed to the others layer by layer, by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import keras
import numpy as np

from kerasdeep import build, data
from kerasdeep.build import pretraining, selection
from kerasdeep.data import Dataset, Part, pretext
from kerasdeep.data.dataset import INPUT
from kerasdeep.data.streamed import is_streamed
from kerasdeep.errors import InputError, Mark, Problem
from kerasdeep.spec import stages as spec_stages
from kerasdeep.spec.conflicts.steps import check_steps
from kerasdeep.spec.data import Data
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.planned import Head, PlannedLayer
from kerasdeep.spec.pretraining import WITHOUT_LABELS, Autoencoder, Masked, Pairs, Pretrain, Rotation, Supervised
from kerasdeep.spec.stages import Stage


@dataclass
class Lesson:
    """A model, its data, and the names of the layers that are its heads.

    `kind` names the pretraining, nothing for the network itself. Rows go through `below` first, where there is
    one; `reconstructs` says that the answer is what comes out of it. `draw` gives the training rows of an epoch
    where each has its own. `suffix` and `rate` are those of a turn of a greedy autoencoder.
    """

    model: keras.Model
    dataset: Dataset
    heads: frozenset[str]
    kind: str = ""
    suffix: str = ""
    rate: float | None = None
    below: keras.Model | None = None
    reconstructs: bool = False
    draw: Callable[[int], Part] | None = None
    as_built: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.as_built = selection.trainable_as_built(self.model)

    @property
    def answers(self) -> list[Head]:
        return build.heads_of(self.dataset)

    def first_row(self) -> tuple[Any, Any]:
        """Stands for data in shape and type: one row of what the model is given, and its answer."""
        x, y = keras.tree.map_structure(lambda array: array[:1], (self.dataset.train.x, self.dataset.train.y))
        if self.below is None:
            return x, y
        x = np.zeros((1, *self.model.inputs[0].shape[1:]), np.float32)
        return x, x if self.reconstructs else y


def of(
    spec: Spec,
    planned: tuple[PlannedLayer, ...],
    network: keras.Model,
    dataset: Dataset,
    say: Callable[[str], None] | None = None,
) -> list[list[Lesson]]:
    """The lessons of every stage: one each, but for a greedy autoencoder, which has one for each layer.

    Raises InputError for pretraining that makes no sense for this network and these rows, at its place.
    """
    heads = frozenset(layer.name for layer in planned if layer.role == "output")
    main = Lesson(network, dataset, heads)
    found = []
    for number, stage in enumerate(spec_stages.of(spec)):
        if stage.pretrain is None:
            found.append([main])
            continue
        seen = spec_stages.seen_by(spec, stage)
        where = f"stages.{number}.pretrain.{stage.pretrain.name}"
        found.append(_taught(spec, stage, seen, planned, dataset, where, say))
    return found


def every(lessons: Sequence[Sequence[Lesson]]) -> list[Lesson]:
    """Each lesson once."""
    return list({id(lesson): lesson for own in lessons for lesson in own}.values())


def steps(spec: Spec, lessons: Sequence[Sequence[Lesson]]) -> int:
    """How many batches the whole run trains on, as planned."""
    stages = zip(spec_stages.of(spec), lessons, strict=True)
    return sum(
        build.steps_per_epoch(spec, lesson.dataset) * stage.epochs for stage, own in stages for lesson in own
    )


def warnings(lessons: Sequence[Sequence[Lesson]], dataset: Dataset) -> list[Problem]:
    """What reading the data of all lessons warned of, once."""
    found = [*dataset.warnings, *(one for lesson in every(lessons) for one in lesson.dataset.warnings)]
    return list(dict.fromkeys(found))


def step_problems(spec: Spec, lessons: Sequence[Sequence[Lesson]]) -> list[Problem]:
    """Warnings that need the number of steps. Raises InputError when nothing would be learnt in them."""
    found: list[Problem] = []
    for stage, own in zip(spec_stages.of(spec), lessons, strict=True):
        per_epoch = build.steps_per_epoch(spec, own[0].dataset)
        seen = spec_stages.seen_by(spec, stage)
        report = check_steps(seen, stage.optimizer, stage.schedule, per_epoch, stage.epochs)
        report.raise_if_errors()
        found += report.warnings
    return list(dict.fromkeys(found))


def digest(lessons: Sequence[Sequence[Lesson]], dataset: Dataset) -> str:
    """The hash of all data that the run learns from."""
    found = dict.fromkeys([dataset.hash, *(lesson.dataset.hash for lesson in every(lessons))])
    return dataset.hash if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def _taught(
    spec: Spec,
    stage: Stage,
    seen: Spec,
    planned: tuple[PlannedLayer, ...],
    dataset: Dataset,
    where: str,
    say: Callable[[str], None] | None,
) -> list[Lesson]:
    section: Pretrain = stage.pretrain
    kind, mark = section.kind, stage.mark("pretrain")
    rows = _rows(spec, seen, section, dataset, where, mark, say)
    if is_streamed(rows.train.x):
        message = f"`{where}`: its rows are read on demand ({rows.profile['stream']['reason']}), and pretraining "
        message += "makes its own tasks of rows in memory. Set `data.stream: false`, or give the stage a smaller "
        message += "source with `data`."
        raise InputError(message, "stream", mark)
    if list(dataset.input_shapes) != [INPUT]:
        raise InputError(f"`{where}`: the data has several inputs, and pretraining takes one.", "no-body", mark)
    _fits(section, rows, where, mark)
    make = _MAKERS[type(kind)]
    front = _front(section, spec.seed)
    twin = build.network_of(seen, planned, dataset, front=front)
    body = pretraining.cut(twin, planned, kind.until, where, mark)
    lessons = make(kind, body, seen, rows, front, where, mark)
    return [replace(lesson, kind=section.name) for lesson in lessons]


def _rows(
    spec: Spec,
    seen: Spec,
    section: Pretrain,
    dataset: Dataset,
    where: str,
    mark: Mark | None,
    say: Callable[[str], None] | None,
) -> Dataset:
    """What the stage learns from; the inputs are prepared as the run's own are."""
    kind = section.kind
    if kind.data is None or _same(kind.data, spec.data):
        return dataset
    unlabelled = isinstance(kind, WITHOUT_LABELS) and kind.data.source != spec.data.source
    try:
        if unlabelled and data.infer_format(kind.data.source, kind.data.mark("source")) != "builtin":
            return data.load_unlabelled(kind.data, dataset.preprocessing)
        return data.load(kind.data, seen.task, seen.training.batch_size, say=say, like=dataset.preprocessing)
    except InputError as error:
        hint = " What this stage predicts can be no feature of the run: name it under `data.drop`."
        found = [
            replace(
                problem,
                message=f"`{where}.data`: {problem.message}{hint if problem.name == 'missing-column' else ''}",
                mark=problem.mark or mark,
            )
            for problem in error.problems
        ]
        raise InputError(found) from error


def _same(one: Data, other: Data) -> bool:
    return all(
        getattr(one, entry.name) == getattr(other, entry.name) for entry in fields(Data) if entry.name != "marks"
    )


def _fits(section: Pretrain, rows: Dataset, where: str, mark: Mark | None) -> None:
    shape = rows.train.x.shape[1:]
    kind = section.kind
    if isinstance(kind, Masked) and len(shape) != 1:
        message = f"`{where}` hides features of tables; these rows have shape {shape}. For pictures use "
        raise InputError(message + "`autoencoder: denoising` or `rotation`.", "no-table", mark)
    if isinstance(kind, Rotation) and (len(shape) not in (2, 3) or shape[0] != shape[1]):
        message = f"`{where}` turns square pictures; these rows have shape {shape}. "
        message += "For tables use `masked` or `autoencoder`; for pictures set `data.image.size`."
        raise InputError(message, "no-picture", mark)
    if isinstance(kind, Pairs):
        targets = rows.targets
        if len(targets) != 1 or targets[0].kind == "regression":
            message = f"`{where}` asks whether two rows have the same class, and the target is no class. "
            raise InputError(message + "Choose one with `data.target`.", "no-classes", mark)
    if isinstance(kind, Supervised) and len(rows.heads) > 1:
        message = (
            f"`{where}` learns one target, and its data has {len(rows.heads)}. Choose one with `data.target`."
        )
        raise InputError(message, "several-targets", mark)


def _front(section: Pretrain, seed: int) -> Any:
    kind = section.kind
    if isinstance(kind, Autoencoder) and kind.noise is not None:
        return pretraining.noisy(kind.noise, seed)
    return pretraining.Hiding(kind.rate, seed) if isinstance(kind, Masked) else None


def _autoencoder(
    kind: Autoencoder, body: pretraining.Body, seen: Spec, rows: Dataset, front: Any, where: str, mark: Mark | None
) -> list[Lesson]:
    answers = pretext.reconstruction(rows)
    mirror = pretraining.Mirror(seen, kind.style == "tied", kind.output_activation, where, mark)
    if kind.style != "greedy":
        taught = pretraining.autoencoder(body, mirror)
        return [Lesson(taught.model, answers, frozenset(taught.heads), reconstructs=True)]
    turns = pretraining.greedy(body, mirror)
    rates = kind.rates or [None] * len(turns)
    if len(rates) != len(turns):
        message = (
            f"`{where}.rates` has {len(rates)} rates, and {len(turns)} layers learn in turn. Give each its own."
        )
        raise InputError(message, "wrong-value", kind.mark("rates") or mark)
    return [
        Lesson(
            *(taught.model, answers, frozenset(taught.heads)),
            suffix=f"_{number}" if len(turns) > 1 else "",
            rate=rate,
            below=taught.below,
            reconstructs=True,
        )
        for number, (taught, rate) in enumerate(zip(turns, rates, strict=True), 1)
    ]


def _rotation(
    kind: Rotation, body: pretraining.Body, seen: Spec, rows: Dataset, front: Any, where: str, mark: Mark | None
) -> list[Lesson]:
    answers, draw = pretext.rotations(rows, seen.seed)
    taught = pretraining.classifier(body, seen, build.heads_of(answers)[0], "rotation_output")
    return [Lesson(taught.model, answers, frozenset(taught.heads), draw=draw)]


def _masked(
    kind: Masked, body: pretraining.Body, seen: Spec, rows: Dataset, front: Any, where: str, mark: Mark | None
) -> list[Lesson]:
    taught = pretraining.masked(body, seen, front.mask, kind.rate)
    return [Lesson(taught.model, pretext.reconstruction(rows), frozenset(taught.heads))]


def _supervised(
    kind: Supervised, body: pretraining.Body, seen: Spec, rows: Dataset, front: Any, where: str, mark: Mark | None
) -> list[Lesson]:
    taught = pretraining.classifier(body, seen, build.heads_of(rows)[0], "supervised_output")
    return [Lesson(taught.model, rows, frozenset(taught.heads))]


def _pairs(
    kind: Pairs, body: pretraining.Body, seen: Spec, rows: Dataset, front: Any, where: str, mark: Mark | None
) -> list[Lesson]:
    if seen.reused is not None and not kind.shared:
        message = f"`{where}`: a second tower with weights of its own needs layers that the file lists. "
        raise InputError(message + "Write `shared: true`.", "conflict", mark)
    answers, draw = pretext.pairs(rows, seen.seed, f"other_{INPUT}")
    taught = pretraining.pairs(body, seen, kind.units, kind.shared)
    return [Lesson(taught.model, answers, frozenset(taught.heads), draw=draw)]


_MAKERS = {
    Autoencoder: _autoencoder,
    Rotation: _rotation,
    Masked: _masked,
    Supervised: _supervised,
    Pairs: _pairs,
}
