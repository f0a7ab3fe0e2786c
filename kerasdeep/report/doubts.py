"""What in the data or the evaluation makes the figures less certain than they look."""

from __future__ import annotations

from kerasdeep.report import numbers
from kerasdeep.report.numbers import is_number
from kerasdeep.report.reading import Facts
from kerasdeep.report.verdicts import PART, Finding

RARE = 0.2  # a class this much smaller than the largest makes accuracy a poor guide
FEW_COPIES = 0.01  # of a part: too few to change its figures visibly
SAID_HERE = ("[class-imbalance]", "[duplicate-rows]")  # warnings that the rules below put into words
FEW_ROWS = 100


def doubts(facts: Facts) -> list[Finding]:
    """A finding for each rule that has something to say."""
    return [finding for rule in (_leaks, _imbalance, _weak_classes, _few, _warned) for finding in rule(facts)]


def _leaks(facts: Facts) -> list[Finding]:
    copies = facts.data.get("duplicates")
    if not isinstance(copies, dict):
        return []
    shared = {pair.partition("_")[2]: count for pair, count in copies.items() if count}
    if not shared:
        return [
            Finding("good", "No row appears in two parts.", "Training, validation and test rows are distinct.")
        ]
    rows = facts.data.get("rows") or {}
    shares = {part: count / rows[part] for part, count in shared.items() if rows.get(part)}
    said = [
        numbers.count(count, f"{PART.get(part, part)} row")
        + (f" ({numbers.percent(shares[part])})" if part in shares else "")
        for part, count in shared.items()
    ]
    text = f"{' and '.join(said)} also stand in the training part, so the figures are better than on new data."
    level = "note" if len(shares) == len(shared) and max(shares.values()) < FEW_COPIES else "warning"
    return [Finding(level, "Some rows appear in two parts.", text)]


def _imbalance(facts: Facts) -> list[Finding]:
    found = []
    for target in facts.data.get("targets") or []:
        counts = (target.get("counts") or {}).get("train") or []
        if counts and max(counts) and min(counts) < RARE * max(counts):
            rare, common = (target["classes"][counts.index(pick(counts))] for pick in (min, max))
            text = (
                f"{rare} has {numbers.number(min(counts))} training rows, {common} {numbers.number(max(counts))}. "
                "Accuracy says little about rare classes: look at the recall of each."
            )
            weighted = facts.setting("data", "class_weight") is not None
            remedy = "" if weighted else "data: {class_weight: balanced}"
            found.append(Finding("note" if weighted else "warning", "The classes are unbalanced.", text, remedy))
    return found


def _weak_classes(facts: Facts) -> list[Finding]:
    found = []
    for target in facts.evaluated.get("targets") or []:
        rows = [
            row for row in target.get("per_class") or [] if is_number(row.get("recall")) and row.get("support")
        ]
        accuracy = (target.get("metrics") or {}).get("accuracy")
        if len(rows) < 3 or not is_number(accuracy):
            continue
        weakest = min(rows, key=lambda row: row["recall"])
        if weakest["recall"] < accuracy - 0.1:
            text = (
                f"Of {weakest['class']} only {numbers.percent(weakest['recall'])} are found, against "
                f"{numbers.percent(accuracy)} of all rows. The confusion matrix shows what they are taken for."
            )
            found.append(Finding("note", "One class is much harder than the others.", text))
    return found


def _few(facts: Facts) -> list[Finding]:
    rows = facts.evaluated.get("rows")
    if is_number(rows) and rows < FEW_ROWS:
        text = (
            f"There are only {numbers.count(rows, 'row')} to judge by; the interval above says how far that goes."
        )
        return [Finding("warning", "The evaluation rests on few rows.", text)]
    return []


def _warned(facts: Facts) -> list[Finding]:
    warnings = [str(text) for text in facts.data.get("warnings") or []]
    other = [text for text in warnings if not any(name in text for name in SAID_HERE)]
    return [Finding("note", "A warning about the data.", text) for text in other]
