"""The page of a sweep and its Markdown version, from `study.json`."""

import os
from dataclasses import dataclass
from pathlib import PurePath

from kerasdeep import metric_names
from kerasdeep.formatting import NO_VALUE, number, percent
from kerasdeep.report import charts, sections
from kerasdeep.report.insights import Insight
from kerasdeep.report.sections import Part, Section
from kerasdeep.report.sweep_parameters import format_goal, goal_heading, importances, parallel, slices, value_text
from kerasdeep.runs.study_facts import CandidateFact, SweepFact, SweepTrial

MAX_TABLE_ROWS = 1000


def render_html(facts: SweepFact, path: str) -> str:
    """One file that needs nothing else."""
    return sections.render_html("sweep.html", sections.fill(SECTIONS, facts), facts=facts, path=path)


def render_markdown(facts: SweepFact, path: str) -> str:
    return sections.render_markdown("sweep.md", sections.fill(SECTIONS, facts), facts=facts, path=path)


# Is it better than your file?

_VERDICTS = {
    "better": ("good", "Trial {best} is better than your file."),
    "no_clear_difference": ("note", "No better than your file, as far as fresh seeds show."),
    "worse": ("bad", "Trial {best}, the best of the search, is worse than your file on fresh seeds."),
}


def _verdict(facts: SweepFact) -> Insight:
    confirm, label = facts.confirm, metric_names.label(facts.goal)
    if confirm is None or confirm.verdict not in _VERDICTS:
        best = next((trial for trial in facts.trials if trial.number == facts.best), None)
        if best is None:
            return Insight("warning", "No trial has a result yet.")
        title = f"Trial {best.number} is the best of the search: {label} {format_goal(facts, best.goal)}."
        return Insight("note", title, "The best of many is partly luck: nothing has confirmed it on fresh seeds.")
    level, title = _VERDICTS[confirm.verdict]
    rows = "fresh validation rows" if confirm.fresh_rows else "the same validation rows"
    best_candidate = next((one for one in confirm.candidates if one.number == confirm.best), None)
    text = f"On {len(confirm.seeds)} fresh seeds and {rows}, your file as written has {label} "
    text += f"{_mean_text(facts, confirm.file.mean, confirm.file.std)}"
    if best_candidate is not None:
        text += f", trial {confirm.best} has {_mean_text(facts, best_candidate.mean, best_candidate.std)}."
        luck = _luck(facts, best_candidate)
        text += f" The search saw {format_goal(facts, best_candidate.search)}: {luck} of that was luck." if luck else ""
    if not confirm.fresh_rows:
        text += " The data fix the validation rows, so what the search owes to these rows is not seen here."
    return Insight(level, title.format(best=confirm.best), text)


def _luck(facts: SweepFact, candidate: CandidateFact) -> str | None:
    """The winner's curse: how much better the search's figure is than the mean of fresh seeds."""
    if candidate.search is None or candidate.mean is None:
        return None
    gap = (candidate.search - candidate.mean) * (1 if facts.direction == "maximize" else -1)
    if gap <= 0:
        return None
    return f"{100 * gap:.2f} points" if metric_names.is_fraction(facts.goal) else number(gap, 3)


def _mean_text(facts: SweepFact, mean: float | None, std: float | None) -> str:
    deviation = 100 * std if std is not None and metric_names.is_fraction(facts.goal) else std
    return format_goal(facts, mean) + (f" ± {number(deviation, 2)}" if deviation is not None else "")


@dataclass(frozen=True)
class ConfirmRow:
    name: str
    search: str
    fresh: str
    luck: str
    difference: str
    interval: str


@dataclass(frozen=True)
class ConfirmTable:
    rows: list[ConfirmRow]
    confidence: str
    fresh_rows: bool


def _confirm_table(facts: SweepFact) -> ConfirmTable | None:
    confirm = facts.confirm
    if confirm is None:
        return None
    fresh = _mean_text(facts, confirm.file.mean, confirm.file.std)
    rows = [ConfirmRow("your file", NO_VALUE, fresh, NO_VALUE, NO_VALUE, NO_VALUE)]
    rows += [_confirm_row(facts, candidate) for candidate in confirm.candidates]
    return ConfirmTable(rows, percent(confirm.confidence), confirm.fresh_rows)


def _confirm_row(facts: SweepFact, candidate: CandidateFact) -> ConfirmRow:
    paired, interval = candidate.paired, NO_VALUE
    if paired and paired.low is not None and paired.high is not None:
        interval = f"{_difference(facts, paired.low)} … {_difference(facts, paired.high)}"
    return ConfirmRow(
        f"trial {candidate.number}",
        format_goal(facts, candidate.search),
        _mean_text(facts, candidate.mean, candidate.std),
        _luck(facts, candidate) or NO_VALUE,
        _difference(facts, paired.difference) if paired else NO_VALUE,
        interval,
    )


