"""Studies: variants over seeds, or finished runs, compared; settings searched and confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasdeep.config import Overrides

__all__ = ["compare_runs", "compare_study", "sweep_study"]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kerasdeep.config.load import ConfigSource
    from kerasdeep.runs import ComparisonDir, RunDir, SweepDir


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


def sweep_study(
    config: ConfigSource,
    overrides: Overrides = Overrides(),
    *,
    out: Path,
    progress: str = "auto",
    jobs: int | None = None,
    storage: str | None = None,
) -> SweepDir:
    """Search the space of a file's `sweep`, confirm the best on fresh seeds, and write the study's directory.

    A study that is there already goes on. `storage` is the address of a database, by which several machines share a
    study; its journal is in the study's directory where there is none. `progress` and `jobs` are as in
    `compare_study`. Raises InputError for a file or a space that does not fit and for a missing Optuna, and Interrupted
    on request.
    """
    from kerasdeep.studies import sweep

    return sweep.run_sweep(config, overrides, out, progress, jobs, storage)
