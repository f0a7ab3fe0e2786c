"""Variants over seeds, or finished runs, beside each other: trained where needed, measured, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["compare_runs", "compare_study"]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kerasdeep.comparing.study import Wishes
    from kerasdeep.run_dir import ComparisonDir, RunDir


def compare_study(
    path: Path, wishes: Wishes, out: Path, mode: str = "auto", say: Callable[[str], None] = print
) -> ComparisonDir:
    """Train every variant of the file over its seeds, as far as no run of `out` matches, and compare them.

    `mode` is the display of each training (auto, json, quiet), `say` hears what is at hand. Raises InputError for
    a file, data or claims that do not fit, Interrupted when it was asked to stop: finished runs are kept, and the
    same call goes on from there. A run that fails counts as failed; the others are compared.
    """
    from kerasdeep.comparing import story

    return story.of_study(path, wishes, out, mode, say)


def compare_runs(runs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """Compare runs that there are; those that differ in nothing but their seed count as one variant.

    Raises InputError for a directory that is no run.
    """
    from kerasdeep.comparing import story

    return story.of_runs(runs, name, out)
