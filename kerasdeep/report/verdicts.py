"""What the figures mean, in plain words: how good it is and how training went (`doubts.py` has the rest).

Every sentence rests on a rule that stands beside it, so that two runs with the same figures get the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.report import numbers
from kerasdeep.report.numbers import is_number
from kerasdeep.report.reading import Facts

WORSE = 1.05  # validation loss this much above its best, while training loss falls, is overfitting
GAP = 0.05  # of accuracy between training and validation
STILL_FALLING = 0.01  # of the validation loss over the last fifth of the epochs
HARDLY_LEARNED = 0.95  # training loss at the end over the first epoch's
PART = {"test": "held-out test", "validation": "validation", "train": "training"}


@dataclass(frozen=True)
class Finding:
    """`level` is good, note, warning or bad; `remedy` is YAML or a command to try."""

    level: str
    title: str
    text: str
    remedy: str = ""


# How good is it?


def outcome(facts: Facts) -> list[Finding]:
    """One finding for each target of the part that the headline speaks of."""
    part, evaluated = facts.part, facts.evaluated
    targets = evaluated.get("targets") or []
    if not targets:
        return [_no_outcome(facts)]
    rows = f"{numbers.number(evaluated.get('rows'))} {PART[part]} rows"
    found = []
    for target in targets:
        about = f" about {target.get('target')}" if len(targets) > 1 else ""
        found.append(
            _numbers(target, rows) if target.get("kind") == "regression" else _classes(target, rows, about)
        )
    if part == "train":
        text = "There is no validation and no test part, so nothing says how it does on new data."
        found.append(
            Finding("warning", "These are the rows it was trained on.", text, "data: {validation: 0.1, test: 0.1}")
        )
    if part == "validation" and facts.restores_best:
        found.append(
            Finding(
                "note",
                "No test part.",
                "The validation rows also chose the saved epoch, so expect slightly less on new data. "
                "A test part of its own gives an honest figure.",
                "data: {test: 0.1}",
            )
        )
    return found


def _no_outcome(facts: Facts) -> Finding:
    name = next((f"val_{metric}" for metric in facts.metrics if facts.has(f"val_{metric}")), None)
    if facts.rows and name:
        last = numbers.metric(name, facts.rows[-1].get(name))
        return Finding(
            "note",
            f"Not evaluated yet. The last validation {numbers.label(name)} was {last}.",
            f"The figures below are of the epochs that were finished ({len(facts.rows)}).",
        )
    return Finding("note", "There is no result yet.", "No epoch was finished when this report was written.")


def _classes(target: dict[str, Any], rows: str, about: str) -> Finding:
    accuracy, guess, bounds = _of(target, "accuracy")
    title = f"On {rows} the network is right {numbers.percent(accuracy)} of the time{about}."
    if not (is_number(accuracy) and is_number(guess)):
        return Finding("note", title, "")
    sure = ""
    if bounds:
        between = " and ".join(numbers.percent(bound) for bound in bounds)
        sure = f"With 95\u202f% confidence the true figure lies between {between}. "
    said = f"{sure}Always answering the most frequent class would be right {numbers.percent(guess)} of the time"
    if bounds and bounds[0] <= guess <= bounds[1]:
        return Finding("warning", title, f"{said}: that is no clear difference.")
    if accuracy <= guess:
        return Finding("bad", title, f"{said}: the network does no better.")
    saved = numbers.whole_percent((accuracy - guess) / (1 - guess))
    return Finding("good", title, f"{said}: the network makes {saved} fewer mistakes.")


def _numbers(target: dict[str, Any], rows: str) -> Finding:
    explained, _, bounds = _of(target, "r2_score")
    error, guess, error_bounds = _of(target, "mean_absolute_error")
    name = target.get("target") or "the target"
    title = f"On {rows} the network explains {numbers.percent(explained)} of the variation of {name}."
    sure = f" (95\u202f% interval {numbers.interval('mae', error_bounds)})" if error_bounds else ""
    text = (
        f"It misses by {numbers.number(error, 3)} on average{sure}; "
        f"always answering the mean of the training rows would miss by {numbers.number(guess, 3)}."
    )
    if not is_number(explained):
        return Finding(
            "note", f"On {rows} the network misses {name} by {numbers.number(error, 3)} on average.", text
        )
    if explained <= 0:
        return Finding("bad", f"On {rows} the network predicts {name} no better than its mean.", text)
    if bounds and bounds[0] <= 0:
        text += " The interval of R² reaches below zero: a few large errors, or too few rows, leave it open."
        return Finding("warning", f"On {rows} it is not certain that the network beats the mean of {name}.", text)
    return Finding("good", title, text)


def _of(target: dict[str, Any], name: str) -> tuple[Any, Any, Any]:
    """Value, baseline and interval of one metric."""
    bounds = (target.get("intervals") or {}).get(name)
    usable = bounds and all(is_number(bound) for bound in bounds)
    baseline = target.get("baseline") or {}
    return (target.get("metrics") or {}).get(name), baseline.get(name), bounds if usable else None


# Did training go well?


def course(facts: Facts) -> list[Finding]:
    """How the epochs went: finite, long enough, over- or underfitting."""
    if not facts.rows:
        return [Finding("note", "No epoch was finished.", "There are no curves to look at yet.")]
    if facts.not_finite is not None:
        return [
            Finding(
                "bad",
                f"The loss stopped being a number in epoch {facts.not_finite + 1}.",
                "The steps were too large for this network. A learning rate ten times smaller, a bound on the "
                "gradients, or scaled inputs usually help.",
                "optimizer: {Nadam: {learning_rate: 1e-4, clipnorm: 1.0}}",
            )
        ]
    loss, val_loss = facts.losses
    train, validation = facts.column(loss), facts.column(val_loss)
    if len(facts.rows) < 3 or not facts.has(loss):
        return [Finding("note", f"{numbers.count(len(facts.rows), 'epoch')} tell little.", _spent(facts))]
    found = [_ended(facts)]
    if _underfits(facts, train):
        found.append(
            Finding(
                "warning",
                "The network hardly learned.",
                f"The training loss went from {numbers.number(train[0])} to {numbers.number(train[-1])}. A larger "
                "network, a larger learning rate or less regularization would be the first things to try.",
            )
        )
    elif facts.has(val_loss):
        found += _generalization(facts, train, validation)
    return found


def _ended(facts: Facts) -> Finding:
    last = facts.stages[-1] if facts.stages else {}
    planned, done = facts.planned, len(facts.rows)
    best = "" if facts.best is None else f" The saved model is that of epoch {facts.best + 1}."
    if last.get("stopped") == "early":
        of = f" of {planned}" if planned else ""
        return Finding(
            "good",
            f"Training stopped early, after epoch {done}{of}.",
            f"Nothing was improving any more.{best} {_spent(facts)}",
        )
    if facts.status in ("interrupted", "running", "failed"):
        of = f" of {planned} planned epochs" if planned else " epochs"
        return Finding("note", f"{done}{of} are done.", f"What follows is about these.{best} {_spent(facts)}")
    return Finding("good", f"All {done} epochs were trained.", f"{best} {_spent(facts)}".strip())


def _spent(facts: Facts) -> str:
    seconds = [row.get("seconds") for row in facts.rows if is_number(row.get("seconds"))]
    if not seconds:
        return ""
    speed = [row["examples_per_second"] for row in facts.rows if is_number(row.get("examples_per_second"))]
    said = f"Training took {numbers.duration(sum(seconds))}"
    # The first epoch pays for compilation; the median is what the others ran at.
    return said + (f", at {round(sorted(speed)[len(speed) // 2]):,} examples a second." if speed else ".")


def _underfits(facts: Facts, train: list[Any]) -> bool:
    first, last = train[0], train[-1]
    return (
        is_number(first) and is_number(last) and first > 0 and last > HARDLY_LEARNED * first and not _gains(facts)
    )


def _gains(facts: Facts) -> bool:
    """Whether the result beats the baseline clearly: then a flat loss means that the first epoch did it all."""
    return any(finding.level == "good" for finding in outcome(facts))


def _generalization(facts: Facts, train: list[Any], validation: list[Any]) -> list[Finding]:
    both = enumerate(zip(validation, train, strict=True))
    known = [(value, number) for number, (value, other) in both if is_number(value) and is_number(other)]
    if not known:
        return []
    (lowest, at), (last, end) = min(known), known[-1]
    found = []
    if last > WORSE * lowest > 0 and train[end] < train[at]:
        chosen = facts.best is not None and facts.restores_best
        found.append(
            Finding(
                "note" if chosen else "warning",
                f"It overfits after epoch {at + 1}.",
                f"From there the validation loss rose from {numbers.number(lowest)} to {numbers.number(last)} "
                "while the training loss kept falling. "
                + (
                    "The best epoch's weights were kept, so this only cost time."
                    if chosen
                    else "Stopping early, dropout, weight decay or more data would help."
                ),
                "" if chosen else "training: {early_stopping: {patience: 5}}",
            )
        )
    elif _still_falling(validation) and (not facts.stages or facts.stages[-1].get("stopped") != "early"):
        found.append(
            Finding(
                "note",
                "It was still improving at the end.",
                "The validation loss kept falling through the last epochs: more of them would probably pay.",
            )
        )
    else:
        found.append(
            Finding(
                "good",
                "Validation loss levelled off.",
                f"It reached {numbers.number(lowest)} in epoch {at + 1} and ended at {numbers.number(last)}.",
            )
        )
    return found + _gap(facts, at)


def _still_falling(validation: list[Any]) -> bool:
    """Whether the best epoch is among the last tenth, and clearly better than all before the last fifth."""
    known = [value for value in validation if is_number(value)]
    fifth, tenth = max(2, len(known) // 5), max(2, len(known) // 10)
    if len(known) <= fifth:
        return False
    lowest = min(known)
    return lowest in known[-tenth:] and lowest < (1 - STILL_FALLING) * min(known[:-fifth])


def _gap(facts: Facts, at: int) -> list[Finding]:
    row = facts.rows[at if facts.best is None else facts.best]
    for name in facts.metrics:
        train, validation = row.get(name), row.get(f"val_{name}")
        if numbers.is_share(name) and is_number(train) and is_number(validation):
            values = f"{numbers.percent(train)} in training, {numbers.percent(validation)} in validation"
            said = f"{numbers.label(name)} {values}"
            if train - validation > GAP:
                text = f"At the saved epoch: {said}. It knows the training rows better than it can generalize."
                return [Finding("warning", "There is a gap between training and validation.", text)]
            if validation > train:
                text = (
                    f"At the saved epoch: {said}. Usual with dropout or augmentation, which only training feels."
                )
                return [Finding("note", "Validation looks better than training.", text)]
    return []
