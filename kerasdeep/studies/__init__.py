"""Variants over seeds, or finished runs, beside each other: trained where needed, measured, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["compare_runs", "compare_study"]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kerasdeep.runs import ComparisonDir, RunDir
    from kerasdeep.studies.study import StudyOptions


def compare_study(
    path: Path, study_options: StudyOptions, out: Path, mode: str = "auto", say: Callable[[str], None] = print
) -> ComparisonDir:
    """Train every variant of the file over its seeds, as far as no run of `out` matches, and compare them.

    `mode` is the display of each training (auto, json, quiet), `say` hears what is at hand. Raises InputError for
    a file, data or claims that do not fit, Interrupted when it was asked to stop: finished runs are kept, and the
    same call goes on from there. A run that fails counts as failed; the others are compared.
    """
    from kerasdeep.studies import comparison

    return comparison.run_study(path, study_options, out, mode, say)


def compare_runs(runs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """Compare runs that there are; those that differ in nothing but their seed count as one variant.

    Raises InputError for a directory that is no run.
    """
    from kerasdeep.studies import comparison

    return comparison.compare_runs(runs, name, out)
