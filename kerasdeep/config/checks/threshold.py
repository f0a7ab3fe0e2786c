"""Checks of `threshold:` what decides where a probability becomes a yes."""

from kerasdeep.config.checks.context import CheckContext
from kerasdeep.errors import Problems
from kerasdeep.tasks import TASKS, parse_setting


def _threshold(context: CheckContext, problems: Problems) -> None:
    config, section = context.config, context.config.threshold
    if section is None:
        return
    location, task = config.location("threshold"), parse_setting(context.task)[0]
    if task in TASKS and TASKS[task].calibration != "threshold":
        message = f"`threshold` has no effect while the task is {task}: it is for two classes and for sets of labels."
        problems.warn("no-effect", message, location)
    if section.value is not None and section.location("by"):
        message = f"`threshold` is given as {section.value:g} and chosen by {section.by}. Keep one."
        problems.error("conflict", message, location)
    elif section.value is None and config.data.validation is None:
        message = (
            "`threshold` is chosen on validation rows, but `data.validation` is null. Give it a part, or state the "
        )
        problems.error("conflict", f"{message}threshold itself, such as `threshold: 0.3`.", location)
    for key in ("cost", "rate"):
        if section.differs_from_default(key) and (section.by != key or section.value is not None):
            message = f"`threshold.{key}` has no effect without `by: {key}`."
            problems.warn("no-effect", message, section.location(key))


CHECKS = (_threshold,)
