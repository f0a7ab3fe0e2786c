"""What in the data or the evaluation makes the figures less certain than they look."""

from __future__ import annotations

from kerasdeep.report import formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.report.insights import SPLIT_LABELS, Insight
from kerasdeep.report.run_facts import RunFacts

RARE_CLASS_RATIO = 0.2  # a class this much smaller than the largest makes accuracy a poor guide
FEW_DUPLICATES = 0.01  # of a part: too few to change its figures visibly
COVERED_WARNINGS = ("[class-imbalance]", "[duplicate-rows]")  # warnings that the rules below put into words
MIN_ROWS = 100


def find_caveats(facts: RunFacts) -> list[Insight]:
    """A finding for each rule that has something to say."""
    return [
        finding
        for rule in (_split_overlap, _class_imbalance, _weak_classes, _few_rows, _data_warnings)
        for finding in rule(facts)
    ]


def _split_overlap(facts: RunFacts) -> list[Insight]:
    duplicates = facts.data.get("duplicates")
    if not isinstance(duplicates, dict):
        return []
    shared = {pair.partition("_")[2]: count for pair, count in duplicates.items() if count}
    if not shared:
        return [Insight("good", "No row appears in two parts.", "Training, validation and test rows are distinct.")]
    rows = facts.data.get("rows") or {}
    fractions = {split: count / rows[split] for split, count in shared.items() if rows.get(split)}
    phrases = [
        formatting.pluralize(count, f"{SPLIT_LABELS.get(split, split)} row")
        + (f" ({formatting.percent(fractions[split])})" if split in fractions else "")
        for split, count in shared.items()
    ]
    text = f"{' and '.join(phrases)} also stand in the training part, so the figures are better than on new data."
    level = "note" if len(fractions) == len(shared) and max(fractions.values()) < FEW_DUPLICATES else "warning"
    return [Insight(level, "Some rows appear in two parts.", text)]


def _class_imbalance(facts: RunFacts) -> list[Insight]:
    caveats = []
    for target in facts.data.get("targets") or []:
        counts = (target.get("counts") or {}).get("train") or []
        if counts and max(counts) and min(counts) < RARE_CLASS_RATIO * max(counts):
            rare, common = (target["classes"][counts.index(pick(counts))] for pick in (min, max))
            text = (
                f"{rare} has {formatting.number(min(counts))} training rows, {common} {formatting.number(max(counts))}. "
                "Accuracy says little about rare classes: look at the recall of each."
            )
            weighted = facts.setting("data", "class_weight") is not None
            remedy = "" if weighted else "data: {class_weight: balanced}"
            caveats.append(Insight("note" if weighted else "warning", "The classes are unbalanced.", text, remedy))
    return caveats


def _weak_classes(facts: RunFacts) -> list[Insight]:
    caveats = []
    for target in facts.headline_evaluation.get("targets") or []:
        rows = [row for row in target.get("per_class") or [] if is_number(row.get("recall")) and row.get("support")]
        accuracy = (target.get("metrics") or {}).get("accuracy")
        if len(rows) < 3 or not is_number(accuracy):
            continue
        weakest = min(rows, key=lambda row: row["recall"])
        if weakest["recall"] < accuracy - 0.1:
            text = (
                f"Of {weakest['class']} only {formatting.percent(weakest['recall'])} are found, against "
                f"{formatting.percent(accuracy)} of all rows. The confusion matrix shows what they are taken for."
            )
            caveats.append(Insight("note", "One class is much harder than the others.", text))
    return caveats


def _few_rows(facts: RunFacts) -> list[Insight]:
    rows = facts.headline_evaluation.get("rows")
    if is_number(rows) and rows < MIN_ROWS:
        text = f"There are only {formatting.pluralize(rows, 'row')} to judge by; the interval above says how far that goes."
        return [Insight("warning", "The evaluation rests on few rows.", text)]
    return []


def _data_warnings(facts: RunFacts) -> list[Insight]:
    warnings = [str(text) for text in facts.data.get("warnings") or []]
    uncovered = [text for text in warnings if not any(warning_name in text for warning_name in COVERED_WARNINGS)]
    return [Insight("note", "A warning about the data.", text) for text in uncovered]
