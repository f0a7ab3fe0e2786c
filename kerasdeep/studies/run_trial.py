"""What a process does with one trial: find the run that is there already, or train it, or go on with it."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path

from kerasdeep.backends import runtime
from kerasdeep.config.root import Config
from kerasdeep.errors import Pruned, RunFailed
from kerasdeep.runs import RunDir, facts
from kerasdeep.studies import out_of_fold, reuse
from kerasdeep.studies.trial import Trial
from kerasdeep.train_and_report import train_and_report
from kerasdeep.training import RunListener

SECONDS_UNTIL_FREE = 20.0


@dataclass(frozen=True)
class TrialEnd:
    """The run of a trial, and whether it was there before."""

    run: RunDir
    reused: bool


def run_trial(trial: Trial, out: Path, progress: str, listener: RunListener, data_hashes: dict[str, str]) -> TrialEnd:
    """The run of a trial: one that matches and is finished, else trained or resumed now.

    A run that fails or is pruned is the trial's run as well. `data_hashes` keeps the hash of today's data for each way
    in which the trials of a study read them. Raises RunFailed where there is no run, InputError and Interrupted as
    training does.
    """
    end = _find_or_train(trial, out, progress, listener, data_hashes)
    if trial.fold is not None:
        out_of_fold.write_part(end.run)
    return end


def _find_or_train(
    trial: Trial, out: Path, progress: str, listener: RunListener, data_hashes: dict[str, str]
) -> TrialEnd:
    config = trial.loaded.config
    run = reuse.find_reusable_run(out, config, lambda: _data_hash(config, data_hashes), trial.may_be_pruned)
    if run is not None and facts.read_result(run).status in reuse.FINISHED:
        return TrialEnd(run, reused=True)
    if run is not None:
        _wait_until_free(run)
    try:
        trained = train_and_report(trial.loaded, out, run, progress, listener)
        assert trained is not None
        return TrialEnd(trained, reused=False)
    except (RunFailed, Pruned) as ending:
        if ending.run_path is None:
            raise
        return TrialEnd(RunDir(ending.run_path), reused=False)
    finally:
        _release_models()


def _wait_until_free(run: RunDir) -> None:
    """A process whose study was killed still holds its run while it saves it."""
    deadline = time.monotonic() + SECONDS_UNTIL_FREE
    while run.locked and time.monotonic() < deadline:
        time.sleep(0.2)


def _release_models() -> None:
    """Dozens of networks in one process: what is no longer needed must not stay in memory."""
    import keras

    keras.backend.clear_session(free_memory=False)
    gc.collect()


def _data_hash(config: Config, data_hashes: dict[str, str]) -> str:
    key = repr((config.data, config.task))
    if key not in data_hashes:
        runtime.prepare(config.runtime, config.seed)
        from kerasdeep import data

        data_hashes[key] = data.load(config.data, config.task).hash
    return data_hashes[key]
