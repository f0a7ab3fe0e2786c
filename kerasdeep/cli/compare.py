"""`kerasdeep compare`: variants over seeds, or finished runs, in one table and on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kerasdeep import run_dir
from kerasdeep.cli.ending import say_json
from kerasdeep.cli.paths import config_path
from kerasdeep.errors import InputError, Mark, RunFailed
from kerasdeep.run_dir import ComparisonDir


def compare(
    given: list[str],
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
    folder = _compare(given, seeds, sets, profile, name, flags, out, quiet, json)
    facts = folder.read()
    missed = [row["claim"] for row in facts["expect"] if not row["met"]]
    error = f"{len(missed)} of {len(facts['expect'])} claims missed: {'; '.join(missed)}" if missed else None
    if json:
        say_json(as_object(facts, folder) | ({"status": "failed", "error": error} if error else {}))
    elif not quiet:
        from kerasdeep.cli.compare_table import show

        show(facts, folder)
    if error:
        print(error, file=sys.stderr)
    return RunFailed.exit_code if error else 0


def _compare(
    given: list[str],
    seeds: int,
    sets: list[str],
    profile: str | None,
    name: str | None,
    flags: dict[str, tuple[str, str]],
    out: Path,
    quiet: bool,
    json: bool,
) -> ComparisonDir:
    from kerasdeep import comparing

    folders = [Path(text) for text in given if Path(text).is_dir()]
    if folders:
        if len(folders) < len(given) or sets or profile or flags:
            message = "runs are compared as they are: give run directories alone, or one file with its options."
            raise InputError(message, "usage", Mark("compare"))
        return comparing.compare_runs([run_dir.find(folder) for folder in folders], name or "runs", out)
    if len(given) > 1:
        raise InputError("give one file, or several run directories.", "usage", Mark("compare"))
    from kerasdeep.comparing.study import Wishes

    if name:
        flags = {**flags, "name": ("--name", name)}
    wishes = Wishes(seeds=seeds, sets=tuple(sets), profile=profile, flags=flags)
    mode = "quiet" if quiet else "json" if json else "auto"
    stream = sys.stderr if json else sys.stdout

    def say(text: str) -> None:
        if not quiet:
            print(text, file=stream, flush=True)

    return comparing.compare_study(config_path(given[0]), wishes, out, mode, say)


def as_object(facts: dict[str, Any], folder: ComparisonDir) -> dict[str, Any]:
    """The comparison without its curves, and where its page is."""
    variants = [{key: value for key, value in one.items() if key != "curves"} for one in facts["variants"]]
    return {**facts, "variants": variants, "page": str(folder.html)}
