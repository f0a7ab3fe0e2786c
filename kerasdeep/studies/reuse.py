"""Runs that exist and match are not trained again: the same configuration, the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from kerasdeep.config import resolved
from kerasdeep.config.root import Config
from kerasdeep.errors import InputError
from kerasdeep.runs import RunDir, runs_named

# What changes neither weights nor figures, or is settled by the machine.
IGNORED_KEYS = (
    "name",
    "description",
    "report",
    "allow",
    "data.cache",
    "training.checkpoint",
    "training.watch",
    "runtime.chunk",
    "runtime.threads",
)


def run_signature(leaves: dict[str, str], *also_ignored: str) -> dict[str, str]:
    """What two runs must have in common to be the same, out of `resolved.leaves`; `more` is left out too."""
    ignored = IGNORED_KEYS + also_ignored
    return {key: value for key, value in leaves.items() if not key.startswith(ignored)}


def find_reusable_run(out: Path, config: Config, data_hash: Callable[[], str]) -> RunDir | None:
    """The newest run under `out` that is what `spec` would give; None where there is none.

    A run that was interrupted matches as well: it is to be continued. `data_hash` tells what the data are today.
    """
    also_ignored = () if config.runtime.compile != "auto" else ("runtime.compile",)
    wanted_signature = run_signature(resolved.flatten_yaml(resolved.resolved_yaml(config)), *also_ignored)
    for run in _candidate_runs(out, str(config.name)):
        try:
            candidate_signature = run_signature(
                resolved.flatten_yaml(run.resolved.read_text(encoding="utf-8")), *also_ignored
            )
        except (OSError, InputError):
            continue
        if candidate_signature == wanted_signature and run.read_environment().get("data_hash") in (None, data_hash()):
            return run
    return None


def _candidate_runs(out: Path, name: str) -> Iterator[RunDir]:
    """Runs of that name, newest first."""
    return reversed(runs_named(out, name))
