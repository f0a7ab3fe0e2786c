"""What the figures mean, in plain words: how good it is and how training went (`caveats.py` has the rest).

Every sentence rests on a rule that stands beside it, so that two runs with the same figures get the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.report import formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.report.run_facts import RunFacts
from kerasdeep.tasks import predicts_numbers

OVERFIT_RATIO = 1.05  # validation loss this much above its best, while training loss falls, is overfitting
MIN_ACCURACY_GAP = 0.05  # of accuracy between training and validation
MIN_IMPROVEMENT = 0.01  # of the validation loss over the last fifth of the epochs
UNDERFIT_RATIO = 0.95  # training loss at the end over the first epoch's
SPLIT_LABELS = {"test": "held-out test", "validation": "validation", "train": "training"}


@dataclass(frozen=True)
class Insight:
    """`level` is good, note, warning or bad; `remedy` is YAML or a command to try."""

    level: str
    title: str
    text: str
    remedy: str = ""


# How good is it?


def result_insights(facts: RunFacts) -> list[Insight]:
    """One finding for each target of the part that the headline speaks of."""
    split, evaluated = facts.headline_split, facts.headline_evaluation
    targets = evaluated.get("targets") or []
    if not targets:
        return [_no_result_insight(facts)]
    rows = f"{formatting.number(evaluated.get('rows'))} {SPLIT_LABELS[split]} rows"
    insights = []
    for target in targets:
        target_phrase = f" about {target.get('target')}" if len(targets) > 1 else ""
        insights.append(
            _regression_insight(target, rows)
            if predicts_numbers(target.get("kind") or "")
            else _classification_insight(target, rows, target_phrase)
        )
    if split == "train":
        text = "There is no validation and no test part, so nothing says how it does on new data."
        insights.append(
            Insight("warning", "These are the rows it was trained on.", text, "data: {validation: 0.1, test: 0.1}")
        )
    if split == "validation" and facts.restores_best:
        insights.append(
            Insight(
                "note",
                "No test part.",
                "The validation rows also chose the saved epoch, so expect slightly less on new data. "
                "A test part of its own gives an honest figure.",
                "data: {test: 0.1}",
            )
        )
    return insights


def _no_result_insight(facts: RunFacts) -> Insight:
    name = next((f"val_{metric}" for metric in facts.metrics if facts.has_values(f"val_{metric}")), None)
    if facts.history and name:
        last = formatting.metric_value(name, facts.history[-1].get(name))
        return Insight(
            "note",
            f"Not evaluated yet. The last validation {formatting.metric_label(name)} was {last}.",
            f"The figures below are of the epochs that were finished ({len(facts.history)}).",
        )
    return Insight("note", "There is no result yet.", "No epoch was finished when this report was written.")


def _classification_insight(target: dict[str, Any], rows: str, target_phrase: str) -> Insight:
    accuracy, baseline, bounds = _metric_with_baseline(target, "accuracy")
    title = f"On {rows} the network is right {formatting.percent(accuracy)} of the time{target_phrase}."
    if not (is_number(accuracy) and is_number(baseline)):
        return Insight("note", title, "")
    interval_text = ""
    if bounds:
        between = " and ".join(formatting.percent(bound) for bound in bounds)
        interval_text = f"With 95\u202f% confidence the true figure lies between {between}. "
    text = f"{interval_text}Always answering the most frequent class would be right {formatting.percent(baseline)} of the time"
    if bounds and bounds[0] <= baseline <= bounds[1]:
        return Insight("warning", title, f"{text}: that is no clear difference.")
    if accuracy <= baseline:
        return Insight("bad", title, f"{text}: the network does no better.")
    fewer_mistakes = formatting.whole_percent((accuracy - baseline) / (1 - baseline))
    return Insight("good", title, f"{text}: the network makes {fewer_mistakes} fewer mistakes.")


def _regression_insight(target: dict[str, Any], rows: str) -> Insight:
    r2, _, bounds = _metric_with_baseline(target, "r2_score")
    error, baseline, error_bounds = _metric_with_baseline(target, "mean_absolute_error")
    name = target.get("target") or "the target"
    title = f"On {rows} the network explains {formatting.percent(r2)} of the variation of {name}."
    interval_text = f" (95\u202f% interval {formatting.interval('mae', error_bounds)})" if error_bounds else ""
    text = (
        f"It misses by {formatting.number(error, 3)} on average{interval_text}; "
        f"always answering the mean of the training rows would miss by {formatting.number(baseline, 3)}."
    )
    if not is_number(r2):
        return Insight(
            "note", f"On {rows} the network misses {name} by {formatting.number(error, 3)} on average.", text
        )
    if r2 <= 0:
        return Insight("bad", f"On {rows} the network predicts {name} no better than its mean.", text)
    if bounds and bounds[0] <= 0:
        text += " The interval of R² reaches below zero: a few large errors, or too few rows, leave it open."
        return Insight("warning", f"On {rows} it is not certain that the network beats the mean of {name}.", text)
    return Insight("good", title, text)


def _metric_with_baseline(target: dict[str, Any], name: str) -> tuple[Any, Any, Any]:
    """Value, baseline and interval of one metric."""
    bounds = (target.get("intervals") or {}).get(name)
    has_bounds = bounds and all(is_number(bound) for bound in bounds)
    baseline = target.get("baseline") or {}
    return (target.get("metrics") or {}).get(name), baseline.get(name), bounds if has_bounds else None


# Did training go well?


def training_insights(facts: RunFacts) -> list[Insight]:
    """How the epochs went: finite, long enough, over- or underfitting."""
    if not facts.history:
        return [Insight("note", "No epoch was finished.", "There are no curves to look at yet.")]
    if facts.first_non_finite_row is not None:
        return [
            Insight(
                "bad",
                f"The loss stopped being a number in epoch {facts.first_non_finite_row + 1}.",
                "The steps were too large for this network. A learning rate ten times smaller, a bound on the "
                "gradients, or scaled inputs usually help.",
                "optimizer: {Nadam: {learning_rate: 1e-4, clipnorm: 1.0}}",
            )
        ]
    loss, val_loss = facts.loss_columns
    train, validation = facts.column(loss), facts.column(val_loss)
    if len(facts.history) < 3 or not facts.has_values(loss):
        return [
            Insight(
                "note", f"{formatting.pluralize(len(facts.history), 'epoch')} tell little.", _training_time_text(facts)
            )
        ]
    insights = [_ending_insight(facts)]
    if _underfits(facts, train):
        insights.append(
            Insight(
                "warning",
                "The network hardly learned.",
                f"The training loss went from {formatting.number(train[0])} to {formatting.number(train[-1])}. A larger "
                "network, a larger learning rate or less regularization would be the first things to try.",
            )
        )
    elif facts.has_values(val_loss):
        insights += _generalization_insights(facts, train, validation)
    return insights


def _ending_insight(facts: RunFacts) -> Insight:
    last_stage = facts.stages[-1] if facts.stages else {}
    planned, done = facts.planned_epochs, len(facts.history)
    best_row = "" if facts.best_row is None else f" The saved model is that of epoch {facts.best_row + 1}."
    if last_stage.get("stopped") == "early":
        planned_text = f" of {planned}" if planned else ""
        return Insight(
            "good",
            f"Training stopped early, after epoch {done}{planned_text}.",
            f"Nothing was improving any more.{best_row} {_training_time_text(facts)}",
        )
    if facts.status in ("interrupted", "running", "failed"):
        planned_text = f" of {planned} planned epochs" if planned else " epochs"
        return Insight(
            "note",
            f"{done}{planned_text} are done.",
            f"What follows is about these.{best_row} {_training_time_text(facts)}",
        )
    return Insight("good", f"All {done} epochs were trained.", f"{best_row} {_training_time_text(facts)}".strip())


def _training_time_text(facts: RunFacts) -> str:
    seconds = [row.get("seconds") for row in facts.history if is_number(row.get("seconds"))]
    if not seconds:
        return ""
    speeds = [row["examples_per_second"] for row in facts.history if is_number(row.get("examples_per_second"))]
    text = f"Training took {formatting.duration(sum(seconds))}"
    # The first epoch pays for compilation; the median is what the others ran at.
    return text + (f", at {round(sorted(speeds)[len(speeds) // 2]):,} examples a second." if speeds else ".")


def _underfits(facts: RunFacts, train: list[Any]) -> bool:
    first, last = train[0], train[-1]
    return (
        is_number(first)
        and is_number(last)
        and first > 0
        and last > UNDERFIT_RATIO * first
        and not _beats_baseline(facts)
    )


def _beats_baseline(facts: RunFacts) -> bool:
    """Whether the result beats the baseline clearly: then a flat loss means that the first epoch did it all."""
    return any(finding.level == "good" for finding in result_insights(facts))


def _generalization_insights(facts: RunFacts, train: list[Any], validation: list[Any]) -> list[Insight]:
    loss_pairs = enumerate(zip(validation, train, strict=True))
    known = [(value, index) for index, (value, train_loss) in loss_pairs if is_number(value) and is_number(train_loss)]
    if not known:
        return []
    (lowest, best_index), (last_loss, last_index) = min(known), known[-1]
    insights = []
    if last_loss > OVERFIT_RATIO * lowest > 0 and train[last_index] < train[best_index]:
        restored = facts.best_row is not None and facts.restores_best
        insights.append(
            Insight(
                "note" if restored else "warning",
                f"It overfits after epoch {best_index + 1}.",
                f"From there the validation loss rose from {formatting.number(lowest)} to {formatting.number(last_loss)} "
                "while the training loss kept falling. "
                + (
                    "The best epoch's weights were kept, so this only cost time."
                    if restored
                    else "Stopping early, dropout, weight decay or more data would help."
                ),
                "" if restored else "training: {early_stopping: {patience: 5}}",
            )
        )
    elif _still_falling(validation) and (not facts.stages or facts.stages[-1].get("stopped") != "early"):
        insights.append(
            Insight(
                "note",
                "It was still improving at the end.",
                "The validation loss kept falling through the last epochs: more of them would probably pay.",
            )
        )
    else:
        insights.append(
            Insight(
                "good",
                "Validation loss levelled off.",
                f"It reached {formatting.number(lowest)} in epoch {best_index + 1} and ended at {formatting.number(last_loss)}.",
            )
        )
    return insights + _train_validation_gap(facts, best_index)


def _still_falling(validation: list[Any]) -> bool:
    """Whether the best epoch is among the last tenth, and clearly better than all before the last fifth."""
    known = [value for value in validation if is_number(value)]
    fifth, tenth = max(2, len(known) // 5), max(2, len(known) // 10)
    if len(known) <= fifth:
        return False
    lowest = min(known)
    return lowest in known[-tenth:] and lowest < (1 - MIN_IMPROVEMENT) * min(known[:-fifth])


def _train_validation_gap(facts: RunFacts, best_index: int) -> list[Insight]:
    row = facts.history[best_index if facts.best_row is None else facts.best_row]
    for name in facts.metrics:
        train, validation = row.get(name), row.get(f"val_{name}")
        if formatting.is_fraction(name) and is_number(train) and is_number(validation):
            values = f"{formatting.percent(train)} in training, {formatting.percent(validation)} in validation"
            comparison = f"{formatting.metric_label(name)} {values}"
            if train - validation > MIN_ACCURACY_GAP:
                text = f"At the saved epoch: {comparison}. It knows the training rows better than it can generalize."
                return [Insight("warning", "There is a gap between training and validation.", text)]
            if validation > train:
                text = (
                    f"At the saved epoch: {comparison}. Usual with dropout or augmentation, which only training feels."
                )
                return [Insight("note", "Validation looks better than training.", text)]
    return []
