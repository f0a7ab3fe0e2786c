"""Finding a run that was trained already: the same configuration, the same data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kerasdeep.config import resolved
from kerasdeep.config.load import recorded_settings
from kerasdeep.config.root import Config
from kerasdeep.config.schema import effect_of
from kerasdeep.errors import InputError
from kerasdeep.runs import RunDir, facts, runs_named

FINISHED = ("completed", "failed", "pruned")
"""How a run ends that is not gone on with."""
IGNORED_EFFECTS = ("machine", "cost", "nothing")
SETTLED_PER_RUN = ("seed", "runtime.compile")
"""Keys in which the runs of one variant may differ: `compile: auto` is settled by each run's own work."""


def run_signature(leaves: dict[str, str], *also_ignored: str) -> dict[str, str]:
    """What two runs must have in common to be the same, from `resolved.flatten_yaml`; `also_ignored` is left out."""
    counted = (key for key in leaves if effect_of(Config, key) not in IGNORED_EFFECTS and key not in also_ignored)
    return {key: leaves[key] for key in counted}


def find_reusable_run(
    out: Path, config: Config, data_hash: Callable[[], str], may_be_pruned: bool = False
) -> RunDir | None:
    """The newest run in `out` that is what `config` would give; None where there is none.

    An interrupted run matches as well, to be resumed, if it began with as many threads; a pruned one where runs
    `may_be_pruned`. `data_hash` reads the hash of today's data.
    """
    also_ignored = () if config.runtime.compile != "auto" else ("runtime.compile",)
    wanted_signature = run_signature(resolved.flatten_yaml(resolved.resolved_yaml(config)), *also_ignored)
    for run in reversed(runs_named(out, str(config.name))):
        try:
            candidate_signature = run_signature(recorded_settings(run.read_resolved()), *also_ignored)
        except (OSError, InputError):
            continue
        environment = facts.read_fact(run, facts.EnvironmentFact) or facts.EnvironmentFact()
        if candidate_signature != wanted_signature or environment.data_hash not in (None, data_hash()):
            continue
        status = facts.read_result(run).status
        if status == "pruned" and not may_be_pruned:
            continue
        if status in FINISHED or config.runtime.threads in ("auto", environment.threads):
            return run
    return None
