"""What in the data or the evaluation makes the metrics less certain than they look."""

from kerasdeep import metric_names
from kerasdeep.formatting import NO_VALUE, number, percent, pluralize
from kerasdeep.report.insights import SPLIT_LABELS, Insight
from kerasdeep.report.run_facts import RunFacts
from kerasdeep.runs.facts import Intervals
from kerasdeep.tasks import TASKS

RARE_CLASS_RATIO = 0.2  # a class this much smaller than the largest makes accuracy a poor guide
FEW_DUPLICATES = 0.01  # of a part: too few to change its metrics visibly
COVERED_WARNINGS = ("[class-imbalance]", "[duplicate-rows]")  # warnings that the rules below put into words
GRAVE_WARNINGS = {
    "[repeated-keys]": "Rows that belong together may be in several parts.",
    "[shuffled-dates]": "The split does not follow time.",
    "[leak]": "One column may give the answer away.",
}
MIN_ROWS = 100
MIN_CLASS_ROWS = 10


def find_caveats(run: RunFacts) -> list[Insight]:
    """The insights of every rule that applies."""
    rules = (_split_overlap, _shared_groups, _time_order, _class_imbalance, _weak_classes, _few_rows, _data_warnings)
    return [insight for rule in rules for insight in rule(run)]


def _split_overlap(run: RunFacts) -> list[Insight]:
    if run.data.duplicates is None:
        return []
    shared = {pair.partition("_")[2]: count for pair, count in run.data.duplicates.items() if count}
    if not shared:
        text = "Training, validation and test rows are distinct."
        if run.data.shared_groups is None:
            text += " Whether different rows belong together was not checked: `data.group` names what they belong to."
        return [Insight("good", "No row appears in two parts.", text)]
    fractions = {split: count / run.data.rows[split] for split, count in shared.items() if run.data.rows.get(split)}
    phrases = [
        pluralize(count, f"{SPLIT_LABELS.get(split, split)} row")
        + (f" ({percent(fractions[split])})" if split in fractions else "")
        for split, count in shared.items()
    ]
    text = f"{' and '.join(phrases)} also appear in the training data, so the metrics are optimistic."
    few = len(fractions) == len(shared) and max(fractions.values()) < FEW_DUPLICATES
    return [Insight("note" if few else "warning", "Some rows appear in two parts.", text)]


def _shared_groups(run: RunFacts) -> list[Insight]:
    counts, column = run.data.shared_groups, run.setting("data", "group")
    if not counts:
        return []
    if not any(counts.values()):
        return [Insight("good", f"No {column} is in two parts.", "Each is held out whole, or trained on whole.")]
    text = f"{_rows_of(counts)} have a {column} that is in the training data, so the metrics are optimistic."
    return [Insight("warning", f"Some {column} is in two parts.", text)]


def _time_order(run: RunFacts) -> list[Insight]:
    counts = run.data.not_later
    if not counts:
        return []
    if not any(counts.values()):
        return [Insight("good", "Held-out rows are later than all training rows.", "As they will be in use.")]
    text = f"{_rows_of(counts)} are not later than all training rows, so the metrics may be optimistic."
    return [Insight("warning", "The future was trained on.", text)]


def _rows_of(counts: dict[str, int]) -> str:
    splits = {pair.partition("_")[2]: count for pair, count in counts.items() if count}
    return " and ".join(pluralize(n, f"{SPLIT_LABELS.get(split, split)} row") for split, n in splits.items())


def _class_imbalance(run: RunFacts) -> list[Insight]:
    insights = []
    for target in run.data.targets:
        if target.kind in TASKS and not TASKS[target.kind].has_classes:
            continue
        counts = target.counts.get("train") or [0]
        few, many = min(counts), max(counts)
        if few < RARE_CLASS_RATIO * many:
            rare, common = target.classes[counts.index(few)], target.classes[counts.index(many)]
            text = (
                f"{rare} has {number(few)} training rows, {common} {number(many)}. "
                f"Accuracy says little about rare classes.{_rare_class_found(run, target.name, rare)}"
            )
            weighted = run.setting("data", "class_weight") is not None
            if weighted:
                text += " Class weights are on, so that the probabilities of rare classes are too high."
            chosen = run.setting("threshold", "by") is not None
            level = "note" if weighted or chosen else "warning"
            insights.append(Insight(level, "The classes are imbalanced.", text))
    return insights


def _rare_class_found(run: RunFacts, name: str, rare: str) -> str:
    """How much of the rare class is found, and how often it is rightly called; empty where that is not known."""
    target = next((target for target in run.headline_part.targets if target.target == name), None)
    row = next((row for row in target.per_class if row.class_name == rare), None) if target else None
    if target is None or row is None or row.recall is None:
        return ""
    is_positive = target.threshold is not None and target.threshold.positive == rare
    intervals = target.intervals if is_positive else {}
    found, right = (
        percent(value) + _interval(name, intervals)
        for name, value in (("recall", row.recall), ("precision", row.precision))
    )
    text = f" Of {rare} {found} are found, and of what is called so {right} is right."
    area, chance = target.metrics.get("pr_auc"), target.baseline.get("pr_auc")
    if is_positive and area is not None and chance is not None:
        shown = f"{number(area, 3)}{_interval('pr_auc', intervals)}"
        text += f" The area under its precision-recall curve is {shown}, by chance {number(chance, 3)}."
    return text


def _interval(name: str, intervals: Intervals) -> str:
    text = metric_names.format_interval(name, intervals.get(name))
    return "" if text == NO_VALUE else f" ({text})"


def _weak_classes(run: RunFacts) -> list[Insight]:
    insights = []
    for target in run.headline_part.targets:
        recalls = [
            (row.recall, row.class_name)
            for row in target.per_class
            if row.recall is not None and row.support >= MIN_CLASS_ROWS
        ]
        accuracy = target.metrics.get("accuracy")
        if len(recalls) < 3 or accuracy is None:
            continue
        recall, weakest = min(recalls, key=lambda pair: pair[0])
        if recall < accuracy - 0.1:
            text = (
                f"Of {weakest} only {percent(recall)} are recognized, against "
                f"{percent(accuracy)} of all rows. The confusion matrix shows what they are confused with."
            )
            insights.append(Insight("note", "One class is much harder than the others.", text))
    return insights


def _few_rows(run: RunFacts) -> list[Insight]:
    rows = run.headline_part.rows
    if run.evaluation.parts and rows < MIN_ROWS:
        text = f"Only {pluralize(rows, 'row')} were evaluated; the interval above shows the uncertainty."
        return [Insight("warning", "The evaluation rests on few rows.", text)]
    return []


def _data_warnings(run: RunFacts) -> list[Insight]:
    uncovered = [text for text in run.data.warnings if not any(name in text for name in COVERED_WARNINGS)]
    insights = []
    for text in uncovered:
        grave = next((title for name, title in GRAVE_WARNINGS.items() if name in text), None)
        insights.append(Insight("warning" if grave else "note", grave or "A warning about the data.", text))
    return sorted(insights, key=lambda insight: insight.level != "warning")
