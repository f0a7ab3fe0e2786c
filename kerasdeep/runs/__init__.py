"""Run directories: their layout, history, lock and facts. Imports nothing but the standard library."""

from kerasdeep.runs.files import atomic_write, fsync_dir, to_jsonable, write_json, write_text
from kerasdeep.runs.history import HistoryFile
from kerasdeep.runs.layout import (
    ComparisonDir,
    RunDir,
    SweepDir,
    comparison_dir,
    create_run_dir,
    is_run_dir,
    latest_run,
    list_runs,
    open_run_dir,
    runs_named,
    sweep_dir,
)

__all__ = [
    "ComparisonDir",
    "HistoryFile",
    "RunDir",
    "SweepDir",
    "atomic_write",
    "comparison_dir",
    "create_run_dir",
    "fsync_dir",
    "is_run_dir",
    "latest_run",
    "list_runs",
    "open_run_dir",
    "runs_named",
    "sweep_dir",
    "to_jsonable",
    "write_json",
    "write_text",
]
