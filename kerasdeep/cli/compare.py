"""`kerasdeep compare`: variants over seeds, or finished runs, in one table and on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.collection import config_path
from kerasdeep.errors import InputError, RunFailed, SourceLocation
from kerasdeep.runs import ComparisonDir, open_run_dir


def compare(
    configs_or_runs: list[str],
    seeds: int,
    sets: list[str],
    profile: str | None,
    name: str | None,
    flags: dict[str, tuple[str, str]],
    out: Path,
    quiet: bool,
    json: bool,
) -> int:
    """Compares and shows; the exit code says whether every claim of the file was met."""
    folder = _run_comparison(configs_or_runs, seeds, sets, profile, name, flags, out, quiet, json)
    facts = folder.read()
    missed = [row["claim"] for row in facts["expect"] if not row["met"]]
    error = f"{len(missed)} of {len(facts['expect'])} claims missed: {'; '.join(missed)}" if missed else None
    if json:
        print_json(without_curves(facts, folder) | ({"status": "failed", "error": error} if error else {}))
    elif not quiet:
        from kerasdeep.cli.compare_table import show

        show(facts, folder)
    if error:
        print(error, file=sys.stderr)
    return RunFailed.exit_code if error else 0


def _run_comparison(
    configs_or_runs: list[str],
    seeds: int,
    sets: list[str],
    profile: str | None,
    name: str | None,
    flags: dict[str, tuple[str, str]],
    out: Path,
    quiet: bool,
    json: bool,
) -> ComparisonDir:
    from kerasdeep import studies

    folders = [Path(text) for text in configs_or_runs if Path(text).is_dir()]
    if folders:
        if len(folders) < len(configs_or_runs) or sets or profile or flags:
            message = "runs are compared as they are: give run directories alone, or one file with its options."
            raise InputError(message, "usage", SourceLocation("compare"))
        return studies.compare_runs([open_run_dir(folder) for folder in folders], name or "runs", out)
    if len(configs_or_runs) > 1:
        raise InputError("give one file, or several run directories.", "usage", SourceLocation("compare"))
    from kerasdeep.studies.study import StudyOptions

    if name:
        flags = {**flags, "name": ("--name", name)}
    study_options = StudyOptions(seeds=seeds, sets=tuple(sets), profile=profile, flags=flags)
    mode = "quiet" if quiet else "json" if json else "auto"
    stream = sys.stderr if json else sys.stdout

    def say(text: str) -> None:
        if not quiet:
            print(text, file=stream, flush=True)

    return studies.compare_study(config_path(configs_or_runs[0]), study_options, out, mode, say)


def without_curves(facts: dict[str, Any], folder: ComparisonDir) -> dict[str, Any]:
    """The comparison without its curves, and where its page is."""
    variants = [{key: value for key, value in variant.items() if key != "curves"} for variant in facts["variants"]]
    return {**facts, "variants": variants, "page": str(folder.html)}
