"""Checks of `stages`: unique names, and settings that conflict within a stage."""

from typing import TypeGuard

from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import PLATEAU_SCHEDULE
from kerasdeep.config import optimizer_rules
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.errors import Problems


def _names(context: CheckContext, problems: Problems) -> None:
    seen_names: set[str] = set()
    for stage in context.config.stages:
        if stage.name in seen_names:
            message = f"two stages are called `{stage.name}`. Give one of them another name."
            problems.error("duplicate-name", message, stage.location("name"))
        seen_names.add(str(stage.name))


def _monitors(context: CheckContext, problems: Problems) -> None:
    if context.config.data.validation is not None:
        return
    for stage in context.config.stages:
        early_stopping = stage.early_stopping
        if early_stopping and stage.location("early_stopping") and early_stopping.monitor.startswith("val_"):
            message = f"this stage watches {early_stopping.monitor}, but `data.validation` is null. "
            problems.error("conflict", message + "Give it a part, or watch `loss`.", stage.location("early_stopping"))


def _optimizer_states(context: CheckContext, problems: Problems) -> None:
    for number, stage in enumerate(context.config.stages):
        if stage.optimizer_state != "keep":
            continue
        location = stage.location("optimizer_state")
        unwrap = optimizer_rules.unwrap_optimizer
        previous = context.config.stages[number - 1] if number else None
        if previous is None:
            problems.error("conflict", "the first stage has no optimizer state to keep.", location)
        elif unwrap(previous.optimizer).name != unwrap(stage.optimizer).name:
            message = f"{stage.optimizer.name} cannot go on with the state of {previous.optimizer.name}. "
            problems.error("conflict", message + "Write `optimizer_state: reset`, or one optimizer.", location)
        if _counts_steps(stage.schedule):
            message = f"{stage.schedule.name} counts the optimizer's steps, which `keep` carries over. "
            message += "Write `schedule: null`, or `optimizer_state: reset`."
            problems.error("conflict", message, location)


def _rate_groups(context: CheckContext, problems: Problems) -> None:
    for stage in context.config.stages:
        if not stage.rates and stage.unfreeze is None:
            continue
        location = stage.location("rates") or stage.location("unfreeze")
        inner = optimizer_rules.unwrap_optimizer(stage.optimizer)
        if inner.name == "MultiOptimizer":
            message = "MultiOptimizer makes its own groups. Give each of its optimizers its rate."
            problems.error("conflict", message, location)
        elif "learning_rate" not in inner.entry.arguments:
            message = f"{inner.name} has no learning rate that `rates` could multiply."
            problems.error("conflict", message, location)
        if inner.arguments.get("global_clipnorm") is not None:
            message = "`global_clipnorm` would be taken over each group of rates alone. Use `clipnorm`."
            problems.error("conflict", message, location)
        for selector, rate in stage.rates.items():
            if rate <= 0:
                message = f"the rate of `{selector}` is {rate:g}. Expected a number above 0; "
                problems.error("conflict", message + "to freeze layers, leave them out of `train`.", location)


def _unfreezing(context: CheckContext, problems: Problems) -> None:
    for stage in context.config.stages:
        if stage.unfreeze is None:
            continue
        if stage.rates:
            message = "`unfreeze` sets the rates of its blocks itself. Remove `rates`, or write stages of your own."
            problems.error("conflict", message, stage.location("rates"))
        if _counts_steps(stage.schedule):
            message = f"{stage.schedule.name} would start anew with every block that `unfreeze` thaws. "
            problems.error("conflict", message + "Write `schedule: null` in this stage.", stage.location("unfreeze"))


def _counts_steps(schedule: Choice | None) -> TypeGuard[Choice]:
    """Whether the schedule cannot go on over a boundary of stages."""
    return schedule is not None and schedule.name != PLATEAU_SCHEDULE


CHECKS = (_names, _monitors, _optimizer_states, _rate_groups, _unfreezing)
