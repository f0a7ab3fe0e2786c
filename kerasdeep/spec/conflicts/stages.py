"""Checks of `stages`: names that are told apart, and settings that fight within a stage."""

from __future__ import annotations

from kerasdeep.errors import Report
from kerasdeep.spec import rates
from kerasdeep.spec.conflicts.view import View
from kerasdeep.spec.stages import Stage

_BY_METRIC = "Performance"
"""The schedule that does not count steps, so that it may go on over a boundary of stages."""


def _names(view: View, report: Report) -> None:
    seen: set[str] = set()
    for stage in view.spec.stages:
        if stage.name in seen:
            message = f"two stages are called `{stage.name}`. Give one of them another name."
            report.error("duplicate-name", message, stage.mark("name"))
        seen.add(str(stage.name))


def _monitors(view: View, report: Report) -> None:
    if view.spec.data.validation is not None:
        return
    for stage in view.spec.stages:
        early = stage.early_stopping
        if early and stage.mark("early_stopping") and early.monitor.startswith("val_"):
            message = f"this stage watches {early.monitor}, but `data.validation` is null. "
            report.error("conflict", message + "Give it a part, or watch `loss`.", stage.mark("early_stopping"))


def _states(view: View, report: Report) -> None:
    for number, stage in enumerate(view.spec.stages):
        if stage.optimizer_state != "keep":
            continue
        mark = stage.mark("optimizer_state")
        before = view.spec.stages[number - 1] if number else None
        if before is None:
            report.error("conflict", "the first stage has no optimizer state to keep.", mark)
        elif rates.innermost(before.optimizer).name != rates.innermost(stage.optimizer).name:
            message = f"{stage.optimizer.name} cannot go on with the state of {before.optimizer.name}. "
            report.error("conflict", message + "Write `optimizer_state: reset`, or one optimizer.", mark)
        if _by_steps(stage):
            message = f"{stage.schedule.name} counts the optimizer's steps, which `keep` carries over. "
            message += "Write `schedule: null`, or `optimizer_state: reset`."
            report.error("conflict", message, mark)


def _groups(view: View, report: Report) -> None:
    for stage in view.spec.stages:
        if not stage.rates and stage.unfreeze is None:
            continue
        mark = stage.mark("rates") or stage.mark("unfreeze")
        inner = rates.innermost(stage.optimizer)
        if inner.name == "MultiOptimizer":
            message = "MultiOptimizer makes groups of its own. Give each of its optimizers its rate."
            report.error("conflict", message, mark)
        elif "learning_rate" not in inner.entry.arguments:
            message = f"{inner.name} has no learning rate that `rates` could multiply."
            report.error("conflict", message, mark)
        if inner.arguments.get("global_clipnorm") is not None:
            message = "`global_clipnorm` would be taken over each group of rates alone. Use `clipnorm`."
            report.error("conflict", message, mark)
        for selector, rate in stage.rates.items():
            if rate <= 0:
                message = f"the rate of `{selector}` is {rate:g}. Expected a number above 0; "
                report.error("conflict", message + "to freeze layers, leave them out of `train`.", mark)


def _unfreezing(view: View, report: Report) -> None:
    for stage in view.spec.stages:
        if stage.unfreeze is None:
            continue
        if stage.rates:
            message = (
                "`unfreeze` sets the rates of its blocks itself. Remove `rates`, or write stages of your own."
            )
            report.error("conflict", message, stage.mark("rates"))
        if _by_steps(stage):
            message = f"{stage.schedule.name} would start anew with every block that `unfreeze` thaws. "
            report.error("conflict", message + "Write `schedule: null` in this stage.", stage.mark("unfreeze"))


def _by_steps(stage: Stage) -> bool:
    return stage.schedule is not None and stage.schedule.name != _BY_METRIC


CHECKS = (_names, _monitors, _states, _groups, _unfreezing)
