"""What the metrics and curves mean, in plain words: how good the result is and how training went.

Every sentence follows from a rule beside it, so that two runs with the same metrics get the same words. Caveats about
the data are in `caveats.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kerasdeep import metric_names
from kerasdeep.config.optimizer_rules import leaf_optimizers
from kerasdeep.config.sections.data import OWN_INPUT_KINDS
from kerasdeep.formatting import NO_VALUE, duration, is_number, number, percent, pluralize, whole_percent
from kerasdeep.report.run_facts import RunFacts
from kerasdeep.runs.facts import OpponentVerdict, TargetMetrics
from kerasdeep.tasks import TASKS

OVERFIT_RATIO = 1.05  # validation loss this much above its best, while training loss falls, is overfitting
MIN_ACCURACY_GAP = 0.05  # of accuracy between training and validation
MIN_IMPROVEMENT = 0.01  # of the validation loss over the last fifth of the epochs
UNDERFIT_RATIO = 0.95  # training loss at the end over the first epoch's
RANDOM_LAYER = re.compile("Dropout|Noise|^Random|RReLU")
SPLIT_LABELS = {"test": "held-out test", "validation": "validation", "train": "training"}


BASELINE_SENTENCES = {
    "most_frequent": "Always predicting the most frequent class",
    "mean": "Always predicting the mean of the training rows",
    "median": "Always predicting the median class",
    "quantiles": "Always predicting the quantiles of the training rows",
    "label_frequencies": "Always predicting the most frequent labels",
}
"""What each baseline of a task does, to begin a sentence with."""


@dataclass(frozen=True)
class Insight:
    """`level` is good, note, warning or bad; `remedy` is YAML or a command to try."""

    level: str
    title: str
    text: str = ""
    remedy: str = ""


# How good is it?


def result_insights(run: RunFacts) -> list[Insight]:
    """The verdict on each target of the headline's part, then what limits it."""
    split, part = run.headline_split, run.headline_part
    if not part.targets:
        return [_missing_result(run)]
    rows = f"{number(part.rows)} {SPLIT_LABELS[split]} rows"
    insights = [_target_insight(target, rows, len(part.targets) > 1) for target in part.targets]
    insights += [_verdict_insight(verdict) for verdict in run.result.verdict]
    columns = [feature for feature in run.data.features if feature.kind in OWN_INPUT_KINDS]
    if columns and len(columns) == len(run.data.features) and run.setting("report", "opponents") == "true":
        text = f"They see no columns with inputs of their own, and here is no other than {columns[0].name}."
        insights.append(Insight("note", "The network has no opponents.", text))
    if split == "train":
        title = "These are the rows it was trained on."
        text = "There are no validation or test rows, so nothing shows how it does on new data."
        insights.append(Insight("warning", title, text, "data: {validation: 0.1, test: 0.1}"))
    if split == "validation" and run.restores_best:
        text = (
            "The validation rows also chose the saved epoch, so expect slightly less on new data. "
            "A separate test part gives an unbiased result."
        )
        insights.append(Insight("note", "No test part.", text, "data: {test: 0.1}"))
    return insights


def _verdict_insight(verdict: OpponentVerdict) -> Insight:
    level = "note" if verdict.winner is None else "good" if verdict.winner == "network" else "warning"
    return Insight(level, verdict.sentence)


def _missing_result(run: RunFacts) -> Insight:
    name = next((f"val_{metric}" for metric in run.metrics if run.has_values(f"val_{metric}")), None)
    if run.history and name:
        last = metric_names.format_value(name, run.history[-1].get(name))
        title = f"Not evaluated yet. The last validation {metric_names.label(name)} was {last}."
        return Insight("note", title, f"The values below are of the {len(run.history)} epochs that were finished.")
    return Insight("note", "There is no result yet.", "No epoch was finished when this report was written.")


def _target_insight(target: TargetMetrics, rows: str, name_target: bool) -> Insight:
    headline = TASKS[target.kind].headline if target.kind in TASKS else "accuracy"
    if headline == "r2_score":
        return _regression_insight(target, rows)
    if headline != "accuracy":
        return _headline_insight(target, rows, headline)
    return _classification_insight(target, rows, f" about {target.target}" if name_target else "")


def _classification_insight(target: TargetMetrics, rows: str, about: str) -> Insight:
    accuracy, baseline = target.metrics.get("accuracy"), target.baseline.get("accuracy")
    title = f"On {rows} the network is right {percent(accuracy)} of the time{about}."
    if accuracy is None or baseline is None:
        return Insight("note", title)
    text = f"Always predicting the most frequent class would be right {percent(baseline)} of the time"
    bounds = _bounds(target, "accuracy")
    if bounds:
        between = " and ".join(percent(bound) for bound in bounds)
        text = f"With 95\u202f% confidence the true accuracy is between {between}. {text}"
    if bounds and bounds[0] <= baseline <= bounds[1]:
        return Insight("warning", title, f"{text}: that is not a clear difference.")
    if accuracy <= baseline:
        return Insight("bad", title, f"{text}: the network does no better.")
    fewer_mistakes = whole_percent((accuracy - baseline) / (1 - baseline))
    return Insight("good", title, f"{text}: the network makes {fewer_mistakes} fewer mistakes.")


