"""Settings that fight, have no effect, or fall into one of the chapter's own traps.

Each check is a function of a `View` and a report; the modules, one for each part of the file, list theirs as
`CHECKS`. An error stops; a warning has a name in `warnings.py`, and `allow: [name]` accepts it.
"""

from __future__ import annotations

from collections.abc import Callable

from kerasdeep.errors import Report
from kerasdeep.source import Mapping
from kerasdeep.spec.conflicts import data, learning, network, pretrained, pretraining, selu, stages, study
from kerasdeep.spec.conflicts.view import View
from kerasdeep.spec.conflicts.warnings import WARNINGS
from kerasdeep.spec.experiment import Spec

__all__ = ["CHECKS", "WARNINGS", "check"]

CHECKS: tuple[Callable[[View, Report], None], ...] = (
    *data.CHECKS,
    *network.CHECKS,
    *selu.CHECKS,
    *learning.CHECKS,
    *stages.CHECKS,
    *pretraining.CHECKS,
    *pretrained.CHECKS,
    *study.CHECKS,
)


def check(spec: Spec, report: Report, tree: Mapping | None = None) -> None:
    """Reports everything that the sections, each well-formed by itself, do wrong together.

    `tree` is what the spec was read from; with it, problems in `expect` and among names point at their own line.
    """
    view = View(spec, tree)
    for one in CHECKS:
        one(view, report)
