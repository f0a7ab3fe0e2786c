"""Studies: variants over seeds, or finished runs, compared; trained where needed, measured, held against claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasdeep.config import Overrides

__all__ = ["compare_runs", "compare_study"]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kerasdeep.config.load import ConfigSource
    from kerasdeep.runs import ComparisonDir, RunDir


def compare_study(
    config: ConfigSource,
    overrides: Overrides = Overrides(),
    *,
    seeds: int = 3,
    out: Path,
    progress: str = "auto",
    jobs: int | None = None,
    folds: int | None = None,
) -> ComparisonDir:
    """Train every variant of a file over several seeds, where no run in `out` matches already, and compare them.

    `seeds` is their number; the first is the file's own. `progress` is the display (auto, json, quiet); `jobs` is how
    many trials run at once, None for what the machine has room for, and moves no bits. With `folds`, each of so many
    parts of the rows is held out in turn, which replaces `data.validation`. A run that fails counts as
    failed; the others are compared. Raises InputError for a file, data or claims that do not fit, and Interrupted on
    request: finished runs are kept, and the same call continues from there.
    """
    from kerasdeep.studies import comparison

    return comparison.run_study(config, overrides, seeds, out, progress, jobs, folds)


def compare_runs(runs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """Compare finished runs; those that differ in nothing but their seed count as one variant.

    Raises InputError for a directory that is not a run.
    """
    from kerasdeep.studies import comparison

    return comparison.compare_runs(runs, name, out)
