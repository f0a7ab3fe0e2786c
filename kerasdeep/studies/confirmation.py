"""The best trials of a search against the file as written, on fresh seeds and fresh validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.config.sweep_space import Values
from kerasdeep.runs import RunDir, facts
from kerasdeep.studies import seed_statistics
from kerasdeep.studies.board import Board
from kerasdeep.studies.executors import EXECUTORS, choose_executor
from kerasdeep.studies.run_trial import TrialEnd
from kerasdeep.studies.sweep_definition import Sweep, ranked
from kerasdeep.studies.trial import Trial, make_trial

FILE = "file"
"""What the file as written is called beside the trials' numbers."""


def confirm(sweep: Sweep, rows: list[dict[str, Any]], jobs: int | None, board: Board) -> dict[str, Any]:
    """Train the best trials and the file as written on fresh seeds, and judge them in pairs.

    Returns:
        `best`, the number of the trial with the best mean; `verdict` on it: better, no_clear_difference or worse;
        `paired`, its difference to the file; `candidates` with the figure of the search and that of fresh seeds,
        whose difference is what the search's choice flattered itself with; `file`; `fresh_rows`.
    """
    section = sweep.section.confirm
    assert section is not None
    candidates = _distinct(ranked(rows, sweep.direction))[: section.best]
    seeds = [sweep.seed + 1 + offset for offset in range(section.seeds)]
    names: dict[str, Values] = {FILE: {}, **{str(row["number"]): row["parameters"] for row in candidates}}
    trials = [
        _trial(sweep, name, values, seed, f"[confirm {number}/{len(names) * len(seeds)}]")
        for number, (seed, (name, values)) in enumerate(((s, item) for s in seeds for item in names.items()), 1)
    ]
    host = _ConfirmedTrials(sweep.out, trials)
    executor, count = choose_executor(trials, jobs)
    EXECUTORS[executor](host, count, board)
    fresh = _fresh_rows(sweep.loaded.config.data, 0) is not None
    values_by_name: dict[str, dict[int, float]] = {name: {} for name in names}
    for trial in trials:
        metric = facts.read_result(host.runs[trial.label]).metrics.get(sweep.goal)
        values_by_name[trial.variant][trial.seed] = float("nan") if metric is None else metric
    shared_rows = seed_statistics.held_out_ratio(host.runs[trials[0].label]) if fresh else 0.0
    return judge(candidates, values_by_name, sweep.direction, shared_rows) | {"seeds": seeds, "fresh_rows": fresh}


def judge(
    candidates: list[dict[str, Any]], values: Mapping[str, Mapping[int, float]], direction: str, shared_rows: float
) -> dict[str, Any]:
    """What the values on fresh seeds say, by trial number and seed; `FILE` are those of the file as written.

    The best of several is judged, so each interval is wider by the number of candidates (Bonferroni): together they
    hold with 95 %.
    """
    confidence = 1 - (1 - seed_statistics.CONFIDENCE) / len(candidates)
    sign = 1 if direction == "maximize" else -1
    found = []
    for row in candidates:
        numbers = values[str(row["number"])]
        paired = seed_statistics.paired_t_interval(numbers, values[FILE], shared_rows, confidence)
        mean = seed_statistics.mean_and_std(list(numbers.values()))
        found.append({"number": row["number"], "search": row["goal"], **mean, "paired": paired})
    known = [row for row in found if row["paired"] is not None]
    best = max(known or found, key=lambda row: sign * row["mean"] if row["n"] else float("-inf"))
    verdict, paired = "no_clear_difference", best["paired"]
    if seed_statistics.excludes_zero(paired):
        verdict = "better" if sign * paired["difference"] > 0 else "worse"
    return {
        "best": best["number"],
        "verdict": verdict,
        "paired": paired,
        "confidence": confidence,
        "candidates": found,
        "file": seed_statistics.mean_and_std(list(values[FILE].values())),
    }


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each combination of values once."""
    return [row for index, row in enumerate(rows) if row["parameters"] not in [r["parameters"] for r in rows[:index]]]


def _trial(sweep: Sweep, name: str, values: Values, seed: int, number: str) -> Trial:
    flags = {"seed": str(seed), **(_fresh_rows(sweep.loaded.config.data, seed) or {})}
    title = "the file as written" if name == FILE else f"trial {name}"
    return make_trial(
        sweep.source,
        sweep.overrides_with(values, flags),
        label=f"{number} {title}, seed {seed}",
        variant=name,
        seed=seed,
        name=f"{sweep.name}-confirm-{name if name == FILE else f'trial{name}'}-seed{seed}",
    )


def _fresh_rows(data: DataConfig, seed: int) -> dict[str, str] | None:
    """The settings that draw other validation rows for each seed; None where they are given by the data.

    Seeds that share validation rows agree on what those rows happen to like, which is what the search has looked for.
    """
    split = data.validation
    if split is None or split.path:
        return None
    splitter = data.splitter(split)
    if splitter in ("first", "last") and data.time is None:
        return {"data.validation": f"{{count: {split.first or split.last}}}", "data.seed": str(seed)}
    return {"data.seed": str(seed)} if splitter in ("random", "group") else None


class _ConfirmedTrials:
    """The `TrialHost` of a confirmation: every trial to its end."""

    def __init__(self, out: Path, trials: list[Trial]) -> None:
        self.out, self._left = out, list(trials)
        self.runs: dict[str, RunDir] = {}

    def next_trial(self) -> Trial | None:
        return self._left.pop(0) if self._left else None

    def on_epoch(self, trial: Trial, row: dict[str, Any]) -> bool:
        return True

    def on_end(self, trial: Trial, end: TrialEnd) -> None:
        self.runs[trial.label] = end.run
