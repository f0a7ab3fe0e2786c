"""Runs that exist and match are not trained again: the same configuration, the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from kerasdeep import run_dir
from kerasdeep.errors import InputError
from kerasdeep.run_dir import RunDir
from kerasdeep.spec import resolved
from kerasdeep.spec.experiment import Spec

# What changes neither weights nor figures, or is settled by the machine.
ASIDE = (
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


def signature(leaves: dict[str, str], *more: str) -> dict[str, str]:
    """What two runs must have in common to be the same, out of `resolved.leaves`; `more` is left out too."""
    aside = ASIDE + more
    return {key: value for key, value in leaves.items() if not key.startswith(aside)}


def find(out: Path, spec: Spec, data_hash: Callable[[], str]) -> RunDir | None:
    """The newest run under `out` that is what `spec` would give; None where there is none.

    A run that was interrupted matches as well: it is to be continued. `data_hash` tells what the data are today.
    """
    settled = () if spec.runtime.compile != "auto" else ("runtime.compile",)
    wanted = signature(resolved.leaves(resolved.text(spec)), *settled)
    for run in _candidates(out, str(spec.name)):
        try:
            found = signature(resolved.leaves(run.resolved.read_text(encoding="utf-8")), *settled)
        except (OSError, InputError):
            continue
        if found == wanted and run.read_environment().get("data_hash") in (None, data_hash()):
            return run
    return None


def _candidates(out: Path, name: str) -> Iterator[RunDir]:
    """Runs of that name, newest first."""
    return reversed(run_dir.runs_of(out, name))
