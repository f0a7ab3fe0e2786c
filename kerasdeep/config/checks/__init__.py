"""Checks for conflicting settings, settings without effect, and common mistakes.

Each check is a function of a `CheckContext` and the problems so far; the modules, one for each part of the file, list
theirs as `CHECKS`. An error stops; a warning has a name in `warning_names.py`, and `allow: [name]` accepts it.
"""

from collections.abc import Callable

from kerasdeep.config.checks import data, network, pretrained, pretraining, selu, stages, study, threshold, training
from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.checks.warning_names import WARNINGS
from kerasdeep.config.root import Config
from kerasdeep.errors import Problems
from kerasdeep.yaml_nodes import Mapping

__all__ = ["CHECKS", "WARNINGS", "check_config"]

CHECKS: tuple[Callable[[CheckContext, Problems], None], ...] = (
    *data.CHECKS,
    *network.CHECKS,
    *selu.CHECKS,
    *training.CHECKS,
    *stages.CHECKS,
    *pretraining.CHECKS,
    *pretrained.CHECKS,
    *study.CHECKS,
    *threshold.CHECKS,
)


def check_config(config: Config, problems: Problems, tree: Mapping | None = None) -> None:
    """Reports everything that the sections, each well-formed by itself, do wrong together.

    `tree` is what the config was read from; with it, problems in `expect` and among names point at their own line.
    """
    context = CheckContext(config, tree)
    for run_check in CHECKS:
        run_check(context, problems)
