"""The search of a sweep in Optuna: its storage, which trial is whose, and how values are chosen.

All trials of a study wait in the storage from its beginning. A process takes one by a change of state that only one
can make, so that processes on one storage never train a trial twice. Two that start at once may both add trials; of
these, only as many count as the study has. A trial that runs has a lease (time, host, process), renewed while it does;
what is left by a process that died is taken over, and its run directory resumed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from types import TracebackType
from typing import Any

from kerasdeep.config.sweep_space import Parameter, Values
from kerasdeep.errors import InputError, SourceLocation

LEASE_SECONDS = 90.0
"""How old a lease may be; it is renewed three times as often."""
LOCK_SECONDS = 30
"""After which a lock of the journal is one that its process cannot release any more; it is held for milliseconds."""
SETTLE_SECONDS = 1.0
"""Two processes may find a stale lease at once: whose is the last one written, after this time, has it."""
LEASE, RUN, STATUS, EPOCHS, ERROR = "lease", "run", "status", "epochs", "error"
MISSING = "`sweep` searches with Optuna, which is not installed. Install it with: pip install 'kerasdeep[sweep]'"


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a study chooses the values of its trials, how many it has, and how long each is at most.

    Attributes:
        direction: Of the goal: `minimize` or `maximize`.
        trials: Of the whole study.
        sampler: `tpe`, `random` or `grid`.
        prune: `hyperband`, `median` or None.
        max_epochs: Epochs of a trial that is not pruned.
        seed: Of the sampler, together with a trial's number.
    """

    direction: str
    trials: int
    sampler: str
    prune: str | None
    max_epochs: int
    seed: int