def _headline_insight(target: TargetMetrics, rows: str, name: str) -> Insight:
    """The task's headline metric against its baseline's, for tasks that need no words of their own."""
    value, baseline = target.metrics.get(name), target.baseline.get(name)
    shown, shown_baseline = (metric_names.format_value(name, number) for number in (value, baseline))
    title = f"On {rows} the network's {metric_names.label(name)} in {target.target} is {shown}."
    if value is None or baseline is None:
        return Insight("note", title)
    coverage = "".join(
        f" {percent(interval.coverage)} of the rows are within the {whole_percent(interval.nominal)} interval."
        for interval in target.prediction_intervals[:1]
    )
    text = f"{BASELINE_SENTENCES[TASKS[target.kind].baseline]} gives {shown_baseline}"
    bounds = _bounds(target, name)
    if bounds:
        between = " and ".join(metric_names.format_value(name, bound) for bound in bounds)
        text = f"With 95\u202f% confidence the true figure is between {between}. {text}"
    if bounds and bounds[0] <= baseline <= bounds[1]:
        return Insight("warning", title, f"{text}: that is not a clear difference.{coverage}")
    if value <= baseline:
        return Insight("bad", title, f"{text}: the network does no better.{coverage}")
    return Insight("good", title, f"{text}.{coverage}")


def _regression_insight(target: TargetMetrics, rows: str) -> Insight:
    r2, error = (target.metrics.get(name) for name in ("r2_score", "mean_absolute_error"))
    baseline, name = target.baseline.get("mean_absolute_error"), target.target
    interval = metric_names.format_interval("mae", _bounds(target, "mean_absolute_error"))
    interval_text = "" if interval == NO_VALUE else f" (95\u202f% interval {interval})"
    text = (
        f"Its average error is {number(error, 3)}{interval_text}; "
        f"always predicting the mean of the training rows would be off by {number(baseline, 3)}."
    )
    if r2 is None:
        title = f"On {rows} the network's average error in {name} is {number(error, 3)}."
        return Insight("note", title, text)
    if r2 <= 0:
        return Insight("bad", f"On {rows} the network predicts {name} no better than its mean.", text)
    bounds = _bounds(target, "r2_score")
    if bounds and bounds[0] <= 0:
        text += " The interval of R² includes zero, because of a few large errors or too few rows."
        return Insight("warning", f"On {rows} it is not certain that the network beats the mean of {name}.", text)
    return Insight("good", f"On {rows} the network explains {percent(r2)} of the variation of {name}.", text)


def _bounds(target: TargetMetrics, name: str) -> tuple[float, float] | None:
    low, high = target.intervals.get(name) or (None, None)
    return None if low is None or high is None else (low, high)


# Did training go well?


def training_insights(run: RunFacts) -> list[Insight]:
    """How the epochs went: finite, enough of them, overfitting or underfitting."""
    if not run.history:
        return [Insight("note", "No epoch was finished.", "There are no curves to look at yet.")]
    if run.first_non_finite_row is not None:
        title = f"The loss stopped being a number in epoch {run.first_non_finite_row + 1}."
        return [Insight("bad", title, "The steps were too large for this network, or its inputs.")]
    loss, val_loss = run.loss_columns
    train, validation = run.column(loss), run.column(val_loss)
    if len(run.history) < 3 or not run.has_values(loss):
        verb = "is" if len(run.history) == 1 else "are"
        title = f"{pluralize(len(run.history), 'epoch')} {verb} too few to judge."
        return [Insight("note", title, _training_time_text(run))]
    insights = [_ending_insight(run)]
    if _underfits(run, train):
        text = f"The training loss went from {number(train[0])} to {number(train[-1])}."
        insights.append(Insight("warning", "The network hardly learned.", text))
    elif run.has_values(val_loss):
        insights += _generalization_insights(run, train, validation)
    return insights


def _ending_insight(run: RunFacts) -> Insight:
    planned, done = run.planned_epochs, len(run.history)
    best = "" if run.best_row is None else f"The saved model is that of epoch {run.best_row + 1}."
    if not run.restores_best and _averages_weights(run):
        best = "The saved model has averaged weights (`use_ema`); the curves show those that were averaged."
    if _stopped_early(run):
        title = f"Training stopped early, after epoch {done}{f' of {planned}' if planned else ''}."
        sentences = ["The monitored metric had stopped improving.", best]
    elif run.status in ("interrupted", "running", "failed", "pruned"):
        title = f"{done}{f' of {planned} planned' if planned else ''} epochs are done."
        sentences = ["What follows is about these.", best]
        return Insight("note", title, " ".join(filter(None, [*sentences, _training_time_text(run)])))
    else:
        title, sentences = f"All {done} epochs were trained.", [best]
    return Insight("good", title, " ".join(filter(None, [*sentences, _training_time_text(run)])))


