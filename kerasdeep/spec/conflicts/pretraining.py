"""Checks of `pretrain` in a stage: one kind, settings that its style uses, and a stage that trains the network."""

from __future__ import annotations

from collections.abc import Iterator

from kerasdeep.errors import Report, closest
from kerasdeep.spec import rates
from kerasdeep.spec.conflicts.view import View
from kerasdeep.spec.data import BUILT_IN, PICTURES
from kerasdeep.spec.lowering import SHAPING
from kerasdeep.spec.planned import PlannedLayer
from kerasdeep.spec.pretrained import is_body
from kerasdeep.spec.pretraining import Autoencoder, Masked, Rotation, Supervised
from kerasdeep.spec.settings import key_of, settings
from kerasdeep.spec.stages import Stage


def _pretraining(view: View) -> Iterator[tuple[int, Stage]]:
    """The stages that pretrain, one kind each."""
    for number, stage in enumerate(view.spec.stages):
        if stage.pretrain is not None and len(stage.pretrain.kinds) == 1:
            yield number, stage


def _one_kind(view: View, report: Report) -> None:
    for stage in view.spec.stages:
        if stage.pretrain is None or len(stage.pretrain.kinds) == 1:
            continue
        known = ", ".join(key_of(entry) for entry in settings(type(stage.pretrain)))
        stated = ", ".join(stage.pretrain.kinds) or "nothing"
        message = f"`pretrain` states {stated}. Expected exactly one of: {known}."
        report.error("conflict", message, stage.mark("pretrain"))


def _last(view: View, report: Report) -> None:
    last = view.spec.stages[-1] if view.spec.stages else None
    if last is not None and last.pretrain is not None:
        message = "the last stage pretrains, so nothing would train the network for its task. "
        message += "Add a stage without `pretrain`, such as `- {name: classifier, train: head}`."
        report.error("conflict", message, last.mark("pretrain"))


def _autoencoders(view: View, report: Report) -> None:
    for _, stage in _pretraining(view):
        kind = stage.pretrain.kind
        if not isinstance(kind, Autoencoder):
            continue
        if kind.noise is not None:
            if kind.style != "denoising":
                message = f"`noise` is for the denoising style, and the style is {kind.style}. Remove one of them."
                report.error("conflict", message, kind.mark("noise"))
            if (kind.noise.gaussian is None) == (kind.noise.dropout is None):
                message = "`noise` is gaussian or dropout: expected exactly one of the two."
                report.error("conflict", message, kind.mark("noise"))
        if kind.rates is None:
            continue
        if kind.style != "greedy":
            message = f"`rates` gives each layer of the greedy style its rate, and the style is {kind.style}. "
            message += "Use the stage's `optimizer`."
            report.error("conflict", message, kind.mark("rates"))
        elif any(rate <= 0 for rate in kind.rates):
            report.error("conflict", "`rates` are learning rates above 0.", kind.mark("rates"))
        inner = rates.innermost(stage.optimizer)
        if rates.states_rates(stage.schedule) or "learning_rate" not in inner.entry.arguments:
            message = "the optimizer's learning rate is stated elsewhere, so `rates` would change nothing. "
            report.error("conflict", message + "Remove `rates`, or the schedule.", kind.mark("rates"))


def _rows(view: View, report: Report) -> None:
    """What a built-in source is known to be without reading it."""
    for _, stage in _pretraining(view):
        kind, mark = stage.pretrain.kind, stage.mark("pretrain")
        source = (kind.data or view.spec.data).source
        if isinstance(kind, Rotation) and source in BUILT_IN and source not in PICTURES:
            message = f"`rotation` turns pictures, and {source} is a table. Use `masked` or `autoencoder`."
            report.error("no-picture", message, mark)
        if isinstance(kind, Masked) and source in PICTURES:
            message = f"`masked` hides features of tables, and {source} is pictures. Use `rotation` or "
            report.error("no-table", message + "`autoencoder: denoising`.", mark)
        if isinstance(kind, Supervised) and kind.data is None:
            message = "`supervised` learns other labels than the run's own. Say which: "
            message += "`data: {classes: […]}`, `data: {target: …}` or `data: {source: …}`."
            report.error("conflict", message, mark)


def _bodies(view: View, report: Report) -> None:
    if view.spec.reused is not None and is_body(view.spec.network.layers):
        return
    names = [layer.name for layer in view.planned if layer.role != "output"]
    for number, stage in _pretraining(view):
        mark = stage.pretrain.kind.mark("until") or stage.mark("pretrain")
        until = stage.pretrain.kind.until
        if view.planned and not any(_learns(layer) for layer in view.planned):
            message = "there is no hidden layer in front of the output, so there is nothing to pretrain."
            report.error("no-body", message, stage.mark("pretrain"))
        elif until is not None and names and until not in names:
            message = (
                f"`stages.{number}.pretrain.{stage.pretrain.name}.until`: the network has no layer `{until}`. "
            )
            message += f"It has: {', '.join(names[:40])}."
            report.error("unknown-layers", message, mark, closest(until, names))


def _learns(layer: PlannedLayer) -> bool:
    return layer.role == "hidden" or (layer.role == "other" and layer.layer.name not in SHAPING)


def _stages(view: View, report: Report) -> None:
    for number, stage in enumerate(view.spec.stages):
        before = view.spec.stages[number - 1] if number else stage
        if stage.optimizer_state == "keep" and (stage.pretrain or before.pretrain):
            message = "a pretraining stage trains another model, so there is no optimizer state to keep. "
            report.error("conflict", message + "Write `optimizer_state: reset`.", stage.mark("optimizer_state"))
        mark = stage.mark("cache_features")
        if stage.cache_features and (stage.pretrain or stage.unfreeze):
            other = "pretrain" if stage.pretrain else "unfreeze"
            message = (
                f"`cache_features` is for a stage that trains what stands on a frozen bottom. With `{other}` "
            )
            report.error("conflict", message + "it has no place: remove one of them.", mark)
        elif stage.cache_features and stage.train == "all":
            message = "this stage trains all layers, so there is nothing frozen to compute once. "
            report.error("conflict", message + "Write `train: head` or `last:N`.", mark)
        if stage.pretrain and stage.unfreeze:
            message = "`unfreeze` thaws a network that has learnt; a pretraining stage learns from the start."
            report.error("conflict", f"{message} Move it to a later stage.", stage.mark("unfreeze"))


CHECKS = (_one_kind, _last, _autoencoders, _rows, _bodies, _stages)