class Search:
    """A study in a storage. Used as a context while trials run, which keeps the leases of this process alive."""

    def __init__(
        self, name: str, parameters: Sequence[Parameter], *, storage: Any, identity: str, options: SearchOptions
    ) -> None:
        optuna = import_optuna()
        self._optuna, self._storage, self._options = optuna, storage, options
        self._parameters = list(parameters)
        self.trials = options.trials
        self._grid = list(islice(_combinations(parameters), self.trials)) if options.sampler == "grid" else None
        self._owner = {"host": socket.gethostname(), "pid": os.getpid()}
        self._running: dict[int, Any] = {}
        self._stop = threading.Event()
        pruner = _pruner(optuna, options.prune, options.max_epochs)
        try:
            self._study = optuna.create_study(
                study_name=name, storage=storage, direction=options.direction, pruner=pruner
            )
            self._study.set_user_attr("identity", identity)
        except optuna.exceptions.DuplicatedStudyError:
            self._study = optuna.load_study(study_name=name, storage=storage, pruner=pruner)
            self._check_identity(identity)
        for _ in range(len(self._study.get_trials(deepcopy=False)), self.trials):
            self._study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.WAITING))

    def _check_identity(self, identity: str) -> None:
        found = self._study.user_attrs.get("identity", identity)
        if found != identity:
            message = (
                "the study was begun with another file or space. Restore them, give the new study another name "
                "(--name), or delete the study's directory."
            )
            raise InputError(message, "sweep", SourceLocation(self._study.study_name))

    def _counted(self, *states: Any) -> list[Any]:
        """The trials of the study in these states, or all; not those that two processes added at once."""
        found = self._study.get_trials(deepcopy=False, states=states or None)
        return [trial for trial in found if trial.number < self.trials]

    # Trials of this process

    def take(self) -> tuple[int, Values] | None:
        """The number and the values of a trial that is this process's from now on; None where none is to be had."""
        trial = self._take_over() or self._take_waiting()
        if trial is None:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = {one.path: _suggest(trial, one) for one in self._parameters}
        self._running[trial.number] = trial
        return trial.number, values

    def _take_waiting(self) -> Any:
        states = self._optuna.trial.TrialState
        for frozen in self._counted(states.WAITING):
            if self._storage.set_trial_state_values(frozen._trial_id, states.RUNNING):
                self._write_lease(frozen._trial_id)
                return self._as_trial(frozen)
        return None

    def _take_over(self) -> Any:
        states = self._optuna.trial.TrialState
        for frozen in self._counted(states.RUNNING):
            if frozen.number in self._running or not _is_stale(frozen):
                continue
            mine = self._write_lease(frozen._trial_id)
            time.sleep(SETTLE_SECONDS)
            if self._storage.get_trial(frozen._trial_id).user_attrs.get(LEASE) == mine:
                return self._as_trial(frozen)
        return None

    def _as_trial(self, frozen: Any) -> Any:
        # A sampler for each trial: what is drawn depends on its number, not on the process that draws.
        samplers, seed = self._optuna.samplers, (self._options.seed * 1_000_003 + frozen.number) % 2**32
        make = samplers.TPESampler if self._options.sampler == "tpe" else samplers.RandomSampler
        self._study.sampler = make(seed=seed)
        if self._grid is not None:
            self._storage.set_trial_system_attr(frozen._trial_id, "fixed_params", self._grid[frozen.number])
        return self._optuna.trial.Trial(self._study, frozen._trial_id)

    def _write_lease(self, trial_id: int) -> dict[str, Any]:
        lease = {"time": time.time(), **self._owner}
        self._storage.set_trial_user_attr(trial_id, LEASE, lease)
        return lease

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Whether the trial should go on, after its goal's value at an epoch."""
        trial = self._running[number]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a resumed run reports its last epoch again
            trial.report(value, epoch)
        return not trial.should_prune()

    def tell(
        self, number: int, status: str, value: float | None, run: str | None, epochs: int, error: str | None = None
    ) -> None:
        """How a trial ended. One that failed counts as pruned, so that the sampler keeps away from its values."""
        trial, states = self._running.pop(number), self._optuna.trial.TrialState
        for key, content in ((RUN, run), (STATUS, status), (EPOCHS, epochs), (ERROR, error)):
            trial.set_user_attr(key, content)
        completed = status == "completed"
        state = states.COMPLETE if completed else states.PRUNED
        self._study.tell(trial, value if completed else None, state=state, skip_if_finished=True)

    def __enter__(self) -> Search:
        self._stop.clear()
        threading.Thread(target=self._renew_leases, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Trials that were not finished are free at once."""
        self._stop.set()
        for trial in self._running.values():
            with contextlib.suppress(Exception):  # the error that ends the study is the one to hear of
                self._storage.set_trial_user_attr(trial._trial_id, LEASE, {"time": 0.0, "host": "", "pid": 0})

    def _renew_leases(self) -> None:
        while not self._stop.wait(LEASE_SECONDS / 3):
            for trial in list(self._running.values()):
                with contextlib.suppress(Exception):  # a storage that does not answer may do so the next time
                    self._write_lease(trial._trial_id)

    # The study as it stands

    @property
    def unfinished(self) -> int:
        return sum(not trial.state.is_finished() for trial in self._counted())

    def rows(self) -> list[dict[str, Any]]:
        """Every trial that began: number, status, parameters, goal, run, epochs, error."""
        by_path = {one.path: one for one in self._parameters}
        found = []
        for trial in self._counted():
            if trial.state.name == "WAITING":
                continue
            values = {path: _value(by_path[path], label) for path, label in trial.params.items() if path in by_path}
            found.append(
                {
                    "number": trial.number,
                    "status": trial.user_attrs.get(STATUS, "running"),
                    "parameters": values,
                    "goal": trial.value if trial.state.name == "COMPLETE" else None,
                    "run": trial.user_attrs.get(RUN),
                    "epochs": trial.user_attrs.get(EPOCHS),
                    "error": trial.user_attrs.get(ERROR),
                }
            )
        return found

    def importances(self) -> dict[str, float]:
        """How much each parameter decides the goal (PED-ANOVA, Watanabe et al. 2023); empty for too few trials."""
        with contextlib.suppress(Exception), warnings.catch_warnings():  # it refuses in many ways
            warnings.simplefilter("ignore")
            return {
                key: float(value) for key, value in self._optuna.importance.get_param_importances(self._study).items()
            }
        return {}


def import_optuna() -> Any:
    """Raises InputError where Optuna is not installed."""
    try:
        import optuna
    except ImportError:
        raise InputError(MISSING, "missing-package", SourceLocation("sweep")) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def open_storage(url: str | None, folder: Path) -> Any:
    """The storage at `url`, or a journal in the study's folder. Raises InputError for one that cannot be opened."""
    optuna = import_optuna()
    if url is None:
        journal, path = optuna.storages.journal, str(folder / "study.log")
        # Not Optuna's default, a link: one that a killed process leaves in a relative folder is waited for without end.
        lock = journal.JournalFileOpenLock(path, grace_period=LOCK_SECONDS)
        backend = journal.JournalFileBackend(path, lock_obj=lock)
        return optuna.storages.JournalStorage(backend)
    try:
        return optuna.storages.RDBStorage(url)
    except Exception as error:  # a driver that is missing, a server that does not answer, a wrong password
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"cannot be opened: {reason}. Expected an address that SQLAlchemy knows, such as "
        message += "postgresql+psycopg://USER@HOST/DATABASE, and its driver (pip install 'psycopg[binary]')."
        raise InputError(message, "storage", SourceLocation("--storage")) from error


def _pruner(optuna: Any, name: str | None, max_epochs: int) -> Any:
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=max_epochs, reduction_factor=3)
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, max_epochs // 10))
    return optuna.pruners.NopPruner()


def _labels(parameter: Parameter) -> Iterator[Any]:
    """Choices as Optuna keeps them: what is not a scalar as JSON."""
    for value in parameter.choices or ():
        yield value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value)


def _combinations(parameters: Sequence[Parameter]) -> Iterator[dict[str, Any]]:
    """Every combination of the parameters' values, the first parameter's changing fastest."""
    labels = {one.path: list(_labels(one)) for one in reversed(parameters)}
    for values in product(*labels.values()):
        yield dict(zip(labels, values, strict=True))


def _value(parameter: Parameter, label: Any) -> Any:
    if parameter.choices is None:
        return label
    return dict(zip(_labels(parameter), parameter.choices, strict=True)).get(label, label)


def _suggest(trial: Any, parameter: Parameter) -> Any:
    if parameter.choices is not None:
        return _value(parameter, trial.suggest_categorical(parameter.path, list(_labels(parameter))))
    suggest = trial.suggest_int if parameter.whole else trial.suggest_float
    return suggest(parameter.path, parameter.low, parameter.high, log=parameter.log)


def _is_stale(frozen: Any) -> bool:
    lease: Mapping[str, Any] | None = frozen.user_attrs.get(LEASE)
    if lease is None:  # its process died before it could write one, or is about to
        return frozen.datetime_start is None or time.time() - frozen.datetime_start.timestamp() > LEASE_SECONDS
    if lease["host"] == socket.gethostname() and not _is_alive(int(lease["pid"])):
        return True
    return time.time() - float(lease["time"]) > LEASE_SECONDS


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # where asking would end it; its lease runs out
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