def _averages_weights(run: RunFacts) -> bool:
    """Whether the last optimizer's weights are averaged at the end."""
    config = run.parsed_config
    if config is None:
        return False
    last = (config.stages[-1].optimizer if config.stages else None) or config.optimizer
    return any(optimizer.arguments.get("use_ema") for optimizer in leaf_optimizers(last))


def _stopped_early(run: RunFacts) -> bool:
    return bool(run.stages) and run.stages[-1].stopped == "early"


def _training_time_text(run: RunFacts) -> str:
    seconds = [value for value in run.column("seconds") if value is not None]
    if not seconds:
        return ""
    pairs = zip(run.column("seconds"), run.column("examples_per_second"), strict=True)
    examples = sum(took * speed for took, speed in pairs if took is not None and speed is not None)
    text = f"Training took {duration(sum(seconds))}"
    return text + (
        f", {round(examples / sum(seconds)):,} examples a second, compilation included." if examples else "."
    )


def _underfits(run: RunFacts, train: Sequence[float | None]) -> bool:
    """A training loss that hardly fell, unless the result is good: then the first epoch did it all."""
    first, last = train[0], train[-1]
    hardly_fell = first is not None and last is not None and first > 0 and last > UNDERFIT_RATIO * first
    return hardly_fell and all(insight.level != "good" for insight in result_insights(run))


def _generalization_insights(
    run: RunFacts, train: Sequence[float | None], validation: Sequence[float | None]
) -> list[Insight]:
    pairs = enumerate(zip(validation, train, strict=True))
    known = [(val_loss, index, loss) for index, (val_loss, loss) in pairs if val_loss is not None and loss is not None]
    if not known:
        return []
    (lowest, best_index, train_at_best), (last_loss, _, last_train) = min(known), known[-1]
    best_text, last_text = number(lowest), number(last_loss)
    if last_loss > OVERFIT_RATIO * lowest > 0 and last_train < train_at_best:
        restored = run.best_row is not None and run.restores_best
        text = f"From there the validation loss rose from {best_text} to {last_text} while the training loss kept "
        if restored:
            text += "falling. The best epoch's weights were kept, so this only cost time."
        else:
            text += "falling."
        insight = Insight("note" if restored else "warning", f"It overfits after epoch {best_index + 1}.", text)
    elif _still_falling(validation) and not _stopped_early(run):
        text = "The validation loss was lowest at the end."
        insight = Insight("note", "It was still improving at the end.", text)
    else:
        text = f"It reached {best_text} in epoch {best_index + 1} and ended at {last_text}."
        insight = Insight("good", "Validation loss levelled off.", text)
    return [insight, *_train_validation_gap(run, best_index)]


def _still_falling(validation: Sequence[float | None]) -> bool:
    """Whether the last epoch is among the best, and the best clearly better than all before the last fifth."""
    known = [value for value in validation if value is not None]
    fifth, tenth = max(2, len(known) // 5), max(2, len(known) // 10)
    if len(known) <= fifth:
        return False
    lowest = min(known)
    ends_low = known[-1] <= lowest + MIN_IMPROVEMENT / 2 * abs(lowest)
    return ends_low and lowest in known[-tenth:] and lowest < (1 - MIN_IMPROVEMENT) * min(known[:-fifth])


def _is_random_in_training(run: RunFacts) -> bool:
    augmented = run.parsed_config is not None and bool(run.parsed_config.data.augmentation)
    return augmented or any(RANDOM_LAYER.search(layer.class_name) for layer in run.network.layers)


def _train_validation_gap(run: RunFacts, best_index: int) -> list[Insight]:
    row = run.history[best_index if run.best_row is None else run.best_row]
    for name in run.metrics:
        train, validation = row.get(name), row.get(f"val_{name}")
        if not (metric_names.is_fraction(name) and is_number(train) and is_number(validation)):
            continue
        values = f"{percent(train)} in training, {percent(validation)} in validation"
        text = f"At the saved epoch: {metric_names.label(name)} {values}. "
        if train - validation > MIN_ACCURACY_GAP:
            title = "There is a gap between training and validation."
            return [Insight("warning", title, text + "It does better on rows it was trained on than on others.")]
        if validation > train:
            text += (
                "This is usual with dropout or augmentation, which are active only during training."
                if _is_random_in_training(run)
                else "Figures of training are means over an epoch, in which the network still improved."
            )
            return [Insight("note", "Validation looks better than training.", text)]
    return []
