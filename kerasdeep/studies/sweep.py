"""A sweep from top to bottom: search, confirm on fresh seeds, judge, write the winner and the page."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from kerasdeep import report
from kerasdeep.config import Overrides, load_config, resolved
from kerasdeep.config.load import ConfigSource
from kerasdeep.config.sweep_space import Parameter
from kerasdeep.errors import InputError, Interrupted, SourceLocation
from kerasdeep.runs import SweepDir, facts, sweep_dir, write_text
from kerasdeep.studies import confirmation, reuse, search
from kerasdeep.studies.board import Board
from kerasdeep.studies.executors import EXECUTORS, choose_executor
from kerasdeep.studies.run_trial import TrialEnd
from kerasdeep.studies.search import Search, SearchOptions
from kerasdeep.studies.study import command_words
from kerasdeep.studies.sweep_definition import Sweep, ranked
from kerasdeep.studies.trial import Trial, make_trial, source_of

SECONDS_BETWEEN_LOOKS = 2.0
"""While other processes train the last trials of the study."""
SECONDS_BETWEEN_PAGES = 10.0


def run_sweep(
    config: ConfigSource, overrides: Overrides, out: Path, progress: str, jobs: int | None, storage: str | None
) -> SweepDir:
    """`kerasdeep.studies.sweep_study` says what is done and raised."""
    loaded = load_config(config, overrides)
    section = loaded.config.sweep
    if section is None:
        message = "the file has no `sweep` section. Expected one, with `parameters`, `goal` and `trials`."
        raise InputError(message, "sweep", SourceLocation(str(loaded.path)))
    _refuse_searched(overrides, loaded.space)
    search.import_optuna()
    name, folder = str(loaded.config.name), sweep_dir(out, str(loaded.config.name))
    out_words = ["--out", str(out)] if out != Path("runs") else []
    command = shlex.join([*command_words("sweep", loaded), *overrides.command_words(), *out_words])
    sweep = Sweep(name, loaded, section, source_of(config, loaded), overrides, folder, out, command)
    folder.path.mkdir(parents=True, exist_ok=True)
    with Board(progress) as board:
        try:
            with _open_search(sweep, storage) as opened:
                _search(sweep, opened, jobs, board)
            rows, importances = opened.rows(), opened.importances()
            confirm = None
            if section.confirm and any(row["status"] == "completed" for row in rows):
                with FileLock(folder.lock):  # of several processes one confirms, and the others read its runs
                    confirm = confirmation.confirm(sweep, rows, jobs, board)
        except Interrupted:
            same_storage = " --storage …" if storage else ""
            raise Interrupted(f"Interrupted. Continue with: {command}{same_storage}") from None
    best = confirm["best"] if confirm else _best_number(rows, sweep.direction)
    if best is not None:
        _write_best(sweep, next(row for row in rows if row["number"] == best), confirm)
    _write_study(sweep, rows, importances, best, confirm)
    return folder


def _refuse_searched(overrides: Overrides, space: list[Parameter]) -> None:
    """Raises InputError for an option that would put one value over all that are searched."""
    for path, (option, _) in overrides.flags.items():
        if any(f"{path}.".startswith(f"{one.path}.") for one in space):
            message = f"{option} sets `{path}`, which `sweep.parameters` searches. Leave one of them out."
            raise InputError(message, "usage", SourceLocation(option))


def _open_search(sweep: Sweep, storage: str | None) -> Search:
    section, parameters = sweep.section, sweep.loaded.space
    leaves = resolved.flatten_yaml(resolved.resolved_yaml(sweep.loaded.config))
    space = {one.path: one.as_dict() for one in parameters}
    identity = {"file": reuse.run_signature(leaves), "parameters": space, "goal": section.goal}
    with FileLock(sweep.folder.lock):  # where processes start together, one makes the study
        return Search(
            f"{sweep.name}-sweep",
            parameters,
            storage=search.open_storage(storage, sweep.folder.path),
            identity=json.dumps(identity, sort_keys=True),
            options=SearchOptions(
                sweep.direction, sweep.trials, section.sampler, section.prune, sweep.planned_epochs, sweep.seed
            ),
        )


def _search(sweep: Sweep, opened: Search, jobs: int | None, board: Board) -> None:
    host = _SearchedTrials(sweep, opened)
    left = opened.unfinished
    if not left:
        return
    stand_in = make_trial(
        sweep.source, sweep.overrides_with({}), label="", variant="", seed=sweep.seed, name=f"{sweep.name}-trial"
    )
    executor, count = choose_executor([stand_in] * left, jobs)
    waiting = False
    while opened.unfinished:
        EXECUTORS[executor](host, count, board)
        if not opened.unfinished:
            return
        if not waiting:
            board.say(f"Waiting for {opened.unfinished} trials that other processes train.")
            waiting = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


class _SearchedTrials:
    """The `TrialHost` of a sweep."""

    def __init__(self, sweep: Sweep, opened: Search) -> None:
        self.out = sweep.out
        self._sweep, self._search = sweep, opened
        self._numbers: dict[str, int] = {}
        self._written = time.monotonic()

    def next_trial(self) -> Trial | None:
        while (taken := self._search.take()) is not None:
            number, values = taken
            said = ", ".join(f"{path.rpartition('.')[2]} {_said(value)}" for path, value in values.items())
            label = f"[{number + 1}/{self._search.trials}] {said}"
            self._numbers[label] = number
            try:
                return make_trial(
                    self._sweep.source,
                    self._sweep.overrides_with(values),
                    label=label,
                    variant="trial",
                    seed=self._sweep.seed,
                    name=f"{self._sweep.name}-trial{number}",
                    may_be_pruned=self._sweep.section.prune is not None,
                )
            except InputError as error:  # a conflict inside the space, away from its corners
                self._search.tell(number, "failed", None, None, 0, error=str(error))
        return None

    def on_epoch(self, trial: Trial, row: dict[str, Any]) -> bool:
        value = row.get(self._sweep.goal)
        return value is None or self._search.report(self._numbers[trial.label], int(row["epoch"]), float(value))

    def on_end(self, trial: Trial, end: TrialEnd) -> None:
        result, goal = facts.read_result(end.run), self._sweep.goal
        status = result.status if result.status in reuse.FINISHED else "failed"
        error = result.error if status == "failed" else None
        if status == "completed" and goal not in result.metrics:
            known = ", ".join(name for name in result.metrics if name.startswith("val_"))
            message = f"`sweep.goal` is {goal}, which the runs do not measure. Expected one of: {known}."
            raise InputError(message, "sweep", self._sweep.section.location("goal"))
        value = result.metrics.get(goal)
        if status == "completed" and value is None:  # an area under a curve of one class, a loss that is not finite
            status, error = "failed", f"{goal} has no value."
        self._search.tell(self._numbers[trial.label], status, value, str(end.run.path), result.epochs or 0, error)
        if time.monotonic() - self._written > SECONDS_BETWEEN_PAGES:
            self._written = time.monotonic()
            rows = self._search.rows()
            _write_study(self._sweep, rows, {}, _best_number(rows, self._sweep.direction), None)


def _said(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def _best_number(rows: list[dict[str, Any]], direction: str) -> int | None:
    completed = ranked(rows, direction)
    return completed[0]["number"] if completed else None


_VERDICTS = {
    "better": "fresh seeds show that it is better than the file as written",
    "no_clear_difference": "fresh seeds show no clear difference from the file as written",
    "worse": "fresh seeds show that it is worse than the file as written",
}


def _write_best(sweep: Sweep, row: Mapping[str, Any], confirm: Mapping[str, Any] | None) -> None:
    """`best.yaml`: the file with the values of the best trial; it trains wherever it lies."""
    trial = make_trial(
        sweep.source,
        sweep.overrides_with(row["parameters"]),
        label="",
        variant="",
        seed=sweep.seed,
        name=f"{sweep.name}-best",
    )
    verdict = _VERDICTS[confirm["verdict"]] if confirm else "not confirmed on fresh seeds"
    values = ", ".join(f"{path} {_said(value)}" for path, value in row["parameters"].items())
    header = [
        f"# kerasdeep train {sweep.folder.best}",
        f"# Trial {row['number']} of {sweep.command}: {values}",
        f"# Search: {sweep.goal} {row['goal']:.4g}; {verdict}.",
    ]
    settings = yaml.safe_dump(resolved.resolve(trial.loaded.config), sort_keys=False, allow_unicode=True, width=110)
    write_text(sweep.folder.best, "\n".join([*header, settings]))


def _write_study(
    sweep: Sweep,
    rows: list[dict[str, Any]],
    importances: Mapping[str, float],
    best: int | None,
    confirm: Mapping[str, Any] | None,
) -> None:
    sweep.folder.write(
        {
            "name": sweep.name,
            "description": sweep.loaded.config.description,
            "command": sweep.command,
            "goal": sweep.goal,
            "direction": sweep.direction,
            "wanted": sweep.trials,
            "epochs": sweep.planned_epochs,
            "parameters": {one.path: one.as_dict() for one in sweep.loaded.space},
            "trials": rows,
            "importances": dict(importances),
            "best": best,
            "confirm": confirm,
            "config": str(sweep.folder.best) if best is not None else None,
        }
    )
    report.write_sweep(sweep.folder)
