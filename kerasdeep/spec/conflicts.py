"""Settings that fight, have no effect, or fall into one of the chapter's own traps.

Each check is a function of the spec that reports errors or named warnings; `CHECKS` is the list of them all.
`WARNINGS` says what each name means; `allow: [name]` accepts one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from kerasdeep.catalog import Choice
from kerasdeep.errors import Mark, Report, closest
from kerasdeep.spec.data import Split
from kerasdeep.spec.experiment import Spec

WARNINGS = {
    "selu-initializer": "SELU keeps its scale only with LeCun initialization.",
    "selu-inputs": "SELU expects inputs of mean 0 and deviation 1.",
    "selu-dropout": "Ordinary dropout breaks self-normalization; alpha dropout keeps it.",
    "selu-batch-norm": "Batch normalization and SELU do the same work twice.",
    "selu-penalty": "l1, l2 and weight decay break self-normalization.",
    "selu-max-norm": "Max-norm breaks self-normalization.",
    "selu-topology": "Self-normalization is proven for plain stacks only, not for skips or recurrent layers.",
    "biased-batch-norm": "Batch normalization has an offset of its own; the bias before it is wasted.",
    "tiny-weight-decay": "A decay this small does nothing within a run.",
    "no-momentum": "Nesterov's rule does nothing without momentum.",
    "unused-learning-rate": "The schedule states the rates; the optimizer's own is not used.",
    "class-imbalance": "One class is far rarer than another.",
    "left-out-column": "A column carries nothing to learn from and is left out.",
    "unreadable-image": "A picture cannot be read and is skipped.",
    "experimental": "Keras marks this as experimental.",
}
_MOMENTUM = {
    "SGD": "momentum",
    "RMSprop": "momentum",
    "Adam": "beta_1",
    "AdamW": "beta_1",
    "Nadam": "beta_1",
    "Adamax": "beta_1",
}
_CATEGORICAL = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalFocalCrossentropy")
_SMALLEST_DECAY = 1e-4


def check(spec: Spec, report: Report) -> None:
    """Reports everything that the sections, each well-formed by itself, do wrong together."""
    for one in CHECKS:
        one(spec, report)


def walk(layers: list[Choice]) -> Iterator[Choice]:
    """Every layer of the network, those inside `Repeat`, `Residual` and wrappers too."""
    for layer in layers:
        yield layer
        inner = layer.arguments.get("layers") or layer.arguments.get("layer")
        yield from walk(
            [item for item in (inner if isinstance(inner, list) else [inner]) if isinstance(item, Choice)]
        )


def _splits(spec: Spec, report: Report) -> None:
    for key in ("validation", "test"):
        split: Split | None = getattr(spec.data, key)
        if split is None:
            continue
        stated = [
            name for name in ("fraction", "count", "first", "last", "path") if getattr(split, name) is not None
        ]
        if len(stated) != 1 or split.fraction == 0.0:
            message = f"`data.{key}` states {' and '.join(stated) or 'nothing'}. Expected exactly one of: a share "
            message += "above 0, a count, first: N, last: N or a path; null for none."
            report.error("split", message, spec.data.mark(key))


def _monitors(spec: Spec, report: Report) -> None:
    watched = []
    if spec.training.early_stopping:
        watched.append(
            (
                "training.early_stopping.monitor",
                spec.training.early_stopping.monitor,
                spec.training.mark("early_stopping"),
            )
        )
    if spec.schedule and spec.schedule.name == "Performance":
        watched.append(("schedule.performance.monitor", spec.schedule.value("monitor"), spec.schedule.mark))
    for where, monitor, mark in watched:
        if monitor.startswith("val_") and spec.data.validation is None:
            message = (
                f"`{where}` watches {monitor}, but `data.validation` is null. Give it a part, or watch `loss`."
            )
            report.error("conflict", message, mark)


def _classes(spec: Spec, report: Report) -> None:
    classes = spec.data.classes
    if classes is not None and len(set(classes)) < 2:
        report.error("one-class", "`data.classes` must name at least two labels.", spec.data.mark("classes"))


def _weight_decay(spec: Spec, report: Report) -> None:
    section = spec.regularization
    own = spec.optimizer.arguments.get("weight_decay")
    if own is not None and section.weight_decay is not None:
        message = "weight decay is given twice: in `regularization` and in `optimizer`. Keep one."
        report.error("conflict", message, section.mark("weight_decay"))
    decay = own if own is not None else section.weight_decay
    if decay is not None and 0 < decay < _SMALLEST_DECAY:
        mark = section.mark("weight_decay") if own is None else spec.optimizer.mark
        message = f"a weight decay of {decay:g} shrinks weights by less than a thousandth in a typical run. "
        message += "Keras's AdamW has 0.004."
        report.warn("tiny-weight-decay", message, mark)


def _momentum(spec: Spec, report: Report) -> None:
    optimizer, schedule = spec.optimizer, spec.schedule
    if schedule and schedule.name == "OneCycle" and schedule.value("momentum") is not None:
        if optimizer.name not in _MOMENTUM:
            message = f"`schedule.one_cycle.momentum` moves a momentum that {optimizer.name} does not have. "
            message += f"Use one of {', '.join(_MOMENTUM)}, or leave it out."
            report.error("conflict", message, schedule.mark)
        elif _MOMENTUM[optimizer.name] in optimizer.arguments:
            message = (
                f"`{_MOMENTUM[optimizer.name]}` is given to {optimizer.name} and moved by the schedule. Keep one."
            )
            report.error("conflict", message, optimizer.mark)
    moved = schedule and schedule.name == "OneCycle" and schedule.value("momentum")
    if optimizer.arguments.get("nesterov") and not optimizer.value("momentum") and not moved:
        report.warn("no-momentum", "`nesterov: true` does nothing while momentum is 0.", optimizer.mark)


def _rates(spec: Spec, report: Report) -> None:
    schedule, rate = spec.schedule, spec.optimizer.arguments.get("learning_rate")
    if schedule is None:
        return
    if isinstance(rate, Choice):
        message = "two schedules: one under `schedule`, one as the optimizer's learning rate. Keep one."
        report.error("conflict", message, schedule.mark)
        return
    own = schedule.name in ("OneCycle", "Piecewise", "PiecewiseConstantDecay", "Noam") or (
        schedule.arguments.get("initial_learning_rate") is not None
    )
    if own and spec.optimizer.mark is not None and rate is not None:
        message = f"`{schedule.name}` states its own rates; the optimizer's learning_rate {rate:g} is not used."
        report.warn("unused-learning-rate", message, spec.optimizer.mark)


def _piecewise(spec: Spec, report: Report) -> None:
    schedule = spec.schedule
    if schedule and schedule.name in ("Piecewise", "PiecewiseConstantDecay"):
        boundaries, values = schedule.value("boundaries"), schedule.value("values")
        if len(values) != len(boundaries) + 1:
            message = f"{len(boundaries)} boundaries need {len(boundaries) + 1} values, found {len(values)}."
            report.error("conflict", message, schedule.mark)


def _selu(spec: Spec, report: Report) -> None:
    layers = list(walk(spec.network.layers))
    own = [layer for layer in layers if _is_selu(layer.arguments.get("activation"))]
    if not own and not _is_selu(spec.activation):
        return
    mark = spec.activation.mark or (own[0].mark if own else None)

    def warn(name: str, message: str, place: Mark | None) -> None:
        report.warn(name, message, place or mark)

    if isinstance(spec.initializer, Choice) and not spec.initializer.name.startswith("Lecun"):
        message = f"{spec.initializer.name} does not keep SELU's scale. Use lecun_normal, or `initializer: auto`."
        warn("selu-initializer", message, spec.initializer.mark)
    if spec.data.scaling in ("unit", "minmax", "none"):
        message = (
            f"`data.scaling: {spec.data.scaling}` does not standardize the inputs. Use `scaling: standardize`."
        )
        warn("selu-inputs", message, spec.data.mark("scaling"))
    for layer in layers:
        if layer.name == "Dropout":
            warn("selu-dropout", "Dropout breaks SELU's scale. Use AlphaDropout.", layer.mark)
        if layer.name == "BatchNormalization":
            warn("selu-batch-norm", "a SELU network needs no BatchNormalization.", layer.mark)
        if layer.name == "Residual" or len(layer.arguments.get("inputs") or ()) > 1:
            warn(
                "selu-topology",
                "skips and merges break SELU's scale. Use another activation with them.",
                layer.mark,
            )
    section = spec.regularization
    if section.batch_norm:
        warn("selu-batch-norm", "a SELU network needs no batch normalization.", section.mark("batch_norm"))
    for key in ("l1", "l2", "weight_decay"):
        if getattr(section, key):
            warn("selu-penalty", f"`{key}` breaks SELU's scale. Use alpha dropout.", section.mark(key))
    if section.max_norm:
        warn("selu-max-norm", "`max_norm` breaks SELU's scale.", section.mark("max_norm"))


def _is_selu(activation: object) -> bool:
    return isinstance(activation, Choice) and activation.name == "selu"


def _biased_batch_norm(spec: Spec, report: Report) -> None:
    for group in _lists(spec.network.layers):
        for before, layer in pairwise(group):
            biased = "use_bias" in before.entry.arguments and before.arguments.get("use_bias", True)
            if layer.name == "BatchNormalization" and biased and _is_linear(before):
                message = (
                    f"{before.name}'s bias is undone by the BatchNormalization after it. Add `use_bias: false`."
                )
                report.warn("biased-batch-norm", message, before.mark)


def _lists(layers: list[Choice]) -> Iterator[list[Choice]]:
    yield layers
    for layer in layers:
        if isinstance(layer.arguments.get("layers"), list):
            yield from _lists(layer.arguments["layers"])


def _is_linear(layer: Choice) -> bool:
    """Whether the layer itself says that nothing nonlinear stands between it and what follows."""
    activation = layer.arguments.get("activation", "section")
    return activation is None or (isinstance(activation, Choice) and activation.name == "linear")


def _output(spec: Spec, report: Report) -> None:
    if not isinstance(spec.loss, Choice) or spec.loss.name not in _CATEGORICAL:
        return
    for layer in walk(spec.network.layers):
        activation = layer.arguments.get("activation")
        if layer.name == "Output" and isinstance(activation, Choice) and activation.name == "sigmoid":
            message = f"{spec.loss.name} expects probabilities that sum to 1, a sigmoid's do not. "
            message += "Use softmax, or BinaryCrossentropy."
            report.error("conflict", message, activation.mark or layer.mark)


def _outputs(spec: Spec, report: Report) -> None:
    heads = [layer for layer in walk(spec.network.layers) if layer.name == "Output"]
    if not heads and spec.task != "auto":
        return
    if not heads:
        message = "the network has no `Output`. End it with `- Output`; its units follow from the data."
        report.error("no-output", message, spec.network.mark("layers"))
    names = [head.arguments.get("name") or "output" for head in heads]
    for name in {name for name in names if names.count(name) > 1}:
        message = f"{names.count(name)} outputs are called `{name}`. Give each its own `name`."
        report.error("duplicate-name", message, heads[-1].mark)
    for key in ("loss", "metrics"):
        value = getattr(spec, key)
        for name in value if isinstance(value, dict) else ():
            if name not in names:
                message = f"`{key}` names the output {name}. The network has: {', '.join(names) or 'none'}."
                report.error("unknown-output", message, spec.mark(key), closest(name, names))


def _allowed(spec: Spec, report: Report) -> None:
    for name in spec.allow:
        if name not in WARNINGS:
            message = f"`allow` names {name}, which is no warning. There are: {', '.join(WARNINGS)}."
            report.error("unknown-warning", message, spec.mark("allow"), closest(name, WARNINGS))


CHECKS: tuple[Callable[[Spec, Report], None], ...] = (
    _splits,
    _monitors,
    _classes,
    _weight_decay,
    _momentum,
    _rates,
    _piecewise,
    _selu,
    _biased_batch_norm,
    _output,
    _outputs,
    _allowed,
)
