"""`kerasdeep train`: which experiment, then the story of the run, then its report and three lines."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from kerasdeep import run_dir, spec
from kerasdeep.cli.ending import say_json
from kerasdeep.cli.paths import config_path
from kerasdeep.errors import InputError, Mark, RunFailed
from kerasdeep.run_dir import RunDir

_PARTS = {"test_": "test rows", "val_": "validation rows"}


def train(
    config: str,
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
    given = run_dir.find(config) if Path(config).is_dir() else None
    loaded = spec.load(given.resolved if given else config_path(config), sets, profile, variant, flags)
    begun = (given or _latest(out, str(loaded.spec.name))) if resume else None
    from kerasdeep import report, training

    runs: list[RunDir] = []
    mode = "quiet" if quiet else "json" if json else "auto"
    try:
        training.train(loaded, out, begun, mode, runs.append)
    except BaseException:
        # What ended the run (a full disk, a directory that is gone) may leave no room for its report.
        with suppress(OSError, InputError):
            for run in runs:
                report.write(run)
        raise
    if not runs:  # another of the processes that trained together has the run, and speaks of it
        return
    _write_report(runs[0])
    result = runs[0].read_result()
    if json:
        say_json(result)
    elif not quiet:
        for line in summary(runs[0], result):
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


def _latest(out: Path, name: str) -> RunDir:
    run = run_dir.latest(out, name)
    if run is None:
        raise InputError(
            f"there is no run `{name}` in {out} to resume. Train it first.", "usage", Mark("--resume")
        )
    return run


def summary(run: RunDir, result: dict[str, Any]) -> list[str]:
    """Three lines: what came out, what it took, where it is."""
    part = next((part for part in _PARTS if any(name.startswith(part) for name in result["baseline"])), "")
    figures = [
        f"{name.removeprefix(part).replace('_', ' ')} {result['metrics'][name]:.4g} (baseline {value:.4g})"
        for name, value in result["baseline"].items()
        if name.startswith(part) and value is not None and result["metrics"].get(name) is not None
    ]
    best = f", the best is {result['best_epoch']}" if result["best_epoch"] not in (None, result["epochs"]) else ""
    trained = f"{result['epochs']} epochs{best}"
    return [
        f"On {_PARTS.get(part, 'training rows')}: {', '.join(figures)}",
        f"{trained}; {result['parameters']:,} parameters; {result['seconds']:.1f} s of training",
        f"Report: {run.report_html}",
    ]