def _difference(facts: SweepFact, value: float | None) -> str:
    if value is None:
        return NO_VALUE
    if metric_names.is_fraction(facts.goal):
        return f"{100 * value:+.2f}".replace("-", "−")
    return ("+" if value > 0 else "") + number(value, 3)


# How did the search go?


@dataclass(frozen=True)
class History:
    chart: charts.LineChart
    sentence: str


def _history(facts: SweepFact) -> History | None:
    trials = sorted(facts.trials, key=lambda trial: trial.number)
    pick = max if facts.direction == "maximize" else min
    best: list[float | None] = []
    for trial in trials:
        known = [value for value in (best[-1] if best else None, _goal(trial)) if value is not None]
        best.append(pick(known) if known else None)
    chart = charts.line_chart(
        "history",
        goal_heading(facts.goal),
        [str(trial.number) for trial in trials],
        [charts.Series("trial", "two", [_goal(trial) for trial in trials]), charts.Series("best so far", "one", best)],
        metric_names.formatter(facts.goal),
        shown=max(0, len(trials) - 1),
    )
    return History(chart, _effort(facts)) if chart else None


def _goal(trial: SweepTrial) -> float | None:
    return trial.goal if trial.status == "completed" else None


def _effort(facts: SweepFact) -> str:
    """`40 trials: 25 completed, 15 pruned. They trained 61 % of the epochs that all to their end would have.`"""
    counts = {status: sum(trial.status == status for trial in facts.trials) for status in _STATUSES}
    parts = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    trained = sum(trial.epochs or 0 for trial in facts.trials)
    text = f"{len(facts.trials)} of {facts.wanted} trials: {parts}."
    if facts.epochs and trained:
        share = trained / (facts.epochs * len(facts.trials))
        text += f" They trained {trained:,} epochs, {percent(share)} of those that all trials to their end would take."
    return text


_STATUSES = ("completed", "pruned", "failed", "running")


# Which trials?


@dataclass(frozen=True)
class TrialRow:
    number: int
    status: str
    goal: str
    epochs: str
    values: list[str]
    run: str
    link: str
    best: bool


@dataclass(frozen=True)
class TrialTable:
    names: list[str]
    goal: str
    rows: list[TrialRow]
    more: int


def _trial_table(facts: SweepFact) -> TrialTable | None:
    rank = {"completed": 0, "pruned": 1}
    sign = -1 if facts.direction == "maximize" else 1
    ordered = sorted(
        facts.trials, key=lambda t: (rank.get(t.status, 2), sign * (t.goal or 0.0) if _goal(t) else 0.0, t.number)
    )
    rows = [
        TrialRow(
            trial.number,
            trial.status,
            format_goal(facts, trial.goal),
            number(trial.epochs),
            [value_text(trial.parameters.get(name)) for name in facts.parameters],
            trial.run or trial.error or "",
            _link(facts, trial.run),
            trial.number == facts.best,
        )
        for trial in ordered[:MAX_TABLE_ROWS]
    ]
    names = [name.rpartition(".")[2] for name in facts.parameters]
    return TrialTable(names, goal_heading(facts.goal), rows, len(ordered) - len(rows)) if rows else None


def _link(facts: SweepFact, run: str | None) -> str:
    """The run's report, from the study's directory."""
    if not run or facts.study is None:
        return ""
    return PurePath(os.path.relpath(run, facts.study), "report.html").as_posix()


def _commands(facts: SweepFact) -> list[tuple[str, str]]:
    commands = [("Go on with it, or with more trials", facts.command)]
    if facts.config:
        commands.insert(0, ("Train the best", f"kerasdeep train {facts.config}"))
    return commands


SECTIONS: tuple[Section[SweepFact], ...] = (
    Section(
        "result",
        "Result",
        "Is it better than your file?",
        (Part("verdict", (), _verdict), Part("confirmation", (), _confirm_table)),
    ),
    Section("history", "History", "How did the search go?", (Part("search_history", (), _history),), "No trial yet."),
    Section(
        "parameters",
        "Parameters",
        "What matters?",
        (Part("importances", (), importances), Part("parallel", (), parallel), Part("slices", (), slices)),
        "Too few trials are completed to say.",
    ),
    Section("trials", "Trials", "Which trials?", (Part("trial_table", (), _trial_table),), "No trial yet."),
    Section("next", "Next", "What next?", (Part("commands", (), _commands),)),
)
