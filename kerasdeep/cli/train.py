"""`kerasdeep train`: which experiment, then the story of the run, then its report and three lines."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.collection import config_path
from kerasdeep.config import load_config
from kerasdeep.errors import InputError, RunFailed, SourceLocation
from kerasdeep.runs import RunDir, latest_run, open_run_dir

_SPLIT_TITLES = {"test_": "test rows", "val_": "validation rows"}


def train(
    config_or_run: str,
    sets: list[str],
    profile: str | None,
    variant: str | None,
    flags: dict[str, tuple[str, str]],
    out: Path,
    resume: bool,
    quiet: bool,
    json: bool,
) -> None:
    """Trains, reports and says what came out; an interrupted or failed run gets its report as well."""
    given_run = open_run_dir(config_or_run) if Path(config_or_run).is_dir() else None
    loaded = load_config(given_run.resolved if given_run else config_path(config_or_run), sets, profile, variant, flags)
    resumed_run = (given_run or _require_latest_run(out, str(loaded.config.name))) if resume else None
    from kerasdeep import report, training

    created_runs: list[RunDir] = []
    mode = "quiet" if quiet else "json" if json else "auto"
    try:
        training.train(loaded, out, resumed_run, mode, created_runs.append)
    except BaseException:
        # What ended the run (a full disk, a directory that is gone) may leave no room for its report.
        with suppress(OSError, InputError):
            for run in created_runs:
                report.write(run)
        raise
    if not created_runs:  # another of the processes that trained together has the run, and speaks of it
        return
    _write_report(created_runs[0])
    result = created_runs[0].read_result()
    if json:
        print_json(result)
    elif not quiet:
        for line in summary_lines(created_runs[0], result):
            print(line)


def _write_report(run: RunDir) -> None:
    from kerasdeep import report

    try:
        report.write(run)
    except OSError as error:
        raise RunFailed(
            f"The run is complete, but its report cannot be written: {error.strerror}. Mend that, then: "
            f"kerasdeep report {run.path}"
        ) from error


def _require_latest_run(out: Path, name: str) -> RunDir:
    run = latest_run(out, name)
    if run is None:
        raise InputError(
            f"there is no run `{name}` in {out} to resume. Train it first.", "usage", SourceLocation("--resume")
        )
    return run


def summary_lines(run: RunDir, result: dict[str, Any]) -> list[str]:
    """Three lines: what came out, what it took, where it is."""
    prefix = next(
        (prefix for prefix in _SPLIT_TITLES if any(name.startswith(prefix) for name in result["baseline"])), ""
    )
    metric_texts = [
        f"{name.removeprefix(prefix).replace('_', ' ')} {result['metrics'][name]:.4g} (baseline {value:.4g})"
        for name, value in result["baseline"].items()
        if name.startswith(prefix) and value is not None and result["metrics"].get(name) is not None
    ]
    best = f", the best is {result['best_epoch']}" if result["best_epoch"] not in (None, result["epochs"]) else ""
    epochs_text = f"{result['epochs']} epochs{best}"
    return [
        f"On {_SPLIT_TITLES.get(prefix, 'training rows')}: {', '.join(metric_texts)}",
        f"{epochs_text}; {result['parameters']:,} parameters; {result['seconds']:.1f} s of training",
        f"Report: {run.report_html}",
    ]
